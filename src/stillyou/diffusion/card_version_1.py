"""Model cards of format 1, whose effects were no whole specs: what was missing came from the catalogue."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter

from stillyou.config import GuidanceScales, MaskSettings, Strict
from stillyou.effects.domains import DOMAINS
from stillyou.effects.lookup import built_in
from stillyou.effects.spec import EffectSpec


class _Settings(Strict):
    guidance: GuidanceScales | None = None
    mask: MaskSettings | None = None


class _Effect(_Settings):
    id: str
    title: str = ""
    group: str = "other"
    source_prompt: str
    target_prompt: str
    variables: dict[str, str] | None = None
    domains: dict[str, _Settings] | None = None


def converted(card: dict[str, Any]) -> dict[str, Any]:
    """Return the contents of a card of format 1 as format 2 has them.

    Raises:
        ValueError: An effect is not described as format 1 does (pydantic's `ValidationError`).
    """
    effects = TypeAdapter(list[_Effect]).validate_python(card.get("effects", []))
    return {**card, "format_version": 2, "effects": [_spec(effect).model_dump() for effect in effects]}


def _spec(effect: _Effect) -> EffectSpec:
    """Return the built-in effect of that name with what the card says, or an effect that the card alone describes."""
    known = built_in().get(effect.id)
    about = _stranger(effect) if known is None else known.model_dump()
    prompts = {"source_prompt": effect.source_prompt, "target_prompt": effect.target_prompt}
    own = {"variables": _variables(effect, known)}
    return EffectSpec.model_validate({**about, **own, **prompts, **_tuning(effect, known)})


def _stranger(effect: _Effect) -> dict[str, Any]:
    group = effect.group if effect.group in ("costume", "expression") else "other"
    title = effect.title or effect.id
    return {"id": effect.id, "title": title, "group": group, "keeps": ["everything else"]}


def _variables(effect: _Effect, known: EffectSpec | None) -> dict[str, str]:
    """Return the card's variables, or the catalogue's; format 1 has none of effects that only the card knows."""
    told = effect.variables if effect.variables is not None or known is None else known.variables
    holes = re.findall(r"\{(\w+)\}", effect.source_prompt + effect.target_prompt)
    return {name: "cartoon character" if name == "subject" else name for name in holes} | (told or {})


def _tuning(effect: _Effect, known: EffectSpec | None) -> dict[str, Any]:
    """Return what the card says of settings.

    A card that says mask settings or domains was tuned as a whole: what the group has for a domain is for other models
    then, so that all settings without a domain are written down, and win over it.
    """
    said: dict[str, Any] = {"guidance": effect.guidance, "mask": effect.mask}
    tuned = effect.mask is not None or effect.domains is not None
    if tuned or known is None:
        plain = None if known is None else known.defaults()
        said["guidance"] = effect.guidance or (GuidanceScales() if plain is None else plain.guidance)
        said["mask"] = effect.mask or (MaskSettings() if plain is None else plain.mask)
        said["domains"] = {name: settings for name, settings in (effect.domains or {}).items() if name in DOMAINS}
    return {
        name: {domain: each.model_dump() for domain, each in value.items()} if name == "domains" else value.model_dump()
        for name, value in said.items()
        if value is not None
    }
