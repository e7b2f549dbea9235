"""Edits of unseen pictures against known truth, beside the lazy answer and the oracle."""
