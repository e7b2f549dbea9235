"""Curation of a dataset: planted defects are refused for the right reason, good pairs kept, pictures never touched."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from stillyou.bench.curation import figures, plant
from stillyou.bench.planted import DEFECTS
from stillyou.effects.bands import Band
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.curate import Curation, curate
from stillyou.pairs.curation.record import read_record
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.shards import IMAGES
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import QUIET, FakeTeacher

EFFECTS = load_effects("santa,laughing")
SILENT = Curation(progress=False)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """40 cartoon pairs, half of them with defects, not yet curated."""
    folder = tmp_path_factory.mktemp("planted")
    make_pairs(configure("cartoon", {}), EFFECTS, 20, folder / "made", seed=3, shard_size=10, execution=QUIET)
    return folder / "pairs", plant(folder / "made", folder / "pairs")


@pytest.fixture(scope="module")
def curated(planted: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, curated."""
    folder = Path(shutil.copytree(planted[0], tmp_path_factory.mktemp("curated") / "pairs"))
    curate(folder, SILENT)
    return folder


@pytest.fixture(scope="module")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset that has not been curated."""
    folder = tmp_path_factory.mktemp("fakes") / "pairs"
    make_pairs(FakeTeacher(), EFFECTS, 6, folder, shard_size=2, execution=QUIET)
    return folder


@pytest.fixture
def copy(fakes: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fakes, tmp_path / "pairs"))


def test_planted_defects_are_refused_for_the_right_reason_and_good_pairs_kept(
    planted: tuple[Path, dict[str, str]], curated: Path
):
    found = figures(curated, planted[1])
    assert all(found["table"][defect]["pairs"] >= 3 for defect in DEFECTS)
    assert found["precision"] >= 0.95 and found["recall"] >= 0.95 and found["right_reason"] >= 0.9, found["table"]


def test_nothing_but_status_reason_and_scores_changes(planted: tuple[Path, dict[str, str]], curated: Path):
    before, after = (PairDataset(folder, status="any") for folder in (planted[0], curated))
    told = ("key", "source_prompt", "target_prompt", "effect", "teacher", "seed", "attributes")
    assert list(before.rows(told)) == list(after.rows(told))
    for index in range(len(before)):
        one, other = before.load(index), after.load(index)
        assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in IMAGES)


def test_counts_and_record_say_what_the_rows_say(curated: Path):
    rows = list(PairDataset(curated, status="any").rows(("effect", "status", "reason", "scores")))
    counted = Counter((row["effect"], row["status"]) for row in rows)
    info, record = read_info(curated), read_record(curated)
    assert record is not None and info.complete
    assert info.counts == {e.id: {s: counted[e.id, s] for s in ("accepted", "rejected")} for e in EFFECTS}
    assert all((row["reason"] != "") == (row["status"] == "rejected") for row in rows)
    measured = {name for scorer in record.scorers for name in scorer.measures} | {"novelty", "overall"}
    assert {name for row in rows for name in row["scores"]} <= measured
    assert record.bands["santa"]["shift"] == Band(most=2.5)


def test_curating_again_changes_no_byte_and_workers_do_not_matter(copy: Path, tmp_path: Path):
    other = Path(shutil.copytree(copy, tmp_path / "other"))
    curate(copy, SILENT)
    first = {path.name: path.read_bytes() for path in copy.glob("*.parquet")}
    curate(copy, SILENT)
    curate(other, Curation(progress=False, workers=2))
    assert first == {path.name: path.read_bytes() for path in copy.glob("*.parquet")}
    assert first == {path.name: path.read_bytes() for path in other.glob("*.parquet")}


def test_other_bounds_need_no_new_measurement(copy: Path, monkeypatch: pytest.MonkeyPatch):
    curate(copy, SILENT)
    plain = [row["status"] for row in PairDataset(copy, status="any").rows(("status",))]

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("stillyou.pairs.curation.shard._scores", never)
    monkeypatch.setattr("stillyou.pairs.curation.shard.decoded", never)
    summary = curate(copy, Curation(progress=False, bands={"mask_share": Band(least=0.99, most=1)}))
    assert sum(summary.accepted.values()) == 0
    curate(copy, SILENT)
    assert [row["status"] for row in PairDataset(copy, status="any").rows(("status",))] == plain


def test_keep_is_a_share_of_each_effect_and_keeps_the_best(curated: Path, tmp_path: Path):
    folder = Path(shutil.copytree(curated, tmp_path / "pairs"))
    curate(folder, Curation(progress=False, keep=0.25))
    rows = list(PairDataset(folder, status="any").rows(("effect", "status", "reason", "scores")))
    for effect in EFFECTS:
        of = [row for row in rows if row["effect"] == effect.id]
        least = read_record(folder).thresholds[effect.id]  # type: ignore[union-attr]
        sound = [row for row in of if row["status"] == "accepted" or row["reason"] == "not among the best"]
        assert sum(row["scores"]["overall"] >= least for row in sound) >= 5
        assert sum(row["scores"]["overall"] > least for row in sound) < 5
        assert all(row["scores"]["overall"] >= least for row in of if row["status"] == "accepted")


def test_what_its_maker_refused_stays_refused(copy: Path):
    from stillyou.pairs.dataset.rewrite import Verdict, rewrite_shard

    path = copy / "pairs-00000.parquet"
    rewrite_shard(path, [Verdict("rejected", "a picture cannot be read")] * 4)
    curate(copy, SILENT)
    assert [row["reason"] for row in PairDataset(copy, status="any").rows(("reason",))][:4] == [
        "a picture cannot be read"
    ] * 4


def test_bounds_of_the_effect_stand_under_those_of_the_user(copy: Path):
    from stillyou.pairs.curation.criteria import bands_of

    own = EFFECTS[0].model_copy(update={"curation": {"shift": Band(most=7), "sharpness": Band(least=0.5)}})
    bands = bands_of(own, {"shift": Band(most=3)})
    assert bands["shift"] == Band(most=3) and bands["sharpness"] == Band(least=0.5, most=1.5)


def test_bad_wishes_and_damaged_datasets_are_told_in_a_line(copy: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="keep is 1.5"):
        curate(copy, Curation(progress=False, keep=1.5))
    with pytest.raises(UsageError, match="is above most"):
        curate(copy, Curation(progress=False, bands={"shift": Band(least=5)}))
    with pytest.raises(UsageError, match="no pair dataset"):
        curate(tmp_path / "nothing", SILENT)
    shard = copy / "pairs-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(StillYouError, match="damaged 1 shard"):
        curate(copy, SILENT)
