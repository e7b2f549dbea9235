"""The two domains of portraits, and the word that a prompt has for the subject of each.

One model learns both; what tells it which one a picture belongs to is the prompt: the catalogue's prompts
speak of a ``{subject}``, cartoon pairs fill in "cartoon character" (the catalogue's default) and people pairs
"person".
"""

from typing import Final, Literal, get_args

from stillyou.errors import UsageError, nearest

Domain = Literal["cartoon", "people"]

DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)

SUBJECTS: Final[dict[Domain, str]] = {"cartoon": "cartoon character", "people": "person"}

SUBJECT_WORDS: Final = tuple("person man woman boy girl child lady guy photo photograph portrait character".split())
"""What people put in the subject's place; a vocabulary should write each in one token."""


def parse_domain(text: str) -> Domain:
    """Read one domain; raises UsageError with the names there are."""
    for domain in DOMAINS:
        if text.strip() == domain:
            return domain
    raise UsageError(f"unknown domain '{text}'", nearest(text, DOMAINS))


def parse_domains(text: str) -> tuple[Domain, ...]:
    """Read a list such as ``cartoon,people``, in the order of `DOMAINS`.

    Raises:
        UsageError: A name that is no domain, or no name at all.
    """
    named = {parse_domain(name) for name in text.split(",") if name.strip()}
    if not named:
        raise UsageError("no domain is named", nearest("", DOMAINS))
    return tuple(domain for domain in DOMAINS if domain in named)
