"""Edits of a user's photographs: figures that need no truth, beside the lazy answer.

The largest face of each photograph is edited with every effect, as ``stillyou edit`` would. Judge and face reader see
the square around that face, turned upright, before and after. Nobody knows how the person would look in the costume,
so there is no oracle; and two photographs of a folder may show one person.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stillyou import metrics
from stillyou.draws import stable_seed
from stillyou.editing.editor import Editor
from stillyou.editing.result import EditResult
from stillyou.editing.scene.frame import Framed, frame_face
from stillyou.editing.scene.look import Wish, look
from stillyou.effects.spec import EffectSpec
from stillyou.errors import LeftAlone, StillYouError, UsageError
from stillyou.evaluation.figures import Figures
from stillyou.evaluation.identity import SIDE, FaceReader, between
from stillyou.evaluation.known_truth.benchmark import PictureJudge
from stillyou.evaluation.known_truth.rows import Row, sources, summaries, with_identity
from stillyou.evaluation.known_truth.settings import Settings
from stillyou.evaluation.known_truth.splits import PHOTOGRAPHS
from stillyou.evaluation.photographs.figures import UNCHANGED, changed, summary
from stillyou.images import Picture, looks_like_picture, read_picture
from stillyou.images.colour import to_srgb
from stillyou.images.faces import Detector, Face


@dataclass(frozen=True)
class Shown:
    """One edit for the sheet: (SIDE, SIDE, 3) after it, its mask (SIDE, SIDE), and the judge's verdict."""

    edit: metrics.Picture
    mask: metrics.Picture
    success: bool


@dataclass(frozen=True)
class Photograph:
    """One measured photograph.

    Attributes:
        name: Of its file.
        square: (SIDE, SIDE, 3) uint8, what is around its face.
        shown: Its edits, by effect.
        rows: Their figures.
        notes: What the editor told about it.
    """

    name: str
    square: metrics.Picture
    shown: Mapping[str, Shown]
    rows: Sequence[Row]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """Which photographs are measured: those of a folder by name, at most `n`."""

    folder: str | Path
    n: int


@dataclass
class PhotoEvaluation:
    """What was found.

    Attributes:
        document: The figures, ready for JSON.
        photographs: The photographs, for the sheet.
    """

    document: dict[str, Any]
    photographs: list[Photograph] = field(default_factory=list)


