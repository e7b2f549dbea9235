"""Generated pairs: before/after portraits of one effect, with their true masks."""
