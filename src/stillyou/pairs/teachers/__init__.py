"""Teachers: whatever makes pairs."""
