"""PIE-Bench's pixel metrics of a folder of answers to the benchmark itself, which you have fetched.

    python -m stillyou.evaluation.published MAPPING --sources FOLDER --answers FOLDER [--types 0,1,...] [--json]

MAPPING is its mapping_file.json, the sources its annotation_images, and the answers lie in a folder of the same form.
Answers that are missing or cannot be read are counted and named; they have no figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, RootModel

from stillyou.config import load_json
from stillyou.console import console
from stillyou.errors import StillYouError
from stillyou.evaluation.comparison.similarity import similarity
from stillyou.evaluation.figures import Figures, mean
from stillyou.evaluation.published.pie_bench import NAMES, SIDE, background, decode_mask
from stillyou.images import read_picture
from stillyou.metrics import Picture
from stillyou.untrusted.rules import Rules

SUBSTITUTE = "structure_distance_substitute"
"""1 minus the structure term of SSIM over the whole picture: the benchmark asks DINO, which does not ship offline."""
_RULES = Rules("Copy mapping_file.json again.", bytes=256 << 20)


class Entry(BaseModel):
    """One picture of the benchmark; what else is said of it is passed over."""

    model_config = ConfigDict(extra="ignore")

    image_path: str = Field(max_length=500)
    mask: list[Annotated[int, Field(ge=0, le=SIDE * SIDE)]]
    editing_type_id: str = Field(max_length=10)


class Index(RootModel[dict[str, Entry]]):
    """The benchmark's pictures by their number."""


def measure(entries: dict[str, Entry], sources: Path, answers: Path) -> Iterator[tuple[str, Figures | str]]:
    """Yield the figures of each picture, or why it has none."""
    for name, entry in entries.items():
        try:
            source, answer = (_square(_within(folder, entry.image_path)) for folder in (sources, answers))
        except StillYouError as error:
            yield name, error.what
            continue
        structure = similarity(answer, source).structure
        yield name, {**background(answer, source, decode_mask(entry.mask)), SUBSTITUTE: float(1 - structure.mean())}


def _within(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StillYouError(f"{name} leads out of {folder}")
    return path


def _square(path: Path) -> Picture:
    """Read a picture as the benchmark does: of strips the last square, at 512 pixels."""
    picture = read_picture(path).rgb
    if picture.shape[0] != picture.shape[1]:
        picture = picture[-SIDE:, -SIDE:]
    if picture.shape[:2] != (SIDE, SIDE):
        picture = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return picture


def report(found: Sequence[tuple[str, Figures | str]]) -> dict[str, Any]:
    """Return the means over the pictures that have figures, their number, and the reasons of the others."""
    rows = [figures for _, figures in found if not isinstance(figures, str)]
    means = {name: mean([row[name] for row in rows]) for name in (*NAMES, SUBSTITUTE)}
    return {"pictures": len(rows), **means, "left_out": {k: why for k, why in found if isinstance(why, str)}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the means; returns the exit code."""
    parser = argparse.ArgumentParser(prog="published", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("mapping", type=Path, help="the benchmark's mapping_file.json")
    parser.add_argument("--sources", type=Path, required=True, help="its annotation_images")
    parser.add_argument("--answers", type=Path, required=True, help="edits under the same names")
    parser.add_argument("--types", default="", help="numbers of kinds of edits, with commas between; all by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    types = {name.strip() for name in options.types.split(",") if name.strip()}
    try:
        entries = load_json(options.mapping, Index, _RULES).root
        chosen = {name: each for name, each in entries.items() if not types or each.editing_type_id in types}
        document = report(list(measure(chosen, options.sources, options.answers)))
    except StillYouError as error:
        console.print(f"Error: {error}", markup=False)
        return 1
    if options.json:
        print(json.dumps(document, allow_nan=False))
        return 0
    for name, value in document.items():
        if name != "left_out":
            print(f"{name}: {'-' if value is None else value}")
    for name, why in document["left_out"].items():
        console.print(f"left out: {name}: {why}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
