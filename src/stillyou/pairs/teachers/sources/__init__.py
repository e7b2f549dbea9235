"""Portraits of the user's as sources of pairs: which files there are, where the one head is, and squares around it.

files    the pictures of a folder, in an order that is the same everywhere
square   squares of a picture, upright heads, edges repeated beyond its border
sitter   a portrait that can be used, or in words why it cannot
crops    the square of a pair: how large the face is and where it lies
store    sitters by number, as many kept as a memory budget allows
refused  the row of a source that cannot be used
"""
