"""Which hair style somebody of a group wears."""

from __future__ import annotations

import numpy as np

from stillyou.pairs.teachers.people.groups import Group

_Table = dict[str, dict[str, float]]

_FEMALE: _Table = {
    "short": {"pixie": 3, "crop": 1, "side": 1, "afro_short": 0, "curly_short": 0.5},
    "medium": {"bob": 3, "bob_fringe": 2, "shoulder": 3, "curly": 1},
    "long": {"long": 4, "long_fringe": 2, "wavy": 4, "tail": 2, "bun": 2, "curly_long": 1.5},
}
_MALE: _Table = {
    "short": {"buzz": 2, "crop": 3, "textured": 3, "side": 3, "quiff": 2, "slick": 1, "curly_short": 0.8, "bald": 0},
    "medium": {"curly": 1, "shoulder": 2, "slick": 2, "curly_long": 0.5},
    "long": {"long": 2, "wavy": 2, "bun": 1, "tail": 1},
}
_AFRICAN: _Table = {
    "short": {"afro_short": 4, "buzz": 2, "curly_short": 1.5},
    "medium": {"afro": 4, "curly": 3},
    "long": {"curly_long": 3, "tail": 1, "bun": 1, "long": 0.7, "wavy": 0.7},
}


def choose_style(rng: np.random.Generator, group: Group) -> str:
    """Draw the name of a style in `hair.styles.STYLES`, or ``bald``."""
    table = dict((_FEMALE if group.gender == "female" else _MALE)[group.hair_length])
    if rng.random() < group.mix[0]:
        table = dict(_AFRICAN[group.hair_length])
        if group.gender == "female":
            table.pop("buzz", None)
    if group.gender == "male" and group.hair_length == "short" and group.age > 30:
        table["bald"] = 2.5 * float(np.clip((group.age - 25) / 35, 0, 1))
    if group.age < 12:
        for grown in ("slick", "bald", "quiff"):
            table.pop(grown, None)
    names, weights = list(table), np.array(list(table.values()), float)
    return str(rng.choice(names, p=weights / weights.sum()))
