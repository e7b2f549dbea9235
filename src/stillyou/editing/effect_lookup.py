"""Which effect is meant, and whether the model was trained for it.

A name means the model's own record of the effect, from its card: it was trained on those prompts, and its settings were
tuned for them. Only what the card lacks comes from the catalogue. A file or a spec that the user gives is taken as it
is. Whichever it is, its target prompt must be one that the model was trained on. Only a folder with art of its own
needs no training (`needs_draft`): its art alone is the edit.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillyou.diffusion.card import ModelCard, read_card
from stillyou.effects.lookup import OWN, built_in, load_effect
from stillyou.effects.own import OwnEffect, is_effect_folder
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError, nearest

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def resolve_effect(effect: str | Path | EffectSpec, card: ModelCard, model: str) -> EffectSpec:
    """Find an effect and make sure that the model knows it.

    A name is looked up in the model's card first, then in the catalogue. A model whose card lists no effects (weights
    from elsewhere) takes any prompt.

    Args:
        effect: A name, a YAML file, a folder with art, or a spec.
        card: The model's card.
        model: How the user named the model, for messages.

    Raises:
        UsageError: An unknown name, a bad file, or an effect that the model was not trained for.
    """
    trained = {known.id: known for known in card.effects}
    if isinstance(effect, str) and effect in trained:
        return trained[effect]
    if isinstance(effect, str) and not is_own(effect) and effect not in built_in():
        names = {**trained, **built_in()}
        raise UsageError(f"unknown effect '{effect}'", f"{nearest(effect, names)} {OWN}")
    spec = effect if isinstance(effect, EffectSpec) else load_effect(effect)
    if not isinstance(spec, OwnEffect) and not _knows(card, spec):
        source = str(effect) if not isinstance(effect, EffectSpec) else f"{spec.id}.yaml"
        raise UsageError(
            f"the model '{model}' was not trained for the effect '{spec.id}'", _remedy(spec, source, model)
        )
    return spec


def _knows(card: ModelCard, spec: EffectSpec) -> bool:
    """Tell whether a model was trained on an effect's prompt; weights from elsewhere may be asked for any."""
    return not card.effects or spec.target_prompt in {known.target_prompt for known in card.effects}


def needs_draft(effect: EffectSpec, card: ModelCard) -> bool:
    """Tell whether an effect is its art alone: it has a folder, and the model was not trained for it."""
    return isinstance(effect, OwnEffect) and not _knows(card, effect)


def check_effect(effect: str, model: str, variables: Mapping[str, str]) -> None:
    """Refuse what is wrong about an effect's name, file or variables as far as that shows without loading the model.

    Raises:
        UsageError: An unknown name, a bad file, a variable that the effect does not have.
        StillYouError: Art of a folder that cannot be used.
    """
    card = _card_at_hand(model)
    if effect not in built_in() and not is_own(effect) and _HUB_ID.fullmatch(model) and not card.effects:
        return  # a model of the hub may know effects of its own
    spec = resolve_effect(effect, card, model)
    spec.prompts(variables)
    if isinstance(spec, OwnEffect):
        from stillyou.drafts.folder import check_art

        check_art(spec)


def _card_at_hand(model: str) -> ModelCard:
    """Return the card of a shipped model or a folder; an empty one if that takes more than a look."""
    for folder in (Path(str(files("stillyou"))) / "weights" / model, Path(model)):
        if folder.is_dir():
            return read_card(folder) or ModelCard()
    return ModelCard()


def unusual(pipeline: Any, model: str, domain: str, side: int) -> list[str]:
    """Return notes on a picture of a kind, or squares of a size, that a model was not trained on.

    Args:
        pipeline: The model.
        model: How the user named it.
        domain: What the picture shows.
        side: Of the square that the model works on, in pixels.
    """
    card, notes = pipeline.card, []
    if card.effects and domain not in card.domains:
        shown = {"people": "a photograph", "cartoon": "a cartoon"}[domain]
        notes.append(f"{shown}, but the model '{model}' was trained on {' and '.join(card.domains)} alone")
    if side != pipeline.resolution:
        notes.append(f"the model was trained on squares of {pipeline.resolution} pixels, not {side}")
    return notes


def default_subject(spec: EffectSpec, source_prompt: str) -> list[str]:
    """Return a note where a prompt says "a man" only because the released weights' card does."""
    if spec.variables.get("subject") != "man" or source_prompt != spec.prompts().source:
        return []
    return [f"the prompt says '{source_prompt}', as the release's does; --var subject=woman says otherwise"]


def is_own(effect: str | Path) -> bool:
    """Tell whether an effect is named by a file or a folder."""
    return str(effect).lower().endswith((".yaml", ".yml")) or is_effect_folder(effect)


def _remedy(spec: EffectSpec, source: str, model: str) -> str:
    """Return the chain of commands that trains an effect, ready for a shell."""
    named = spec.id in built_in() and not is_own(source)
    source, model = shlex.quote(source), shlex.quote(model)
    if named:
        pairs = f"stillyou pairs make --teacher cartoon -e {source} -n 1000 -o pairs/"
    else:
        pairs = f"stillyou pairs import FOLDER -e {source} -o pairs/"
    train = f"stillyou train --init {model} -e {source} --pairs pairs/ -o run/"
    return f"Train it: {pairs} && {train} && stillyou edit me.png -e {source} --model run/model -o out.png"
