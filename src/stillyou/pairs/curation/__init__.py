"""Which candidates become pairs."""
