"""``curation.json`` beside a dataset: what was measured, by which bounds pairs were refused, and the command for it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from stillyou.config import Strict, load_json
from stillyou.effects.bands import Band
from stillyou.files import write_json
from stillyou.untrusted.rules import Rules

RECORD = "curation.json"
_RULES = Rules("Delete it and run 'stillyou pairs curate' again.", bytes=64 << 20)


class ScorerRecord(Strict):
    """A scorer that measured."""

    name: str
    version: int
    measures: dict[str, str]
    licence: str
    cost: str
    needs: str
    weights: str = ""
    """What its weights are told by: a digest of those that the user gave."""


class CurationRecord(Strict):
    """What ``curation.json`` says."""

    format: Literal["stillyou-curation-1"] = "stillyou-curation-1"
    made_with: str
    """Version of stillyou."""
    command: str
    """What makes it again."""
    scorers: list[ScorerRecord]
    left_out: dict[str, str]
    """Scorers that could not work, and why."""
    bands: dict[str, dict[str, Band]]
    """Bounds by effect id and score."""
    keep: float | None = None
    """Share of each effect's candidates that should be kept, at most."""
    thresholds: dict[str, float] = {}
    """Least overall score by effect id, where a share was asked for."""
    shards: dict[str, str] = {}
    """Digest of each shard's rows as curation left them, by file name: others have been made since."""

    def same_scorers(self, scorers: list[ScorerRecord]) -> bool:
        """Tell whether the same scorers, with the same weights, would measure now."""
        ours, theirs = ([(one.name, one.version, one.weights) for one in which] for which in (self.scorers, scorers))
        return ours == theirs


def read_record(folder: Path) -> CurationRecord | None:
    """Read a dataset's curation; None where it has not been curated.

    Raises:
        StillYouError: The file is damaged.
    """
    path = folder / RECORD
    return load_json(path, CurationRecord, _RULES) if path.is_file() else None


def write_record(folder: Path, record: CurationRecord) -> None:
    """Write ``curation.json`` atomically."""
    write_json(folder / RECORD, record.model_dump(mode="json"))
