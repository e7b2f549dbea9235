"""Damaged model folders: verified, described and loaded."""

from __future__ import annotations

import json
import random
import shutil
import struct
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch
from safetensors.torch import load_file, save_file

from stillyou.models.compact import save_compact
from stillyou.models.find import describe, find_folders
from stillyou.models.load import load_pipeline
from stillyou.models.verify import verify_model
from tests.conftest import build_tiny_pipeline
from tests.fuzz.mutate import PLAIN, mutate_bytes, mutate_data, mutate_text


@cache
def corpus() -> Path:
    """A tiny model in both storage forms."""
    root, pipeline = Path(mkdtemp(prefix="fuzz-")), build_tiny_pipeline()
    pipeline.save_pretrained(root / "plain")
    save_compact(pipeline, root / "compact")
    return root


def attempt(number: int, folder: Path, seed: int = 1) -> str:
    """Damage a model, and do with it what users would."""
    draws = random.Random(f"models {seed} {number}")
    shutil.rmtree(folder / "x", ignore_errors=True)
    shutil.copytree(corpus() / draws.choice(["plain", "compact"]), folder / "x")
    if draws.random() < 0.9:
        (folder / "x" / "checksums.json").unlink()
    for _ in range(draws.choice([1, 1, 2])):
        _damage(folder / "x", draws)
    problems = verify_model(folder / "x").problems
    if any("\n" in problem for problem in problems):
        raise AssertionError(f"a problem of more than a line: {problems}")
    find_folders([folder])
    describe("x", folder / "x")
    load_pipeline(str(folder / "x"), "cpu")
    return "loaded, told by verify" if problems else "loaded"


def _damage(folder: Path, draws: random.Random) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    texts = [path for path in files if path.suffix == ".json"]
    weights = [path for path in files if path.suffix == ".safetensors"]
    chance = draws.random()
    if chance < 0.65:
        _damage_json(draws.choice(texts), draws)
    elif chance < 0.9:
        _damage_weights(draws.choice(weights), draws)
    elif chance < 0.95:
        draws.choice(files).unlink()
    else:
        path = draws.choice(files)
        path.unlink()
        path.symlink_to(draws.choice(["/dev/zero", "/etc/hostname", path, draws.choice(files)]))


def _damage_json(path: Path, draws: random.Random) -> None:
    text = path.read_text(encoding="utf-8")
    chance = draws.random()
    if chance < 0.75:
        try:
            text = json.dumps(mutate_data(json.loads(text), draws))
        except ValueError:
            text = mutate_text(text, draws)
    elif chance < 0.8:
        text = draws.choice(["[" * 200_000, "", "[]", json.dumps(draws.choice(PLAIN)), '{"a":' * 5000])
    else:
        text = mutate_text(text, draws)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))


def _damage_weights(path: Path, draws: random.Random) -> None:
    data = path.read_bytes()
    chance = draws.random()
    if chance < 0.3:
        path.write_bytes(mutate_bytes(data, draws, data))
    elif chance < 0.6:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.dumps(mutate_data(json.loads(data[8 : 8 + length]), draws)).encode("utf-8", "surrogatepass")
        path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
    else:
        state = load_file(path)
        key = draws.choice(sorted(state))
        if chance < 0.75 and state[key].is_floating_point():
            state[key].view(-1)[0] = draws.choice([float("nan"), float("inf")])
        elif chance < 0.85:
            del state[key]
        else:
            state[key] = torch.zeros(draws.choice([(1,), (3, 3), (0,), ()]))
        save_file(state, path)
