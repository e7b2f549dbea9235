"""The built-in effects and the ways to name effects: an id, a user's YAML file or folder, or a list of them.

One YAML file an effect lies in ``catalogue/``; what is listed anywhere comes from these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from stillyou.config import load_yaml
from stillyou.effects.own import SPEC, is_effect_folder, load_folder
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError, nearest
from stillyou.untrusted.settings import read_yaml

_FOLDER = Path(__file__).parent / "catalogue"
OWN = "A file of your own ends in .yaml, a folder in /."


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
    """Find an effect by id, or read a user's YAML file or folder.

    Args:
        name: An id of the catalogue, an auxiliary id, a path that ends in ``.yaml`` or ``.yml``, or a folder with
            ``effect.yaml`` and art.

    Raises:
        UsageError: An unknown id (with the nearest ones), or a file or folder that holds no valid spec.
    """
    text = str(name)
    if text.lower().endswith((".yaml", ".yml")):
        return _load_file(Path(text))
    known = built_in()
    if text in known:
        return known[text]
    if is_effect_folder(name):
        return load_folder(text)
    raise UsageError(f"unknown effect '{text}'", f"{nearest(text, known)} {OWN}")


def _load_file(path: Path) -> EffectSpec:
    """Read a user's YAML file; one that tells of art stands for its folder."""
    if path.name == SPEC:
        data = read_yaml(path)
        if isinstance(data, dict) and {"parts", "designs", "colours"} & data.keys():
            return load_folder(path.parent)
    return load_yaml(path, EffectSpec)


def load_effects(selection: str) -> list[EffectSpec]:
    """Read a selection: ``all`` (those that people use), or ids, YAML files and folders separated by commas.

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