def pictures_in(folder: str | Path) -> tuple[list[Path], list[dict[str, str]]]:
    """Return the pictures of a folder by name, and what else lies in it with the reason to leave it out.

    Raises:
        StillYouError: There is no such folder, it cannot be read, or it holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise StillYouError(f"{folder} {what}", "Give a folder of photographs.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise StillYouError(f"cannot read {folder}", "Check its permissions.")
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    pictures = [path for path in files if looks_like_picture(path)]
    if not pictures:
        raise StillYouError(f"there is no picture in {folder}", "Give a folder that holds photographs itself.")
    return pictures, [{"file": path.name, "reason": "not a picture"} for path in files if path not in pictures]


def measure_photographs(
    editor: Editor,
    effects: Sequence[EffectSpec],
    judge: PictureJudge,
    sample: Sample,
    *,
    settings: Settings | None = None,
    seed: int = 0,
    faces: FaceReader | None = None,
    progress: Callable[[int], None] = lambda files: None,
) -> PhotoEvaluation:
    """Edit a folder's photographs with every effect, and measure what can be measured.

    Args:
        editor: With its model and a face detector.
        effects: What to try.
        judge: Says whether a square shows an effect.
        sample: The photographs.
        settings: How edits are made.
        seed: The noise follows from it, the effect and the file's name.
        faces: Compares faces; without it there are no figures of identity.
        progress: Called with 1 after each file.

    Returns:
        The document has the figures of `photo_figures.summary` for all edits, for each of `effects` and of
        `photographs`, and the same under `lazy`; the editor's `notes` and the files `left_out` with reasons; how many
        were `not_reached`; and with `faces` also `between_photographs`: how similar the sources are to each other.

    Raises:
        StillYouError: The folder cannot be used, or none of its pictures.
    """
    pictures, left_out = pictures_in(sample.folder)
    settings = settings or Settings()
    work = _Work(Editor(editor.pipeline, editor.model, _remembering(editor.detector)), judge, settings, seed, faces)
    started, reached = time.monotonic(), 0
    found: list[Photograph] = []
    for path in pictures:
        if len(found) == sample.n:
            break
        photograph = _attempt(work, path, effects, left_out)
        found += [] if photograph is None else [photograph]
        reached += 1
        progress(1)
    if not found:
        raise _nothing_measured(sample.folder, left_out[-1])
    document = {
        "split": PHOTOGRAPHS,
        "folder": str(sample.folder),
        "n": len(found),
        **work.asked(),
        "seconds": round(time.monotonic() - started, 2),
        "seconds_per_edit": round(work.editing / (len(found) * len(effects)), 4),
        **_tables(found, faces is not None),
        "notes": {each.name: list(each.notes) for each in found if each.notes},
        "left_out": left_out,
        "not_reached": len(pictures) - reached,
    }
    return PhotoEvaluation(document, found)


def _nothing_measured(folder: str | Path, last: Mapping[str, str]) -> StillYouError:
    """Return the error of a folder without a picture that can be measured; `last` is the last one left out."""
    return StillYouError(
        f"no picture in {folder} can be measured ({last['file']}: {last['reason']})",
        "Give photographs in which a face can be seen.",
    )


def _attempt(
    work: _Work, path: Path, effects: Sequence[EffectSpec], left_out: list[dict[str, str]]
) -> Photograph | None:
    """Measure a photograph, or note why that cannot be done."""
    try:
        return work.measure(path, effects)
    except UsageError:  # the options are wrong, not the picture
        raise
    except StillYouError as error:
        left_out.append({"file": path.name, "reason": error.what.removeprefix(f"{path} ")})
    except Exception as error:  # what nobody foresaw about one picture must not stop the rest
        left_out.append({"file": path.name, "reason": f"{type(error).__name__}: {error}"})
    return None


@dataclass
class _Work:
    """An evaluation under way: its settings, and the seconds that edits took."""

    editor: Editor
    judge: PictureJudge
    settings: Settings
    seed: int
    faces: FaceReader | None
    editing: float = 0.0

    def asked(self) -> dict[str, Any]:
        """Return what was asked for, as the document has it."""
        how = self.settings
        return {
            "seed": self.seed,
            "steps": how.steps,
            "draft": how.draft,
            "refine": how.refine,
            "strength": how.strength,
            "resolution": self.editor.pipeline.resolution,
        }

    def measure(self, path: Path, effects: Sequence[EffectSpec]) -> Photograph:
        """Edit one photograph with every effect; raises StillYouError if there is no face to edit."""
        picture, started = read_picture(path), time.monotonic()
        face = self._face(picture)
        framed = frame_face(face, SIDE, picture.size[1])
        results = [self._edit(picture, effect, path.name) for effect in effects]
        self.editing += time.monotonic() - started
        square, afters = _square(framed, picture), [_square(framed, result.picture) for result in results]
        known = None if self.faces is None else self.faces.describe([square, *afters])
        shown, rows = {}, []
        for index, (effect, result, after) in enumerate(zip(effects, results, afters, strict=True)):
            mask = framed.see_mask(np.asarray(result.mask))
            verdicts = zip(*self.judge.scores(effect, [after, square]), strict=True)
            edit, lazy = ({"edit_success": float(success), "judge_score": score} for success, score in verdicts)
            shown[effect.id] = Shown(after, np.rint(255 * mask).astype(np.uint8), bool(edit["edit_success"]))
            figures: dict[str, Figures] = {
                "edit": {**edit, **changed(picture, result, face, mask)},
                "lazy": {**lazy, **UNCHANGED},
            }
            faces = None if known is None else {"edit": known[index + 1], "lazy": known[0]}
            rows.append(Row(effect.id, {"file": path.name}, figures, faces))
        notes = dict.fromkeys(note for result in results for note in result.report.notes)
        return Photograph(path.name, square, shown, rows, tuple(notes))

    def _face(self, picture: Picture) -> Face:
        """Return the face that the editor edits."""
        scene = look(picture, Wish(), None, self.editor.pipeline.resolution, self.editor.detector)
        index = scene.targets[0].face
        if index is None:
            raise StillYouError(f"taken for a drawing: {scene.finding.reason}")
        return scene.faces[index]

    def _edit(self, picture: Picture, effect: EffectSpec, name: str) -> EditResult:
        """Edit a photograph; one that is left alone counts as it is."""
        try:
            return self._asked(picture, effect, name, self.settings.strength)
        except LeftAlone:
            return self._asked(picture, effect, name, 0.0)

    def _asked(self, picture: Picture, effect: EffectSpec, name: str, strength: float) -> EditResult:
        return self.editor.edit(
            picture,
            effect.id,
            strength=strength,
            seed=stable_seed("evaluation noise", PHOTOGRAPHS, self.seed, effect.id, name),
            steps=self.settings.steps,
            guidance=self.settings.guidance,
            draft=self.settings.draft,
            refine=self.settings.refine,
        )


def _remembering(detector: Detector | None) -> Detector | None:
    """Return a detector that remembers the last picture: every effect looks for the same faces."""
    last: list[tuple[metrics.Picture, list[Face]]] = []

    def detect(rgb: metrics.Picture) -> list[Face]:
        if not last or last[0][0] is not rgb:
            last[:] = [(rgb, detector(rgb) if detector else [])]
        return last[0][1]

    return detect if detector else None


def _square(framed: Framed, picture: Picture) -> metrics.Picture:
    return to_srgb(framed.see(picture), picture.info.icc)


def _tables(found: Sequence[Photograph], compared: bool) -> dict[str, Any]:
    """Summarise the edits and the lazy answers."""
    rows = [row for photograph in found for row in photograph.rows]
    rows = with_identity(rows) if compared else rows

    def table(answer: str) -> dict[str, Any]:
        return {
            **summary([row.figures[answer] for row in rows]),
            "effects": summaries(rows, answer, lambda row: row.effect, summary),
            "photographs": summaries(rows, answer, lambda row: str(row.attributes["file"]), summary),
        }

    one_each = [photograph.rows[0] for photograph in found]
    alike = {"between_photographs": between(sources(one_each))} if compared else {}
    return {**table("edit"), "lazy": table("lazy"), **alike}
