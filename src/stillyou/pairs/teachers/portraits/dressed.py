"""An effect on a square: a costume's parts or an expression's strength, and the true mask of what changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from stillyou.drafts.draft import Draft
from stillyou.drafts.draw import Wear, draw_face, has_art, is_drawn
from stillyou.drafts.fit import Fit
from stillyou.drafts.people.hair import Surroundings
from stillyou.effects.designs import Design
from stillyou.effects.own import OwnEffect
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.pair import Mask, Pixels
from stillyou.pairs.truth import change_mask, exact_outside

_BOTH = 0.8
"""Share of the pairs that show all of a costume."""
_STRENGTHS = 0.6, 1.0
"""Bounds of an expression's strength."""
_VISIBLE = 0.02
"""Alpha from which on art or shade belongs to the mask."""


@dataclass(frozen=True)
class Look:
    """What a pair shows of an effect.

    Attributes:
        design: Of a costume; None is an expression.
        wear: The parts of it that are worn.
        named: Whether the prompt has to say which design it is.
        strength: Of an expression.
    """

    design: Design | None
    wear: Wear = "both"
    named: bool = False
    strength: float = 1.0


def check_art(effect: EffectSpec) -> None:
    """Refuse an effect that has nothing to put on; raises UsageError."""
    if isinstance(effect, OwnEffect) or is_drawn(effect.id):
        return
    what = f"effect '{effect.id}' has no art that could be put on portraits"
    raise UsageError(what, "Name a costume, an expression, or a folder with effect.yaml and art.")


def draw_look(effect: EffectSpec, rng: np.random.Generator) -> Look:
    """Draw the look of a pair."""
    if not isinstance(effect, OwnEffect) and not has_art(effect.id):
        return Look(None, strength=round(float(rng.uniform(*_STRENGTHS)), 3))
    design = effect.looks[int(rng.integers(len(effect.looks)))]
    wear: Wear = "both"
    parts = {part.worn for part in effect.parts} if isinstance(effect, OwnEffect) else set(get_args(Wear)) - {"both"}
    if rng.random() >= _BOTH and len(parts) > 1:
        wear = "hat" if rng.random() < 0.5 else "coat"
    return Look(design, wear, effect.names_designs)


def draw(pixels: Pixels, fit: Fit, around: Surroundings, effect: EffectSpec, look: Look) -> Draft | None:
    """Draw an effect on a square (N, N, 3); None where a face looks too far to a side for an expression."""
    if look.design is None:
        return draw_face(pixels, fit, "people", effect.id, look.strength)
    if isinstance(effect, OwnEffect):
        from stillyou.drafts.folder import draw_own

        return draw_own(pixels, fit, effect, look.design.name, look.wear)
    from stillyou.drafts.people.place import draw_costume

    return draw_costume(pixels, fit, effect.id, look.design.name, wear=look.wear, around=around)


def put_on(pixels: Pixels, draft: Draft, look: Look, target: Pixels | None = None) -> tuple[Pixels, Mask]:
    """Return a square with a draft on it, and the true mask: what art covers and what it shades, or what has moved.

    Args:
        pixels: The square (N, N, 3).
        draft: The art, or the face that has moved: much of it by less than can be seen.
        look: What it shows.
        target: The square with the art on it after an editor has refined it; None is the draft as it is.
    """
    target = draft.over(pixels) if target is None else target
    mask = change_mask((pixels, target))
    if look.design is not None:
        mask = np.maximum(mask, (draft.alpha > _VISIBLE).astype(np.uint8) * np.uint8(255))
    return exact_outside(pixels, target, mask), mask
