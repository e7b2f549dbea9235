"""The fit network's training: portraits with true fits from both studios, augmentation, learning."""
