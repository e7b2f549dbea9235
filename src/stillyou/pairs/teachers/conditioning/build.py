"""An effect's settings become conditions, if the base can do them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stillyou.effects.conditions import Conditions
from stillyou.effects.groups import GROUPS
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.teachers.conditioning.appearance import SharedAppearance
from stillyou.pairs.teachers.conditioning.base import ABLE, FAMILIES, Family
from stillyou.pairs.teachers.conditioning.noise import SharedNoise
from stillyou.pairs.teachers.conditioning.protocol import Condition
from stillyou.pairs.teachers.conditioning.region import Region
from stillyou.pairs.teachers.conditioning.sharing import PromptToPrompt, SharedAttention
from stillyou.pairs.teachers.conditioning.starts import FromDraft, PartialRenoising, effect_has_art
from stillyou.pairs.teachers.conditioning.structure import SharedStructure

_CLASSES: dict[str, Callable[[Any], Condition]] = {
    "noise": SharedNoise,
    "renoise": PartialRenoising,
    "draft": FromDraft,
    "prompts": PromptToPrompt,
    "attention": SharedAttention,
    "region": Region,
    "structure": SharedStructure,
    "appearance": SharedAppearance,
}
"""By name, in the order in which they are asked; identity acts on prompts and is asked before anything is drawn."""


def chosen(effect: EffectSpec, family: Family, names: Sequence[str] | None = None) -> Conditions:
    """Return what ties an effect's targets to their sources.

    Args:
        effect: Its own settings come before its group's.
        family: Of the base. What it cannot do is left out of the group's, and refused where somebody asked for it.
        names: Conditions to use instead, with the settings of the effect or of its group.

    Raises:
        UsageError: The base cannot do one of them, or the effect has nothing that it needs.
    """
    group = GROUPS[effect.group].conditions
    for name in names or ():
        _check_able(name, family)
    asked = effect.conditions if names is None else (effect.conditions or group).only(names)
    if asked is None:
        return group.only([name for name in group.names if family in ABLE[name]])
    for name in asked.names:
        _check_able(name, family)
    _check_parts(effect, asked, family)
    return asked


def _check_able(name: str, family: Family) -> None:
    """Refuse a condition that a base cannot do; names of no condition pass."""
    if name in ABLE and family not in ABLE[name]:
        able = ", ".join(FAMILIES[each] for each in FAMILIES if each in ABLE[name])
        raise UsageError(f"{FAMILIES[family]} cannot do the condition '{name}'", f"These can: {able}.")


def _check_parts(effect: EffectSpec, asked: Conditions, family: Family) -> None:
    """Refuse conditions that lack what they work with."""
    by_draft = asked.region is not None and asked.region.by == "draft"
    if (asked.draft is not None or by_draft) and not effect_has_art(effect):
        raise UsageError(f"effect '{effect.id}' has no art to draft with", "Leave the draft out of its conditions.")
    if asked.region is not None and asked.region.by == "mask" and family != "embedded":
        raise UsageError("only the embedded base has an editing mask", "Use region: {by: face} or {by: outfit}.")
    if asked.appearance is not None and asked.appearance.model is None and family != "embedded":
        raise UsageError(
            "the condition 'appearance' needs an IP-Adapter",
            "Name it in the spec: conditions: {appearance: {model: OWNER/NAME, subfolder: models}}",
        )


def build(conditions: Conditions, depth: Any | None = None) -> tuple[Condition, ...]:
    """Return the conditions that act while a target is drawn; `depth` is the estimator of structure by depth."""
    made = []
    for name, kind in _CLASSES.items():
        if (settings := getattr(conditions, name)) is not None:
            made.append(SharedStructure(settings, depth) if name == "structure" else kind(settings))
    return tuple(made)


def told(conditions: Conditions) -> str:
    """Say conditions and their settings in one line, for a pair's provenance."""
    return conditions.model_dump_json(exclude_none=True)
