"""Pairs of others, brought into our format (docs/reference/pairs.md, Importing)."""
