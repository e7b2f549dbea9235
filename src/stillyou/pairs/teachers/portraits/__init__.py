"""The teacher `portraits`: an effect's art put on portraits of the user's own.

config   its options and what it needs
dressed  art on a square: which design, what of it, and the true mask
refined  art that an editor goes over
teacher  pairs from sources
"""
