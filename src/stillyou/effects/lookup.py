"""The built-in effects and the ways to name effects: an id, a user's YAML file, or a list of both.

One YAML file an effect lies in ``catalogue/``; what is listed anywhere comes from these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from stillyou.config import load_yaml
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError, nearest

_FOLDER = Path(__file__).parent / "catalogue"


def catalogue() -> Mapping[str, EffectSpec]:
    """Return the built-in effects that people use by id, in their order."""
    return MappingProxyType({name: spec for name, spec in built_in().items() if spec.offered})


def auxiliary() -> Mapping[str, EffectSpec]:
    """Return the built-in effects that exist for training alone, by id."""
    return MappingProxyType({name: spec for name, spec in built_in().items() if not spec.offered})


@cache
def built_in() -> Mapping[str, EffectSpec]:
    """Return all effects that come with the package by id, in their order.

    Raises:
        StillYouError: A file bears another name than its effect.
    """
    specs = {path.stem: load_yaml(path, EffectSpec) for path in _FOLDER.glob("*.yaml")}
    for name, spec in specs.items():
        if spec.id != name:
            raise StillYouError(f"{_FOLDER / name}.yaml describes the effect '{spec.id}'", f"Name it {spec.id}.yaml.")
    return MappingProxyType(dict(sorted(specs.items(), key=lambda item: (item[1].order, item[0]))))


def load_effect(name: str | Path) -> EffectSpec:
    """Find an effect by id, or read a user's YAML file.

    Args:
        name: An id of the catalogue, an auxiliary id, or a path that ends in ``.yaml`` or ``.yml``.

    Raises:
        UsageError: An unknown id (with the nearest ones), or a file that is no valid spec.
    """
    text = str(name)
    if text.lower().endswith((".yaml", ".yml")):
        return load_yaml(text, EffectSpec)
    known = built_in()
    if text not in known:
        raise UsageError(f"unknown effect '{text}'", f"{nearest(text, known)} A file of your own ends in .yaml.")
    return known[text]


def load_effects(selection: str) -> list[EffectSpec]:
    """Read a selection: ``all`` (those that people use), or ids and YAML files separated by commas.

    Args:
        selection: For example ``all``, ``santa,laughing``, ``all,neutral`` or ``santa,my.yaml``.

    Raises:
        UsageError: An empty selection, an unknown name, or two effects with one id.
    """
    names = [name.strip() for name in selection.split(",") if name.strip()]
    if not names:
        raise UsageError("no effect is named", "Write 'all' or a list such as santa,laughing.")
    effects: list[EffectSpec] = []
    for name in names:
        effects.extend(catalogue().values() if name == "all" else [load_effect(name)])
    ids = [effect.id for effect in effects]
    for name in ids:
        if ids.count(name) > 1:
            raise UsageError(f"effect '{name}' is named twice in '{selection}'", "Name each effect once.")
    return effects
