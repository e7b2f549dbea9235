"""What training reads: pairs decoded, augmented, encoded once and streamed as a function of (seed, position)."""
