"""Editing: pictures of any size in, the same picture with one effect out."""
