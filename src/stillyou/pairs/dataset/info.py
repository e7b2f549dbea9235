"""What ``dataset.json`` says of a pair dataset (docs/reference/pairs.md): the settings, and what came of them.

A dataset has ``candidates`` indices 0, 1, ... Each index gives one row for every effect, and a shard holds a fixed
range of ``shard_size`` indices. What a shard holds follows from the settings and its range alone, so any shard can be
made anywhere, in any order, and remade bit-identically. ``settings`` is the digest of everything the rows depend on;
it lies in ``dataset.json`` (as the settings themselves) and in each shard, and the two must agree.

Version 1 had neither domain nor config; such datasets are read, their domain being that of the two teachers there were.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue

from stillyou.config import Strict, validate
from stillyou.effects.domains import Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.files import write_json
from stillyou.untrusted.json_text import parse_object
from stillyou.untrusted.rules import Rules, told
from stillyou.untrusted.text import read_text

FORMAT = "stillyou-pairs"
FORMAT_VERSION = 2
DESCRIPTION = "dataset.json"

_RULES = Rules("Delete it and run the command that made it again.")
_MOST_SHARDS = 10**6
_FIRST_TEACHERS: dict[str, Domain] = {"cartoon": "cartoon", "people": "people"}
"""What the teachers of version 1 show."""


class DatasetInfo(Strict):
    """What ``dataset.json`` says: the settings, and what came of them."""

    format: Literal["stillyou-pairs"] = "stillyou-pairs"
    format_version: int = FORMAT_VERSION
    made_with: str
    """Version of stillyou: another version may draw other pictures from the same seed."""
    teacher: str
    """The kind of the teacher."""
    domain: Domain | None = None
    """What the pictures show; None where nobody has said, as of pairs that were imported without."""
    origin: str = ""
    """Of imported pairs: what they came from, with a digest of the file list."""
    options: dict[str, str] = {}
    """What lies in the folders that the teacher was given, in words, for example which backgrounds."""
    config: dict[str, JsonValue] = {}
    """The teacher's config, word for word; empty for imported pairs and in version 1."""
    seed: int = Field(ge=0, lt=2**63)
    size: int = Field(ge=1, le=4096)
    """Side of the square pictures, in pixels."""
    shard_size: int = Field(ge=1)
    """Candidate indices a shard."""
    effects: list[EffectSpec] = Field(min_length=1)
    candidates: int = Field(ge=1)
    """Candidates an effect."""
    licences: dict[str, str]
    complete: bool = False
    """Whether every shard has been made."""
    counts: dict[str, dict[str, int]] = {}
    """Rows by effect id and status, once the dataset is complete."""

    def settings(self) -> dict[str, Any]:
        """Return what the rows depend on, by name. Guidance, mask and strength are not among it.

        Of a folder that the teacher was given counts what lies in it (`options`), not where it lies.
        """
        names = {"format_version", "made_with", "teacher", "origin", "seed", "size", "shard_size"}
        whole = self.model_dump(include=names | ({"options"} if self.options else set()))
        if self.format_version > 1:
            told = {name: value for name, value in self.config.items() if name not in self.options}
            whole |= {"domain": self.domain, "config": told}
        drawn = [_drawn_from(effect) for effect in self.effects]
        if self.teacher == "instruct":
            drawn = [
                each | {"instruction": effect.instruct()} for each, effect in zip(drawn, self.effects, strict=True)
            ]
        return whole | {"effects": drawn}

    def digest(self) -> str:
        """Return the digest of `settings`."""
        text = json.dumps(self.settings(), sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()

    def ranges(self) -> list[tuple[int, int]]:
        """Return the candidate indices of each shard, as (start, stop)."""
        n, step = self.candidates, self.shard_size
        return [(start, min(start + step, n)) for start in range(0, n, step)]


def _drawn_from(effect: EffectSpec) -> dict[str, Any]:
    """Return what pairs of an effect depend on; conditions only where it says some, so that old datasets go on."""
    kept = {"id", "group", "variables", "source_prompt", "target_prompt"}
    return effect.model_dump(include=kept | ({"conditions"} if effect.conditions else set()), mode="json")


_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.+)", re.S)
"""An address as a path of this machine: its second slash is gone."""


def read_info(folder: Path) -> DatasetInfo:
    """Read ``dataset.json``.

    Raises:
        UsageError: There is no dataset, or its format is not known.
        StillYouError: The description is damaged.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        if address := _ADDRESS.match(str(folder)):
            raise UsageError(
                f"{address[1]}://{address[2]} is an address; pairs are read from folders of this machine",
                "Copy it here first with the store's own tool, or mount it.",
            )
        raise UsageError(
            f"{folder} is no pair dataset: it has no {DESCRIPTION}", "Make one with 'stillyou pairs make'."
        )
    try:
        text = read_text(path, _RULES)
    except StillYouError as error:
        raise _damaged(path, error) from error
    return parse_info(text, path)


def parse_info(text: str, path: Path | str) -> DatasetInfo:
    """Parse the text of a ``dataset.json``, which messages call `path`; raises what `read_info` does."""
    try:
        data = parse_object(text, str(path), _RULES)
        kind, version = data["format"], data["format_version"]
    except (StillYouError, KeyError) as error:
        raise _damaged(path, error) from error
    if kind != FORMAT:
        raise UsageError(f"{path} describes '{kind}', not '{FORMAT}'", "Give the folder of a pair dataset.")
    if version not in range(1, FORMAT_VERSION + 1):
        newer = isinstance(version, int) and version > FORMAT_VERSION
        remedy = "Upgrade: pip install -U stillyou" if newer else "Make the pairs again."
        raise UsageError(f"{path} has format version {version}; this stillyou reads 1 to {FORMAT_VERSION}", remedy)
    info = validate(DatasetInfo, data, str(path))
    if info.candidates > info.shard_size * _MOST_SHARDS:
        raise _RULES.refuse(path, f"describes more than {_MOST_SHARDS} shards")
    return info if version > 1 else info.model_copy(update={"domain": _FIRST_TEACHERS.get(info.teacher)})


def _damaged(path: Path | str, error: Exception) -> StillYouError:
    return StillYouError(f"{path} is damaged or no description of pairs ({told(error)})", _RULES.remedy)


def write_info(folder: Path, info: DatasetInfo) -> None:
    """Write ``dataset.json`` atomically."""
    write_json(folder / DESCRIPTION, info.model_dump(mode="json"))
