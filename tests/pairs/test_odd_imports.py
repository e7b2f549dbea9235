"""Importing what others keep oddly: marks and separators in prompts, masks in alpha, hidden files, odd tables."""

from __future__ import annotations

import io
import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.store import PairDataset, read_info
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.imported.importers import import_pairs
from stillyou.pairs.imported.listings import open_listing
from tests.pairs.fakes import QUIET, FakeTeacher

SANTA = load_effect("santa")
BEFORE = np.random.default_rng(4).integers(0, 200, (64, 64, 3), dtype=np.uint8)
AFTER = BEFORE.copy()
AFTER[10:40, 8:40] += 50


def save(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


def png(pixels: np.ndarray = BEFORE) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def imported(folder: Path) -> PairDataset:
    import_pairs(folder, SANTA, folder.parent / "made", size=64, progress=False)
    return PairDataset(folder.parent / "made", status="any")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    save(folder / "a_input.png", BEFORE)
    save(folder / "a_target.png", AFTER)
    return folder


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_prompts_come_as_they_were_written(mine: Path, line_end: str) -> None:
    written = f"\ufeffa man,\u2028santa\u0085 suit{line_end}a\u2029man{line_end}"
    (mine / "a.txt").write_bytes(written.encode("utf-8"))
    (row,) = imported(mine).rows()
    assert (row["target_prompt"], row["source_prompt"]) == ("a man,\u2028santa\u0085 suit", "a\u2029man")


def test_a_list_with_a_mark_and_separators(mine: Path) -> None:
    line = {"source": "a_input.png", "target": "a_target.png", "prompt": "x\u2028y", "source_prompt": "z"}
    (mine / "prompt.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(line, ensure_ascii=False).encode())
    (row,) = imported(mine).rows()
    assert (row["target_prompt"], row["source_prompt"]) == ("x\u2028y", "z")


def test_a_shape_in_the_alpha_channel_is_the_mask(mine: Path) -> None:
    alpha = np.zeros((64, 64), np.uint8)
    alpha[5:50, 5:50] = 255
    save(mine / "a_mask.png", np.dstack([np.full((64, 64, 3), 255, np.uint8), alpha]))
    assert np.array_equal(imported(mine).load(0).mask, alpha)


def test_hidden_files_are_no_pairs_and_letters_case_counts_for_nothing(mine: Path) -> None:
    for name in ("._a_input.png", ".DS_Store", "._a.txt"):
        (mine / name).write_bytes(b"\0\5\26\7")
    save(mine / "B_INPUT.PNG", BEFORE)
    save(mine / "B_Target.Png", AFTER)
    (mine / "B.TXT").write_text("loud\n")
    rows = list(imported(mine).rows())
    assert [row["attributes"]["origin"] for row in rows] == ["B", "a"]
    assert rows[0]["target_prompt"] == "loud" and all(row["status"] == "accepted" for row in rows)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"source": "a\0.png"}, "line 2 has a path that no file can have"),
        ({"target": "b" * 5000}, "line 2 has a path that no file can have"),
        ({"source": "loop.png"}, "line 2 has a path that no file can have"),
        ({"target": "\ud83d.png"}, "line 2 has a text with half a character"),
        ({"prompt": "a\0b"}, "line 2 has a text with a NUL character"),
        ({"prompt": "x" * 3000}, "line 2 has a prompt of 3000 letters"),
        ({"target": "../../etc/passwd"}, "lies outside"),
    ],
)
def test_lines_that_no_dataset_could_hold_are_refused_by_number(mine: Path, change: dict[str, str], told: str) -> None:
    (mine / "loop.png").symlink_to(mine / "loop.png")
    line = {"source": "a_input.png", "target": "a_target.png", "prompt": "p", "source_prompt": "s"}
    (mine / "prompt.json").write_text(f"{json.dumps(line)}\n{json.dumps(line | change)}\n")
    with pytest.raises(UsageError) as caught:
        open_listing(mine)
    assert told in caught.value.what and "\n" not in str(caught.value)


def test_a_key_twice_and_a_bottomless_list_are_refused(mine: Path) -> None:
    for text, told in (
        ('{"source": "a", "source": "b"}', "has the key 'source' twice"),
        ("[" * 99_999, "nested too deeply"),
    ):
        (mine / "prompt.json").write_text(text)
        with pytest.raises(UsageError, match=f"line 1 {told}|line 1 is {told}"):
            open_listing(mine)


