"""Damaged pair datasets and damaged pairs of others."""

from __future__ import annotations

import io
import json
import random
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from stillyou.effects.lookup import load_effect
from stillyou.pairs.dataset.check import check_pages
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.imported.importers import import_pairs
from tests.fuzz.mutate import PLAIN, mutate_bytes, mutate_data, mutate_text
from tests.pairs.fakes import QUIET, FakeTeacher

SANTA = load_effect("santa")


@cache
def corpus() -> Path:
    """A whole dataset, and the three layouts that are imported."""
    root = Path(mkdtemp(prefix="fuzz-"))
    make_pairs(FakeTeacher(), [SANTA, load_effect("angry")], 5, root / "ours", shard_size=3, execution=QUIET)
    before = np.random.default_rng(1).integers(0, 200, (40, 40, 3), dtype=np.uint8)
    after = before.copy()
    after[5:30, 5:30] += 50
    png, other = _png(before), _png(after)
    columns = ("original_image", "edit_prompt", "edited_image", "edited_prompt", "original_prompt")
    cells = ({"bytes": png, "path": None}, "make it santa", {"bytes": other, "path": None}, "santa", "man")
    (root / "columns").mkdir()
    table = pa.Table.from_pylist([dict(zip(columns, cells, strict=True))] * 5)
    pq.write_table(table, root / "columns" / "a.parquet", row_group_size=2)
    (root / "folder").mkdir()
    (root / "list").mkdir()
    for name, data in (("a_input.png", png), ("a_target.png", other), ("a_mask.png", _png(after[..., 0]))):
        (root / "folder" / name).write_bytes(data)
        (root / "list" / name).write_bytes(data)
    (root / "folder" / "a.txt").write_text("a man, santa\na man\n")
    line = {"source": "a_input.png", "target": "a_target.png", "prompt": "a man, santa", "source_prompt": "a man"}
    (root / "list" / "prompt.json").write_text(f"{json.dumps(line)}\n{json.dumps(line)}\n")
    return root


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def attempt(number: int, folder: Path, seed: int = 1) -> str:
    """Damage one of the folders and read all of it."""
    draws = random.Random(f"tables {seed} {number}")
    kind = draws.choice(["ours", "ours", "ours", "columns", "columns", "folder", "list"])
    shutil.rmtree(folder / "x", ignore_errors=True)
    shutil.copytree(corpus() / kind, folder / "x")
    _damage(folder / "x", draws)
    if kind == "ours":
        data = PairDataset(folder / "x", status="any", partial=draws.random() < 0.5)
        for _ in data.rows():
            pass
        for index in range(len(data)):
            data.load(index)
        check_pages(folder / "x")
        return "read"
    shutil.rmtree(folder / "y", ignore_errors=True)
    import_pairs(folder / "x", SANTA, folder / "y", size=64, progress=False)
    rows = PairDataset(folder / "y", status="any").rows(["status"])
    return "rejected rows" if any(row["status"] == "rejected" for row in rows) else "read"


def _damage(folder: Path, draws: random.Random) -> None:
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != ".lock")
    path = draws.choice(files)
    if path.suffix == ".parquet" and draws.random() < 0.5:
        _other_cells(path, draws)
    elif path.suffix in (".json", ".txt") and draws.random() < 0.7:
        text = path.read_text(encoding="utf-8")
        if path.name == "dataset.json" and draws.random() < 0.5:
            text = json.dumps(mutate_data(json.loads(text), draws))
        else:
            text = mutate_text(text, draws)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    elif draws.random() < 0.05:
        path.unlink()
    else:
        path.write_bytes(mutate_bytes(path.read_bytes(), draws, draws.choice(files).read_bytes()))


def _other_cells(path: Path, draws: random.Random) -> None:
    """Write a Parquet file again with other cells, columns or row groups; its note stays."""
    table = pq.read_table(path)
    name, chance = draws.choice(table.column_names), draws.random()
    place = table.column_names.index(name)
    if chance < 0.2:
        table = table.drop_columns([name])
    elif chance < 0.4:
        column = (
            pa.array([draws.choice([1, 2])] * len(table)) if draws.random() < 0.5 else pa.array([[1.5]] * len(table))
        )
        table = table.set_column(place, name, column)
    else:
        values = table[name].to_pylist()
        kind = table.schema.field(name).type
        word = draws.choice([None, "", "maybe", "[1]", "{", '{"a": NaN}', '{"a": [1]}', "x" * 5000, "a\0b"])
        cell = draws.choice(PLAIN[:6]) if pa.types.is_integer(kind) else word
        if pa.types.is_struct(kind):
            cell = draws.choice([None, {"bytes": None, "path": None}, {"bytes": b"x", "path": "y"}])
        values[draws.randrange(len(values))] = cell
        try:
            table = table.set_column(place, table.schema.field(name), pa.array(values, kind))
        except (pa.ArrowException, OverflowError, TypeError):
            table = table.slice(1)
    note = (pq.read_metadata(path).metadata or {}).get(b"stillyou", b"")
    with pq.ParquetWriter(path, table.schema, compression=draws.choice(["none", "snappy"])) as writer:
        writer.write_table(table, row_group_size=draws.choice([4, 4, 4, 1, 99]))
        writer.add_key_value_metadata({b"stillyou": note})
