"""Draw a sheet of random people of the people studio, not picked: seeds follow one another.

python tools/people_sheet.py docs/images/people.jpg --people 64 --columns 8 --first 0
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from stillyou.files import atomic_path
from stillyou.pairs.teachers.people.backdrop import Backdrops
from stillyou.pairs.teachers.people.detail import Detail
from stillyou.pairs.teachers.people.gl.renderer import Renderer
from stillyou.pairs.teachers.people.sitting import Showing, Sitting

_LARGEST = 400_000
"""Bytes of a picture for the documentation."""


def people_sheet(people: int, columns: int, first: int, side: int) -> Image.Image:
    """Return the sources of the people of consecutive seeds, side by side."""
    renderer, backdrops = Renderer(Detail.of(256)), Backdrops(256)
    sheet = Image.new("RGB", (columns * side, -(-people // columns) * side))
    for k in range(people):
        sitting = Sitting(first + k, renderer, backdrops)
        person = sitting.person
        picture = sitting.picture(Showing(person.source_expression, round(person.expression_strength, 3)))
        small = Image.fromarray(picture.pixels).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (k % columns * side, k // columns * side))
    return sheet


def main() -> None:
    """Draw the sheet and save it as small as the documentation needs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--side", type=int, default=160, help="pixels a person")
    asked = parser.parse_args()
    sheet = people_sheet(asked.people, asked.columns, asked.first, asked.side)
    for quality in range(92, 40, -4):
        with atomic_path(asked.out) as path:
            sheet.save(path, "JPEG", quality=quality, optimize=True)
        if asked.out.stat().st_size <= _LARGEST:
            break


if __name__ == "__main__":
    main()
