"""Teachers: whatever makes pairs (docs/reference/pairs.md).

protocol     what a teacher is: a typed config that says what it needs and builds what makes pairs in batches
kinds        the decorator that makes a config known by name
contents     what lies in a folder that an option names, in words that a dataset keeps
degraded     a teacher whose clean pairs go through light, lens, sensor and file
cartoon      vector characters
people       synthetic people in 3D
conditioning what ties a generated target to its source, a small class each
diffusion    a text-to-image model, with conditions
registry     all kinds by name; options of a command become a config
"""
