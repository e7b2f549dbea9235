"""Whether edits of the shipped model are the same, bit for bit in fp32, in two versions of the code.

usage: python tools/same_edits.py -o before.json        with the code of before
       python tools/same_edits.py --against before.json  with the code of now

Drafts and fresh noise came later: the edits start from noise and take UniPC's steps, as they did at first.
Every sample is edited through the public face (`Editor.edit`) with every effect of its kind and with the options that
take ways of their own; what is kept of a picture and its mask is a hash. Hashes hold on one machine and one PyTorch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import stillyou
from stillyou import Editor
from stillyou.diffusion.speed.settings import SpeedSettings

SAMPLES = Path(stillyou.__file__).parent / "samples"
COSTUMES, EXPRESSIONS = ("flower", "santa", "sheep", "royal"), ("angry", "shocked", "laughing", "crying")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "seed 7": {"seed": 7},
    "half": {"strength": 0.5, "steps": 8},
    "noise": {"mask_strategy": "noise", "steps": 6},
    "no mask": {"mask_strategy": "none", "steps": 6},
    "guidance": {"guidance": (1.0, 2.0, 4.0), "steps": 6},
    "words": {"variables": {"subject": "knight"}, "steps": 6},
    "larger": {"resolution": 320, "steps": 4},
    "as people": {"domain": "people", "crop": None, "steps": 6},
}


def edits(editor: Editor) -> dict[str, str]:
    """Return the hashes of all edits by name."""
    found = {}
    for sample in ("critters.png", "micah.png", "toon-head.png", "astronaut.jpg"):
        photograph = sample.endswith(".jpg")
        for effect in COSTUMES if photograph else COSTUMES + EXPRESSIONS:
            found[f"{sample} {effect} plain"] = digest(editor, sample, effect, {"steps": 8})
    for way, options in WAYS.items():
        for sample, effect in (("micah.png", "santa"), ("toon-head.png", "crying"), ("astronaut.jpg", "royal")):
            found[f"{sample} {effect} {way}"] = digest(editor, sample, effect, options)
    mask = Image.new("L", Image.open(SAMPLES / "micah.png").size)
    mask.paste(255, (20, 20, mask.width // 2, mask.height // 2))
    found["micah.png flower own mask"] = digest(editor, "micah.png", "flower", {"mask": mask, "steps": 6})
    return found


def digest(editor: Editor, sample: str, effect: str, options: dict[str, Any]) -> str:
    """Edit one sample and return the hash of the result and its mask."""
    result = editor.edit(SAMPLES / sample, effect, draft="none", **options)
    return hashlib.sha256(np.asarray(result.image).tobytes() + np.asarray(result.mask).tobytes()).hexdigest()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", type=Path, help="write the hashes to this file")
    parser.add_argument("--against", type=Path, help="compare with the hashes in this file")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    speed = SpeedSettings(scheduler="unipc")
    found = edits(Editor.from_pretrained("embedded", device="cpu", dtype=torch.float32, speed=speed))
    if arguments.o:
        arguments.o.write_text(json.dumps(found, indent=1) + "\n")
    if arguments.against:
        before = json.loads(arguments.against.read_text())
        changed = [name for name in before if found.get(name) != before[name]]
        print(f"{len(before) - len(changed)} of {len(before)} edits are the same", *changed, sep="\n")
        sys.exit(bool(changed))


if __name__ == "__main__":
    main()
