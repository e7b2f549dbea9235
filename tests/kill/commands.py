"""The commands that are killed: small enough to run them often, and every file they leave follows from the command."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

_LIBRARIES = (
    "stillyou.cli",
    "stillyou.editing.editor",
    "stillyou.training.stages",
    "stillyou.pairs.generate",
    "stillyou.pairs.dataset.show",
    "pyarrow.parquet",
    "pyvips",
    "tests.conftest",
    "tests.training.fakes",
)


def load_libraries() -> None:
    """Import once what commands need; they are run in forks of this process, which has one thread."""
    import torch

    torch.set_num_threads(1)
    for name in _LIBRARIES:
        importlib.import_module(name)
    from stillyou.training.data import building

    building._SETTLED = 1  # so that a cache this small has moments to go on from


def _pairs(inputs: Path, out: Path) -> list[str]:
    """Forty pairs in two shards, of 32 and of 8."""
    return ["pairs", "make", "-o", str(out), "-n", "40", "-e", "santa", "--size", "96", "--workers", "1"]


def _edit_inputs(inputs: Path) -> None:
    """Write a tiny model with random weights and twelve pictures."""
    from tests.conftest import build_tiny_pipeline

    build_tiny_pipeline().save_pretrained(inputs / "model")
    (inputs / "pictures").mkdir()
    draws = np.random.default_rng(3)
    for number in range(12):
        pixels = np.kron(draws.integers(0, 256, (9, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(inputs / "pictures" / f"{number:02d}.{('png', 'jpg', 'webp')[number % 3]}")


def _edit(inputs: Path, out: Path) -> list[str]:
    words = ["edit", str(inputs / "pictures"), "-e", "santa", "-o", str(out), "--mask-out", str(out / "masks")]
    words += ["--sheet", str(out / "sheet.png"), "--model", str(inputs / "model"), "--draft", "none", "--steps", "3"]
    return [*words, "--device", "cpu", "--domain", "cartoon"]


def _train_inputs(inputs: Path) -> None:
    """Write settings: a studio's pairs, an autoencoder and an editor of a few steps with a checkpoint after each."""
    from tests.training.fakes import tiny_config, write_toml

    render = {"effects": "santa,laughing", "candidates": 24, "workers": 1}
    write_toml(tiny_config(render=render, checkpoint_steps=1, steps=5), inputs / "tiny.toml")


def _train(inputs: Path, out: Path) -> list[str]:
    return ["train", "--config", str(inputs / "tiny.toml"), "-o", str(out), "--device", "cpu"]


COMMANDS: dict[str, tuple[Callable[[Path], None], Callable[[Path, Path], list[str]]]] = {
    "pairs": (lambda inputs: None, _pairs),
    "edit": (_edit_inputs, _edit),
    "train": (_train_inputs, _train),
}
"""By name: what writes a command's inputs to a folder, and what gives its words for inputs and an output folder."""