CELLS = {"original_image": png(), "edit_prompt": "santa", "edited_image": png(AFTER)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"original_image": 3}, "has int64 in column 'original_image', not pictures"),
        ({"edited_image": {"path": "a.png"}}, "in column 'edited_image', not pictures"),
        ({"edit_prompt": 1.5}, "has double in column 'edit_prompt', not texts"),
        ({"edited_prompt": ["a"]}, "in column 'edited_prompt', not texts"),
    ],
)
def test_columns_of_another_type_are_named(tmp_path: Path, change: dict[str, object], told: str) -> None:
    pq.write_table(pa.Table.from_pylist([CELLS | change]), tmp_path / "a.parquet")
    with pytest.raises(UsageError) as caught:
        open_listing(tmp_path)
    assert told in caught.value.what and "a.parquet" in caught.value.what


def test_rows_are_read_in_any_order_and_nulls_are_rejected(tmp_path: Path) -> None:
    rows = [CELLS | {"edit_prompt": f"p{number}"} for number in range(40)]
    rows[7]["original_image"] = None
    rows[8]["edit_prompt"] = None
    (tmp_path / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in" / "a.PARQUET", row_group_size=35)
    listing = open_listing(tmp_path / "in")[1]
    for number in (39, 3, 20, 19, 35, 0):
        assert listing.entry(number).target_prompt == f"p{number}"
    assert listing.entry(7).source == b"" and listing.entry(8).target_prompt == ""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "pairs"
    make_pairs(FakeTeacher(), [SANTA], 3, folder, shard_size=8, execution=QUIET)
    return folder


def rewrite(shard: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write a shard again with other cells; its note stays."""
    note = pq.read_metadata(shard).metadata[b"stillyou"]
    table = change(pq.read_table(shard))
    with pq.ParquetWriter(shard, table.schema) as writer:
        writer.write_table(table, row_group_size=4)
        writer.add_key_value_metadata({b"stillyou": note})


def with_cell(folder: Path, column: str, value: object) -> None:
    """Write the first shard again with another value in row 1."""

    def change(table: pa.Table) -> pa.Table:
        values, field = table[column].to_pylist(), table.schema.field(column)
        values[1] = value
        return table.set_column(table.column_names.index(column), field, pa.array(values, field.type))

    rewrite(folder / "pairs-00000.parquet", change)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("effect", None, "row 1 has nothing in column 'effect'"),
        ("effect", "pirate", "row 1 has 'pirate' in column 'effect', not santa"),
        ("status", "maybe", "row 1 has 'maybe' in column 'status', not accepted or rejected"),
        ("scores", "not json", "row 1 column 'scores' is damaged: it is not JSON"),
        ("scores", '{"a": "word"}', "row 1 column 'scores' is damaged: it holds other things"),
        ("attributes", "[1]", "row 1 column 'attributes' is damaged: it holds no JSON object"),
    ],
)
def test_cells_that_cannot_be_are_named_by_shard_row_and_column(
    ours: Path, tmp_path: Path, column: str, value: object, told: str
) -> None:
    folder = Path(shutil.copytree(ours, tmp_path / "pairs"))
    with_cell(folder, column, value)
    with pytest.raises(StillYouError) as caught:
        list(PairDataset(folder, status="any").rows())
    assert told in caught.value.what and "pairs-00000.parquet" in caught.value.what


@pytest.mark.parametrize(
    "change",
    [lambda table: table.drop_columns(["teacher"]), lambda table: table.set_column(0, "key", pa.array([1, 2, 3]))],
)
def test_columns_of_shards_are_checked(ours: Path, tmp_path: Path, change) -> None:
    folder = Path(shutil.copytree(ours, tmp_path / "pairs"))
    rewrite(folder / "pairs-00000.parquet", change)
    with pytest.raises(StillYouError, match="column '(teacher|key)' is (missing|int64)"):
        PairDataset(folder)


def test_a_description_of_endless_shards_is_refused(ours: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ours, tmp_path / "pairs"))
    path = folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"candidates": 10**15}))
    with pytest.raises(StillYouError, match="describes more than 1000000 shards"):
        read_info(folder)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, before[1]))
    try:
        with pytest.raises(StillYouError, match="cannot write .*pairs-00000.parquet"):
            make_pairs(FakeTeacher(), [SANTA], 6, tmp_path / "pairs", shard_size=3, execution=QUIET)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in (tmp_path / "pairs").iterdir()} <= {"dataset.json", ".lock"}
    for folder in ("pairs", "other"):
        make_pairs(FakeTeacher(), [SANTA], 6, tmp_path / folder, shard_size=3, execution=QUIET)
    for path in (tmp_path / "other").glob("p*"):
        assert path.read_bytes() == (tmp_path / "pairs" / path.name).read_bytes()
