"""Files that somebody else made: one guarded reader for texts, settings, tables and weights.

Every reader limits what it takes in (bytes, depth), refuses what means two things (a key twice, an alias), and turns
whatever goes wrong into one line: the file, the place in it, and what to do. `Rules` says how much and which words.
"""
