"""Training: the embedded model from nothing, or any model on own pairs."""
