"""The released ByteDance checkpoints on disk, and how they become a model folder (docs/reference/official.md)."""
