"""Importers: the three layouts, computed masks, rejected rows, and lists that must be refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from stillyou.effects.lookup import load_effect
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.imported.importers import MASK_SIZE, SIZES_DIFFER, UNREADABLE, changed_mask, import_pairs
from stillyou.pairs.imported.listings import open_listing
from stillyou.pairs.pair import Pair

SANTA = load_effect("santa")


def _before(side: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (side, side, 3), dtype=np.uint8)


def _after(before: np.ndarray) -> np.ndarray:
    after = before.copy()
    after[10:40, 8:40] += 50
    return after


def _save(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


def _bytes(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _all(folder: Path) -> list[tuple[Pair, dict[str, object]]]:
    dataset = PairDataset(folder, status="any")
    return [(dataset.load(index), dataset.row(index)) for index in range(len(dataset))]


def _import(path: Path, out: Path, **options: object) -> list[tuple[Pair, dict[str, object]]]:
    import_pairs(path, SANTA, out, size=64, progress=False, **options)
    made = _all(out)
    assert all(pair.problem() == "" for pair, row in made if row["status"] == "accepted")
    return made


def test_a_folder_of_pictures(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    before = _before()
    mask = np.zeros((64, 64), np.uint8)
    mask[5:50, 5:50] = 200
    for name in ("a", "b"):
        _save(folder / f"{name}_input.png", before)
        _save(folder / f"{name}_target.png", _after(before))
    _save(folder / "b_mask.png", mask)
    (folder / "b.txt").write_text("a man, santa claus costume\na man\n")
    (a, row_a), (b, row_b) = _import(folder, tmp_path / "pairs")
    assert (a.source_prompt, a.target_prompt) == ("a cartoon character", "a cartoon character, santa claus costume")
    assert (b.source_prompt, b.target_prompt) == ("a man", "a man, santa claus costume")
    assert np.array_equal(a.source, before) and np.array_equal(b.target, _after(before))
    assert np.array_equal(b.mask, np.where(mask >= 128, 255, 0))
    assert (a.mask[10:40, 8:40] == 255).all() and (a.mask > 0).sum() <= 32 * 34 + 4
    assert row_a["key"] == "import-folder-0-santa-0000000" and row_a["attributes"] == {"origin": "a"}
    assert row_b["status"] == "accepted" and row_b["effect"] == "santa"


def test_the_released_layout(tmp_path: Path):
    folder = tmp_path / "released"
    (folder / "source").mkdir(parents=True)
    _save(folder / "source" / "1.jpg", _before())
    _save(folder / "1.png", _after(np.asarray(Image.open(folder / "source" / "1.jpg"))))
    line = {
        "source": "source/1.jpg",
        "target": "1.png",
        "prompt": "a man, santa claus costume",
        "source_prompt": "a man",
    }
    (folder / "prompt.json").write_text(f"{json.dumps(line)}\n\n")
    for given, out in ((folder, "one"), (folder / "prompt.json", "two")):
        ((pair, row),) = _import(given, tmp_path / out)
        assert (pair.source_prompt, pair.target_prompt) == ("a man", "a man, santa claus costume")
        assert row["status"] == "accepted" and row["teacher"] == "import-released"
        assert row["attributes"] == {"origin": "source/1.jpg"}


@pytest.mark.parametrize("described", [False, True])
def test_instructpix2pix_columns(tmp_path: Path, described: bool):
    rows = []
    for index in range(5):
        before = _before(seed=index)
        row = {"original_image": {"bytes": _bytes(before), "path": None}, "edit_prompt": f"make it {index}"}
        row["edited_image"] = {"bytes": _bytes(_after(before)), "path": None}
        if described:
            row |= {"original_prompt": f"man {index}", "edited_prompt": f"santa {index}"}
        rows.append(row)
    for part, some in enumerate((rows[:3], rows[3:])):
        pq.write_table(pa.Table.from_pylist(some), tmp_path / f"{part}.parquet", row_group_size=2)
    made = _import(tmp_path, tmp_path / "pairs")
    assert len(made) == 5
    for index, (pair, row) in enumerate(made):
        assert np.array_equal(pair.source, _before(seed=index))
        assert pair.target_prompt == (f"santa {index}" if described else f"make it {index}")
        assert pair.source_prompt == (f"man {index}" if described else "a cartoon character")
        assert row["status"] == "accepted"


def test_pictures_are_cut_square_and_scaled_together(tmp_path: Path):
    before = np.zeros((128, 192, 3), np.uint8)
    before[:, 32:160] = 90
    after = before.copy()
    after[32:96, 64:128] = 250
    _save(tmp_path / "x_input.png", before)
    _save(tmp_path / "x_target.png", after)
    ((pair, row),) = _import(tmp_path, tmp_path / "pairs")
    assert (pair.source == 90).all() and (pair.target[18:46, 18:46] > 240).all()
    assert row["status"] == "accepted" and 0.25 <= (pair.mask > 0).mean() < 0.35


def test_unusable_pairs_become_rejected_rows(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    before = _before()
    for name in ("fine", "mask", "same", "size", "torn"):
        _save(folder / f"{name}_input.png", before)
        _save(folder / f"{name}_target.png", before if name == "same" else _after(before))
    _save(folder / "mask_mask.png", np.zeros((32, 32), np.uint8))
    _save(folder / "size_target.png", _before(32))
    (folder / "torn_target.png").write_bytes(_bytes(before)[:200])
    made = {row["attributes"]["origin"]: (pair, row) for pair, row in _import(folder, tmp_path / "pairs")}
    reasons = {name: row["reason"] for name, (_, row) in made.items()}
    assert reasons == {
        "fine": "",
        "mask": MASK_SIZE,
        "same": "nothing changed",
        "size": SIZES_DIFFER,
        "torn": UNREADABLE,
    }
    assert np.array_equal(made["size"][0].source, before)


def test_transparency_lies_on_white(tmp_path: Path):
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[:, :32] = (10, 20, 30, 255)
    Image.fromarray(rgba).save(tmp_path / "x_input.png")
    Image.fromarray(_after(rgba[..., :3])).save(tmp_path / "x_target.png")
    ((pair, _),) = _import(tmp_path, tmp_path / "pairs")
    assert (pair.source[:, :32] == (10, 20, 30)).all() and (pair.source[:, 32:] == 255).all()


def test_computed_masks_drop_specks_and_keep_lines():
    before = np.full((40, 40, 3), 100, np.uint8)
    after = before.copy()
    after[5, 5] = 255
    after[20:22, 10:30] = 255
    after[30:35, 30:35, 1] += 8
    mask = changed_mask(before, after)
    assert set(np.unique(mask)) == {0, 255}
    assert not mask[:15].any() and not mask[28:].any()
    assert mask[20:22, 11:29].all()


def test_an_import_resumes_and_refuses_another_list(tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    _save(folder / "a_input.png", _before())
    _save(folder / "a_target.png", _after(_before()))
    first = [path.read_bytes() for path in sorted(tmp_path.glob("pairs/*"))]
    _import(folder, tmp_path / "pairs")
    _import(folder, tmp_path / "pairs")
    assert first == [] and len(_all(tmp_path / "pairs")) == 1
    _save(folder / "b_input.png", _before())
    _save(folder / "b_target.png", _after(_before()))
    with pytest.raises(UsageError, match="was begun with origin mine"):
        _import(folder, tmp_path / "pairs")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 has no usable 'source'"),
        ('{"source": "a.png"}', "line 2 has no usable 'target'"),
        ('{"source": "a.png", "target": 3}', "line 2 has no usable 'target'"),
        ('{"source": "a.png", "target": "a.png", "prompt": 3}', "line 2 has no usable 'prompt'"),
        ('{"source": "../a.png", "target": "a.png"}', "'../a.png' lies outside"),
        ('{"source": "/etc/hostname", "target": "a.png"}', "'/etc/hostname' lies outside"),
        ('{"source": "link.png", "target": "a.png"}', "'link.png' lies outside"),
    ],
)
def test_bad_lists_are_refused_by_line(tmp_path: Path, line: str, message: str):
    folder = tmp_path / "released"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(_bytes(_before()))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    good = '{"source": "a.png", "target": "a.png", "prompt": "p", "source_prompt": "s"}'
    (folder / "prompt.json").write_text(f"{good}\n{line}\n")
    with pytest.raises(UsageError) as error:
        _import(folder, tmp_path / "pairs")
    assert message in str(error.value) and not (tmp_path / "pairs").exists()


def test_a_missing_picture_of_a_list_is_a_rejected_row(tmp_path: Path):
    (tmp_path / "prompt.json").write_text('{"source": "a.png", "target": "b.png", "prompt": "p", "source_prompt": "s"}')
    ((_, row),) = _import(tmp_path, tmp_path / "pairs")
    assert (row["status"], row["reason"]) == ("rejected", UNREADABLE)


def test_layouts_that_are_not_there(tmp_path: Path):
    (tmp_path / "notes.md").write_text("x")
    for path, message in ((tmp_path, "no pairs in a known layout"), (tmp_path / "none", "does not exist")):
        with pytest.raises(UsageError, match=message):
            open_listing(path)
    with pytest.raises(UsageError, match="has no NAME_input pictures"):
        open_listing(tmp_path, "folder")
    with pytest.raises(UsageError, match="has no Parquet files"):
        open_listing(tmp_path, "instructpix2pix")
    (tmp_path / "a_input.png").write_bytes(b"")
    with pytest.raises(UsageError, match="a_input.png without a_target"):
        open_listing(tmp_path)
    (tmp_path / "a_input.jpg").write_bytes(b"")
    with pytest.raises(UsageError, match=r"has a_input.jpg and a_input.png. Keep one"):
        open_listing(tmp_path)


def test_parquet_of_something_else(tmp_path: Path):
    pq.write_table(pa.table({"original_image": [b""], "edit_prompt": ["x"]}), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="has no column 'edited_image'"):
        open_listing(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StillYouError, match="is damaged: it cannot be read as Parquet"):
        open_listing(tmp_path / "a.parquet")
