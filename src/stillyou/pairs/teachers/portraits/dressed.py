"""Art on a square: which design of an effect, what of it, and the true mask of what it covers and shades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from stillyou.drafts.draft import Draft
from stillyou.drafts.draw import Wear, has_art
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
_VISIBLE = 0.02
"""Alpha from which on art or shade belongs to the mask."""


@dataclass(frozen=True)
class Look:
    """What a pair shows of an effect: a design, and the parts of it that are worn."""

    design: Design
    wear: Wear
    named: bool
    """Whether the prompt has to say which design it is."""


def check_art(effect: EffectSpec) -> None:
    """Refuse an effect that has nothing to put on; raises UsageError."""
    if isinstance(effect, OwnEffect) or has_art(effect.id):
        return
    what = f"effect '{effect.id}' has no art that could be put on portraits"
    raise UsageError(what, "Name a costume, or a folder with effect.yaml and art.")


def draw_look(effect: EffectSpec, rng: np.random.Generator) -> Look:
    """Draw the look of a pair."""
    design = effect.looks[int(rng.integers(len(effect.looks)))]
    wear: Wear = "both"
    parts = {part.worn for part in effect.parts} if isinstance(effect, OwnEffect) else set(get_args(Wear)) - {"both"}
    if rng.random() >= _BOTH and len(parts) > 1:
        wear = "hat" if rng.random() < 0.5 else "coat"
    return Look(design, wear, not isinstance(effect, OwnEffect) or bool(effect.designs))


def draw(pixels: Pixels, fit: Fit, around: Surroundings, effect: EffectSpec, look: Look) -> Draft:
    """Draw an effect's art on a square (N, N, 3)."""
    if isinstance(effect, OwnEffect):
        from stillyou.drafts.folder import draw_own

        return draw_own(pixels, fit, effect, look.design.name, look.wear)
    from stillyou.drafts.people.place import draw_costume

    return draw_costume(pixels, fit, effect.id, look.design.name, wear=look.wear, around=around)


def put_on(pixels: Pixels, draft: Draft, target: Pixels | None = None) -> tuple[Pixels, Mask]:
    """Return a square with a draft on it, and the true mask: what the draft covers and what it shades.

    Args:
        pixels: The square (N, N, 3).
        draft: The art.
        target: The square with the art on it after an editor has refined it; None is the draft as it is.
    """
    target = draft.over(pixels) if target is None else target
    mask = np.maximum(change_mask((pixels, target)), (draft.alpha > _VISIBLE).astype(np.uint8) * np.uint8(255))
    return exact_outside(pixels, target, mask), mask
