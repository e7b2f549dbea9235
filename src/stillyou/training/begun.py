"""A run that was begun: what it was asked for, and what may differ when the command is repeated.

`config.json` keeps the run's format, its settings and its request. A setting that shapes weights may change as long as
no stage that reads it has begun; limits, device and logging may always change, and changes are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillyou.config import validate
from stillyou.errors import StillYouError, UsageError
from stillyou.files import clear_parts, write_json
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.config import STAGES, Stage, TrainingConfig
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.run import Request, Run
from stillyou.untrusted.json_text import read_object
from stillyou.untrusted.rules import RUN_FILE

FORMAT = 2
"""Of a run's folder; raised when a run of the old code would not go on exactly as it would have."""

_SECTIONS = ("autoencoder", "editor")
"""Stages with settings that no other stage reads."""
_FREE = (
    *("name", "budget_minutes", "steps", "precision", "checkpoint_minutes", "checkpoint_steps", "validate_minutes"),
    *("render.workers", "autoencoder.accumulation", "editor.accumulation", "editor.gradient_checkpointing"),
    *("editor.compile", "editor.channels_last", "editor.shard", "editor.lora.merge", "device"),
)
"""What shapes no weights, but for rounding."""


@dataclass(frozen=True)
class Change:
    """A setting that differs from that of the begun run.

    Attributes:
        key: Its dotted name, or an option's.
        before: In the begun run.
        now: In the request.
        refused: Whether a stage that has begun depends on it.
    """

    key: str
    before: object
    now: object
    refused: bool

    def __str__(self) -> str:
        same = self.before == self.now  # pairs that have changed in place
        return f"{self.key} = {self.before}, now {'its contents differ' if same else f'it is {self.now}'}"


class BegunRun:
    """A request beside what its folder holds.

    Args:
        run: The request; nothing is written before `begin`.

    Attributes:
        changes: What differs from the begun run; empty if there is none.

    Raises:
        UsageError: The folder holds something else, or a run of another format.
        StillYouError: The run's record is damaged.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._saved, self._record = run, _read(run.folder), _record(run.request)
        self.changes = [] if self._saved is None else list(self._compare(self._saved))

    def _compare(self, saved: Mapping[str, Any]) -> Iterator[Change]:
        before, now = dict(_facts(saved)), dict(_facts(self._record))
        begun = {stage for stage in STAGES if _has_begun(self._run, stage)}
        for key in sorted(before.keys() | now.keys()):
            if before.get(key) == now.get(key) or _is_of_no_stage_asked_for(key, self._run.request):
                continue
            values = (before.get(key), now.get(key))
            if key == "pairs":  # they are compared by contents, and named by place
                values = (saved["request"]["pairs"], self._record["request"]["pairs"])
            yield Change(key, *values, refused=key not in _FREE and bool(begun & _readers(key)))

    def refuse(self) -> None:
        """Refuse changes that a stage which has begun cannot follow.

        Raises:
            UsageError: Names each of them.
        """
        refused, folder = [change for change in self.changes if change.refused], self._run.folder
        if not refused:
            return
        remedy = "Repeat the first command to go on, or choose another folder with -o."
        if self._run.model.is_dir():
            remedy = f"It is finished: choose another folder with -o, and --init {self._run.model} to go on from it."
        raise UsageError(f"{folder} was begun with {'; '.join(map(str, refused))}", remedy)

    def begin(self) -> None:
        """Make the folder and save what is asked for; of stages that are not, what was saved stays.

        What a killed session has left half-written goes, but for encoded pairs: encoding goes on behind them.

        Raises:
            StillYouError: The folder cannot be written to.
        """
        record, folder = self._record, self._run.folder
        clear_parts(folder, folder / "samples", folder / "autoencoder", folder / "editor")
        if self._saved is not None:
            kept = {stage: self._saved["config"][stage] for stage in _SECTIONS if stage not in self._run.request.stages}
            record = record | {"config": record["config"] | kept}
        write_json(folder / "config.json", record)


def _record(request: Request) -> dict[str, Any]:
    pairs = request.pairs
    return {
        "format": FORMAT,
        "config": request.config.model_dump(mode="json"),
        "request": {
            "stages": list(request.stages),
            "pairs": None if pairs is None else str(pairs),
            "pairs_fingerprint": None if pairs is None else PairDataset(pairs).fingerprint(),
            "init": request.init,
            "base": request.base,
            "image_encoder": request.image_encoder,
            "effects": [spec.model_dump(mode="json") for spec in request.effects],
            "device": request.device,
        },
    }


def _read(folder: Path) -> dict[str, Any] | None:
    """Read the run's record, with today's defaults for settings that it lacks; None if there is no run."""
    path = folder / "config.json"
    if not path.is_file():
        if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
            raise UsageError(f"{folder} is not empty and holds no run", "Choose a new or empty folder.")
        return None
    try:
        saved = read_object(path, RUN_FILE)
        number = saved.get("format", 1)
        if number != FORMAT:
            newer = isinstance(number, int) and number > FORMAT
            remedy = (
                "Upgrade: pip install -U stillyou" if newer else "Finish it with that version, or choose another -o."
            )
            raise UsageError(
                f"{folder} holds a run of another version of stillyou (format {number}; this one is {FORMAT})", remedy
            )
        config = validate(TrainingConfig, saved["config"], str(path)).model_dump(mode="json")
        return {"config": config, "request": {"pairs": None, "pairs_fingerprint": None, **saved["request"]}}
    except UsageError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise StillYouError(f"{path} is damaged", "Restore it or choose another folder.") from error


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield each setting and option by its dotted name; of pairs, what they are and not where."""
    yield from _flat(record["config"], "")
    request = record["request"]
    yield "pairs", request["pairs_fingerprint"]
    for name in ("init", "base", "image_encoder", "effects", "device"):
        yield name, request.get(name) or None


def _flat(data: Mapping[str, Any], before: str) -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _is_of_no_stage_asked_for(key: str, request: Request) -> bool:
    stage = key.partition(".")[0]
    return stage in _SECTIONS and stage not in request.stages


def _readers(key: str) -> set[str]:
    """Return the stages that depend on a setting."""
    first = key.partition(".")[0]
    if first in ("seed", "architecture"):
        return set(STAGES)
    return {first} if first in _SECTIONS else set(_SECTIONS)


def _has_begun(run: Run, stage: str) -> bool:
    """Whether a stage has left something that the same settings must go on with."""
    if stage == "render":
        return (run.folder / "pairs").is_dir()
    results = {"autoencoder": [run.vae], "editor": [run.model, run.lora]}[stage]
    return newest_state(run.folder / stage) is not None or any(result.is_dir() for result in results)


def is_complete(run: Run, stage: Stage) -> bool:
    """Whether a trained stage has left its result, of which no checkpoint need be there any more."""
    results = {"autoencoder": run.vae / "config.json", "editor": run.model / "model_index.json"}
    return stage in results and results[stage].is_file() and newest_state(run.folder / stage) is None
