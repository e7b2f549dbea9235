"""Expressions on photographs: the face's own pixels, moved."""
