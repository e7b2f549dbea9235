"""Pairs of others, brought into our format (docs/pairs.md, Importers)."""
