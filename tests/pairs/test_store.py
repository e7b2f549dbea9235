"""The dataset folder: exact round trips, formats, damage, selection, and what `datasets` makes of it."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stillyou.draws import stable_seed
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.dataset.shards import (
    COLUMNS,
    ROWS_A_GROUP,
    Row,
    ShardReader,
    decode_png,
    encode_png,
    read_footer,
    schema,
    shard_name,
    write_shard,
)
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from tests.pairs.fakes import QUIET, FakeTeacher

EFFECTS = load_effects("santa,laughing,crying")
N, SEED = 7, 5


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "pairs"
    make_pairs(FakeTeacher(), EFFECTS, N, folder, seed=SEED, shard_size=3, execution=QUIET)
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "pairs"))


def _same(one: Pair, other: Pair) -> bool:
    pictures = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("source", "target", "mask"))
    words = ("source_prompt", "target_prompt", "effect", "teacher", "seed", "attributes", "domain")
    return pictures and all(getattr(one, name) == getattr(other, name) for name in words)


def test_pairs_come_back_as_the_teacher_made_them(finished: Path):
    dataset = PairDataset(finished, status="any")
    assert len(dataset) == N * len(EFFECTS)
    wanted = [(effect, index) for index in range(N) for effect in EFFECTS]
    for place, (effect, index) in enumerate(wanted):
        pair = FakeTeacher().pair(effect, stable_seed("pair", SEED, effect.id, index))
        assert _same(dataset.load(place), pair)
        row = dataset.row(place)
        assert row["key"] == f"fake-{SEED}-{effect.id}-{index:07d}"
        assert row["scores"]["mask_share"] == pytest.approx((pair.mask > 0).mean(), abs=1e-6)
        assert (row["status"] == "accepted") == bool(pair.mask.any())
        assert row["reason"] == ("" if pair.mask.any() else "nothing changed")


def test_rows_are_metadata_in_the_order_of_load(finished: Path):
    dataset = PairDataset(finished, status="any")
    rows = list(dataset.rows())
    assert rows == [dataset.row(index) for index in range(len(dataset))]
    assert set(COLUMNS) - set(rows[0]) == {"source", "target", "mask"}
    assert len({row["key"] for row in rows}) == len(rows)
    assert list(dataset.rows(["effect"])) == [{"effect": row["effect"]} for row in rows]
    with pytest.raises(UsageError, match="'effekt'"):
        next(dataset.rows(["effekt"]))


def test_selection_by_effect_and_status(finished: Path):
    everything = list(PairDataset(finished, status="any").rows())
    for status in ("accepted", "rejected"):
        for effects in (None, ["santa"], ["crying", "laughing"]):
            dataset = PairDataset(finished, effects=effects, status=status)
            wanted = [r for r in everything if r["status"] == status and (effects is None or r["effect"] in effects)]
            assert wanted and list(dataset.rows()) == wanted
            assert dataset.load(len(dataset) - 1).seed == wanted[-1]["seed"]
    with pytest.raises(UsageError, match="no pairs of effect 'santta'. Did you mean 'santa'"):
        PairDataset(finished, effects=["santta"])


def test_indices_out_of_range_are_refused(finished: Path):
    dataset = PairDataset(finished)
    for index in (-1, len(dataset)):
        with pytest.raises(IndexError):
            dataset.load(index)


def test_a_pickled_dataset_reads_the_same(finished: Path):
    dataset = PairDataset(finished)
    dataset.load(3)
    data = pickle.dumps(dataset)
    other = pickle.loads(data)
    assert len(data) < 60_000
    assert _same(other.load(4), dataset.load(4)) and other.fingerprint() == dataset.fingerprint()


def test_few_files_stay_open(finished: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stillyou.pairs.dataset.store._OPEN_FILES", 1)
    dataset = PairDataset(finished, status="any")
    order = [0, 20, 1, 19, 10, 0]
    assert [dataset.load(index).seed for index in order] == [dataset.row(index)["seed"] for index in order]
    assert sum(reader._file is not None for reader in dataset._readers) == 1


def test_datasets_decodes_the_images(finished: Path, tmp_path: Path):
    datasets = pytest.importorskip("datasets")
    files = [str(path) for path in sorted(finished.glob("*.parquet"))]
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    own = PairDataset(finished, status="any")
    assert len(loaded) == len(own) and loaded.column_names == list(COLUMNS)
    for index in (0, 5, len(own) - 1):
        row, pair = loaded[index], own.load(index)
        for name in ("source", "target", "mask"):
            assert np.array_equal(np.asarray(row[name]), getattr(pair, name))
        assert row["mask"].mode == "L" and row["key"] == own.row(index)["key"] and row["seed"] == pair.seed


def test_the_schema_is_what_datasets_would_write():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features.from_arrow_schema(schema())
    assert features == {
        name: datasets.Image()
        if name in ("source", "target", "mask")
        else datasets.Value("int64" if name == "seed" else "string")
        for name in COLUMNS
    }
    assert features.arrow_schema.equals(schema())


def test_the_description_says_what_the_dataset_is(finished: Path):
    data = json.loads((finished / "dataset.json").read_text())
    assert data["format_version"] == 2 and data["complete"] is True and data["teacher"] == "fake"
    assert (data["seed"], data["size"], data["candidates"]) == (SEED, 64, N)
    assert [effect["id"] for effect in data["effects"]] == ["santa", "laughing", "crying"]
    assert data["licences"] == {"rectangles": "CC0"} and data["domain"] == "cartoon"
    assert data["config"] == {"kind": "fake", "domain": "cartoon", "size": 64, "shares_sources": False}
    for effect in EFFECTS:
        for status in ("accepted", "rejected"):
            assert data["counts"][effect.id][status] == len(PairDataset(finished, effects=[effect.id], status=status))


def test_fingerprints_follow_the_contents(finished: Path, tmp_path: Path):
    def fingerprint(folder: Path, **selection: object) -> str:
        return PairDataset(folder, **selection).fingerprint()

    other = tmp_path / "other"
    make_pairs(FakeTeacher(), EFFECTS, N, other, seed=SEED + 1, shard_size=3, execution=QUIET)
    again = tmp_path / "again"
    make_pairs(FakeTeacher(), EFFECTS, N, again, seed=SEED, shard_size=3, execution=QUIET)
    assert fingerprint(finished) == fingerprint(again)
    different = [fingerprint(finished), fingerprint(other), fingerprint(finished, effects=["santa"])]
    assert len({*different, fingerprint(finished, status="any")}) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 3}, "has format version 3; this stillyou reads 1 to 2. Upgrade"),
        ({"format_version": 0}, "has format version 0"),
        ({"format_version": "one"}, "has format version one"),
        ({"format": "other"}, "describes 'other'"),
        ({"size": "big"}, "'size'"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_other_formats_are_refused(copy: Path, change: dict[str, object], message: str):
    path = copy / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        PairDataset(copy)


def test_no_dataset_and_a_damaged_description(tmp_path: Path, copy: Path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match="is no pair dataset"):
            PairDataset(folder)
    for text in ("", "{", "[]", '{"format": "stillyou-pairs"}'):
        (copy / "dataset.json").write_text(text)
        with pytest.raises(StillYouError, match="is damaged or no description.*Delete it"):
            PairDataset(copy)


def test_missing_and_truncated_shards_are_named(copy: Path):
    (copy / shard_name(0)).unlink()
    shard = copy / shard_name(2)
    shard.write_bytes(shard.read_bytes()[:-100])
    message = r"misses 1 shard \(pairs-00000.parquet\) and has damaged 1 shard \(pairs-00002.parquet\)"
    with pytest.raises(StillYouError, match=message):
        PairDataset(copy)
    partial = PairDataset(copy, status="any", partial=True)
    assert "pairs-00002" in partial.complaint and len(partial) == 3 * len(EFFECTS)
    assert partial.load(0).seed == stable_seed("pair", SEED, "santa", 3)


def test_a_flipped_bit_in_a_picture_is_noticed(copy: Path):
    shard = copy / shard_name(1)
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 1
    shard.write_bytes(bytes(data))
    with pytest.raises(StillYouError, match=r"pairs-00001.parquet is damaged .* Delete it"):
        dataset = PairDataset(copy, status="any")
        for index in range(len(dataset)):
            dataset.load(index)


def test_a_shard_of_another_dataset_is_refused(copy: Path, tmp_path: Path):
    other = tmp_path / "other"
    make_pairs(FakeTeacher(), EFFECTS, 3, other, seed=99, shard_size=3, execution=QUIET)
    shutil.copy(other / shard_name(0), copy / shard_name(0))
    with pytest.raises(StillYouError, match="pairs-00000.parquet belongs to another dataset"):
        PairDataset(copy)


def test_any_other_parquet_file_is_refused(copy: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), copy / shard_name(0))
    with pytest.raises(StillYouError, match=r"damaged 1 shard \(pairs-00000.parquet\)"):
        PairDataset(copy)


@settings(max_examples=25, deadline=None)
@given(
    arrays.arrays(np.uint8, st.sampled_from([(8, 8), (8, 8, 3), (1, 1, 3), (32, 32, 3)])),
)
def test_pictures_survive_encoding(pixels: np.ndarray):
    decoded = decode_png(encode_png(pixels), pixels.shape[0], "RGB" if pixels.ndim == 3 else "L")
    assert np.array_equal(decoded, pixels) and decoded.flags.writeable


def test_pictures_of_another_size_or_kind_are_refused():
    grey = encode_png(np.zeros((8, 8), np.uint8))
    for size, mode in ((9, "L"), (8, "RGB")):
        with pytest.raises(ValueError, match="a picture is L"):
            decode_png(grey, size, mode)


@pytest.mark.parametrize("rows", [1, ROWS_A_GROUP, ROWS_A_GROUP + 1])
def test_shards_of_any_length_and_words(tmp_path: Path, rows: int):
    draws = np.random.default_rng(rows)
    pictures = draws.integers(0, 256, (rows, 16, 16, 3), dtype=np.uint8)
    mask = np.full((16, 16), 255, np.uint8)
    made = [
        Row(
            f"k{i}", Pair(p, p[::-1], mask, "naïve «a»\n", "羊\U0001f411", "x", "t", 2**63 - 1 - i), "rejected", 'a "b"'
        )
        for i, p in enumerate(pictures)
    ]
    path = tmp_path / "shard.parquet"
    note = write_shard(path, made, settings="s", start=2, stop=9)
    read, footer = read_footer(path)
    assert read == note and (read.settings, read.start, read.stop) == ("s", 2, 9)
    reader = ShardReader(path, footer)
    table = reader.metadata().to_pylist()
    assert [row["seed"] for row in table] == [2**63 - 1 - i for i in range(rows)]
    assert table[-1]["source_prompt"] == "naïve «a»\n" and table[-1]["target_prompt"] == "羊\U0001f411"
    assert table[-1]["reason"] == 'a "b"' and table[-1]["attributes"] == "{}"
    for i in reversed(range(rows)):
        assert np.array_equal(decode_png(reader.pictures(i)[1], 16, "RGB"), pictures[i][::-1])
