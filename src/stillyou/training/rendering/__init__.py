"""The render stage: pairs of each teacher for a run."""
