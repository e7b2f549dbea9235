"""The training loop of every trained stage: one step, one average, one checkpoint format."""
