"""Drafts: an effect's own art, laid on a portrait where its fit says it belongs (docs/reference/drafts.md)."""
