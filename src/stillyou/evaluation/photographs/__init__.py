"""Edits of a user's photographs, where no truth is known."""
