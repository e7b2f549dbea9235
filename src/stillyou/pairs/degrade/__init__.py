"""What light, lens, sensor and file do to both pictures of a pair."""
