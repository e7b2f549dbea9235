"""The two domains of portraits, and the word that a prompt has for the subject of each.

One model learns both; what tells it which one a picture belongs to is the prompt: the catalogue's prompts
speak of a ``{subject}``, cartoon pairs fill in "cartoon character" (the catalogue's default) and people pairs
"person".
"""

from typing import Final, Literal, get_args

Domain = Literal["cartoon", "people"]

DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)

SUBJECTS: Final[dict[Domain, str]] = {"cartoon": "cartoon character", "people": "person"}

SUBJECT_WORDS: Final = tuple("person man woman boy girl child lady guy photo photograph portrait character".split())
"""What people put in the subject's place; a vocabulary should write each in one token."""
