"""Effects: what to change, in words a model was trained on."""
