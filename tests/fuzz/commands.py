"""Command lines with good, bad and nonsensical words, run in this process on a tiny model."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from stillyou.cli import main
from tests.fuzz import models, tables

_WORDS = [
    "",
    "0",
    "-1",
    "1",
    "nan",
    "1e99",
    "x",
    "a\nb",
    "é",
    "\udcff",
    "[red]",
    "..",
    "/dev/null",
    "/etc",
    "none.png",
    "all",
    "auto",
    "1,2,3",
]
_EDIT = {
    "-e": ["santa", "angry", "sanat", "x.yaml", "santa,angry"],
    "-o": ["out.png", "out", "out.jpg", "out.txt", "pictures/a.png", "/proc/x.png", ""],
    "--seed": ["0", "7", "-1", str(2**63), "x"],
    "--steps": ["1", "0", "-1", "1001", "x"],
    "--strength": ["0.5", "0", "1", "2", "nan"],
    "--guidance": ["1,1,1", "1,1", "nan,1,1", "99,1,1", ""],
    "--mask": ["pictures/mask.png", "pictures/a.png", "none.png", "pictures"],
    "--var": ["subject=man", "subject", "x=y", "subject="],
    "--face": ["1", "9", "all", "largest", "x"],
    "--domain": ["cartoon", "people", "auto", "x"],
    "--device": ["cpu", "cuda", "x"],
    "--model": ["model", "none", "pictures", "me/mine", "damaged"],
    "--lora": ["none", "pictures", "model:9"],
    "--batch": ["1", "0", "x"],
}
_COMMANDS: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "edit": (["pictures/a.png", "pictures/broken.png", "pictures", "none.png", "pictures/notes.txt"], _EDIT),
    "effects": ([], {"-e": ["santa", "x.yaml", "bad.yaml", "all"], "--json": [""], "--all": [""]}),
    "pairs show": (["ours", "none", "pictures", "damaged"], {"--json": [""], "--check": [""]}),
    "pairs sheet": (
        ["ours", "none", "damaged"],
        {"-o": ["s.png", "s.txt", "ours"], "-n": ["3", "0", "x"], "-e": ["santa", "x"]},
    ),
    "pairs import": (
        ["folder", "list", "columns", "none", "pictures"],
        {
            "-e": ["santa", "bad.yaml", "x"],
            "-o": ["in", "ours", "pictures"],
            "--size": ["64", "63", "x"],
            "--workers": ["1", "0", "x"],
            "--format": ["auto", "folder", "x"],
        },
    ),
    "pairs make": (
        [],
        {
            "-n": ["1", "0", "x"],
            "-e": ["santa", "x"],
            "-o": ["new", "pictures"],
            "--size": ["64", "65"],
            "--seed": ["0", "-1"],
            "--teacher": ["cartoon", "x"],
            "--workers": ["1"],
        },
    ),
    "models list": ([], {"--root": ["model", "none", "."], "--json": [""]}),
    "models info": (["model", "none", "damaged", "pictures"], {"--json": [""]}),
    "models verify": (["model", "none", "damaged", "pictures"], {"--json": [""]}),
    "train": (
        [],
        {
            "--dry-run": [""],
            "--recipe": ["embedded", "x"],
            "--config": ["bad.toml", "none.toml"],
            "-o": ["run", "pictures"],
            "--pairs": ["ours", "none"],
            "--budget-minutes": ["0", "5", "nan"],
            "--steps": ["1", "-1"],
            "--init": ["model", "none"],
            "--json": [""],
        },
    ),
}


@cache
def corpus() -> Path:
    """A folder with a model, pairs, pictures and damaged ones of each."""
    root = tables.corpus() / "work"
    pictures = root / "pictures"
    pictures.mkdir(parents=True)
    pixels = np.random.default_rng(2).integers(0, 256, (70, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(pictures / "a.png")
    Image.fromarray(pixels[..., 0]).save(pictures / "mask.png")
    (pictures / "broken.png").write_bytes((pictures / "a.png").read_bytes()[:200])
    (pictures / "notes.txt").write_text("x")
    (root / "bad.yaml").write_text("id: [")
    (root / "bad.toml").write_text("a = 1\na = 2")
    for name in ("ours", "folder", "list", "columns"):
        shutil.copytree(tables.corpus() / name, root / name)
    shutil.copytree(models.corpus() / "compact", root / "model")
    shutil.copytree(root / "model", root / "damaged")
    (root / "damaged" / "unet" / "config.json").write_text("{")
    (root / "damaged" / "dataset.json").write_text("{")
    return root


def attempt(number: int, folder: Path, seed: int = 1) -> str:
    """Run a command; it ends with 0, 1 or 2 and says no more than a line of what went wrong."""
    draws = random.Random(f"commands {seed} {number}")
    name = draws.choice([*_COMMANDS, "edit", "edit"])
    words = _line(name, draws)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(corpus(), work)
    before, out, err = os.getcwd(), io.StringIO(), io.StringIO()
    os.chdir(work)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main([*name.split(), *words])
        code: object = None
    except SystemExit as stop:
        code = stop.code
    finally:
        os.chdir(before)
    told = err.getvalue()
    if code not in (0, 1, 2) or "--debug" in told or "Traceback" in told:
        raise AssertionError(f"{name} {words} ended with {code}: {told[-400:]}")
    return f"ended with {code}"


def _line(name: str, draws: random.Random) -> list[str]:
    """Draw arguments and options: mostly those that there are, with values good and bad; some strangers."""
    arguments, options = _COMMANDS[name]
    words = [draws.choice(arguments)] if arguments and draws.random() < 0.95 else []
    must = [
        key for key in ("-e", "-o", "--model", "--steps", "-n", "--size", "--dry-run", "--workers") if key in options
    ]
    drawn = [key for key in options if key in must or draws.random() < 0.3]
    for key in drawn:
        if draws.random() < 0.95:
            value = draws.choice(_WORDS) if draws.random() < 0.1 else _value(options[key], draws)
            words += [key] if options[key] == [""] else [key, value]
    if draws.random() < 0.05:
        words.insert(draws.randrange(len(words) + 1), draws.choice([*_WORDS, "--nonsense", "-x"]))
    return words


def _value(values: list[str], draws: random.Random) -> str:
    """Draw a value, the good ones (the first) more often."""
    return values[0] if draws.random() < 0.6 else draws.choice(values)
