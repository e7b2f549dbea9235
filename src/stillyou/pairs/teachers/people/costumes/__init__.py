"""Costumes as geometry: flower, santa, sheep and royal, fitted to any head and hair.

The road: `wear` chooses what of the costume is worn; a module a costume makes its pieces on a `Bench`; `fit` finds
where they sit, `press` moves the hair out of their way, `torso` and `coat` cover the body, `shapes` and `tufts` are the
material they are made of.
"""

from __future__ import annotations

from collections.abc import Callable

from stillyou.effects.designs import Design
from stillyou.pairs.teachers.people.costumes import flower, royal, santa, sheep
from stillyou.pairs.teachers.people.costumes.outfit import Bench, Outfit
from stillyou.pairs.teachers.people.figure import Figure
from stillyou.pairs.teachers.people.hair import Hair

COMPLETENESS = {"both": 0.72, "head": 0.17, "body": 0.11}
"""How much of a costume is worn, and how often."""
_BY_COVERING = {"hijab": "head", "turban": "body"}
"""What is worn over or with coverings that stay on: a scarf hangs where a coat's collar would be."""
_NOT_ON_CAPS = ("santa", "sheep")
"""Costumes whose hats would replace a cap: its visor shades the face, and the face's light is not to change."""
_WEAR: dict[str, Callable[[Bench, bool, bool], None]] = {
    "flower": flower.wear,
    "royal": royal.wear,
    "santa": santa.wear,
    "sheep": sheep.wear,
}
COSTUMES = tuple(_WEAR)


def wear(
    effect: str, figure: Figure, hair: Hair | None, *, design: Design | None = None, worn: str | None = None
) -> Outfit:
    """Dress a person in a costume.

    Args:
        effect: One of `COSTUMES`.
        figure: The person.
        hair: The person's hair in neutral space.
        design: The look; by default one is drawn for this person.
        worn: ``head``, ``body`` or ``both``; drawn by default. Coverings that stay on decide first.

    Returns:
        The outfit; it follows from the person's seed, the effect and the design alone.
    """
    bench = Bench(figure, effect, hair, design)
    rng = bench.draw_for_person("completeness")
    chosen = worn or str(rng.choice(list(COMPLETENESS), p=list(COMPLETENESS.values())))
    covering = figure.person.accessories.covering
    worn = "body" if covering == "cap" and effect in _NOT_ON_CAPS else _BY_COVERING.get(covering, chosen)
    _WEAR[effect](bench, worn != "body", worn != "head")
    bench.attributes["completeness"] = worn
    if design is not None:
        bench.attributes["design"] = design.name
    return bench.finish(replaces_clothes=worn != "head")


__all__ = ["COMPLETENESS", "COSTUMES", "Outfit", "wear"]
