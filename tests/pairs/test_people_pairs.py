"""Pairs of teachers whose effects share a person: one seed for all of them, options kept, degradation exact."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import Field

from stillyou.cli import main
from stillyou.draws import generator
from stillyou.effects.lookup import load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.assemble import salvage
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.shards import shard_name
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.degrade.chains import degrade_pair
from stillyou.pairs.degrade.lens import vignette
from stillyou.pairs.degrade.scene import Step
from stillyou.pairs.degrade.sensor import low_resolution, sensor_noise
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.degraded import Degraded
from stillyou.pairs.teachers.protocol import PairRequest, Teacher
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import FakeTeacher, quiet

EFFECTS = load_effects("santa,royal,angry")


class BrokenDriver(FakeTeacher):
    """Takes its process down."""

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        os._exit(11)


class Sitters(FakeTeacher):
    """The source follows from the seed alone; the effects of a seed must be asked for one after another."""

    kind: str = "sitters"
    shares_sources: bool = True
    journal: str = Field("", exclude=True)
    told: dict[str, str] = Field({}, exclude=True)

    def contents(self) -> dict[str, str]:
        return self.told

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        x, y = np.meshgrid(*[np.linspace(0, 3, self.size)] * 2)
        phase = generator("sitter", seed).random(3) * 6
        source = (127 + 100 * np.sin(x[..., None] + y[..., None] + phase)).astype(np.uint8)
        mask = np.zeros((self.size, self.size), np.uint8)
        mask[: self.size // 2, 8 : self.size - 8] = 255
        target = np.where(mask[..., None] > 0, 255 - source, source)
        if self.journal:
            with open(self.journal, "a") as file:
                file.write(f"{seed} {effect.id} {os.environ.get('LP_NUM_THREADS')}\n")
        prompts = effect.prompts({"subject": "person"})
        words = (prompts.source, prompts.target, effect.id, self.kind, seed, {}, self.domain)
        return Pair(source, target, mask, *words)


def make(
    out: Path, n: int = 6, workers: int = 1, seconds: float | None = None, journal: Path | str = "", **told: str
) -> PairDataset:
    teacher = Sitters(size=64, journal=str(journal), told=told)
    make_pairs(teacher, EFFECTS, n, out, shard_size=2, execution=quiet(workers, seconds))
    return PairDataset(out, status="any")


def test_all_effects_of_an_index_show_one_person_one_after_another(tmp_path: Path):
    data = make(tmp_path / "p", journal=tmp_path / "journal")
    rows = list(data.rows(("effect", "seed", "key")))
    people = [rows[start : start + 3] for start in range(0, len(rows), 3)]
    assert all(len({row["seed"] for row in person}) == 1 for person in people)
    assert len({row["seed"] for row in rows}) == len(people) == 6
    assert all([row["effect"] for row in person] == ["santa", "royal", "angry"] for person in people)
    asked = [line.split()[0] for line in (tmp_path / "journal").read_text().splitlines()]
    changes = sum(a != b for a, b in zip(asked, asked[1:], strict=False))
    assert changes <= len(people)  # the first person twice: once before any file
    assert (data.load(0).source == data.load(1).source).all()


def test_workers_change_nothing_and_keep_to_one_thread(tmp_path: Path):
    make(tmp_path / "one")
    make(tmp_path / "two", workers=2, journal=tmp_path / "journal")
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1]
    own = [line.split()[2] for line in (tmp_path / "journal").read_text().splitlines()]
    assert set(own) == {"1"} and os.environ.get("LP_NUM_THREADS") is None or set(own) == {os.environ["LP_NUM_THREADS"]}


class Noted(Sitters):
    """Notes the process that loads it."""

    def build(self, device: str = "auto") -> Teacher:
        with open(self.journal, "a") as file:
            file.write(f"{os.getpid()}\n")
        return super().build(device)


def test_each_process_loads_its_teacher_once(tmp_path: Path):
    teacher = Noted(size=64, journal=str(tmp_path / "journal"))
    make_pairs(teacher, EFFECTS, 12, tmp_path / "p", shard_size=1, execution=quiet(2))
    loaded = [line for line in (tmp_path / "journal").read_text().splitlines() if " " not in line]
    assert 1 <= len(loaded) == len(set(loaded)) <= 2 and str(os.getpid()) not in loaded


@pytest.mark.parametrize("workers", [1, 2])
def test_a_limit_in_time_leaves_a_whole_smaller_dataset_that_can_grow(tmp_path: Path, workers: int):
    begun = make(tmp_path / "p", n=40, workers=workers, seconds=-1.0)
    assert begun.meta.complete and begun.meta.candidates == 2 * workers
    assert len(make(tmp_path / "p", n=6, seconds=1000.0)) == 18
    make(tmp_path / "at-once")
    assert all(
        (tmp_path / "p" / shard_name(number)).read_bytes() == (tmp_path / "at-once" / shard_name(number)).read_bytes()
        for number in range(3)
    )


def test_a_driver_that_dies_at_the_first_pair_is_reported_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(StillYouError, match="the process that made the first pair died"):
        make_pairs(BrokenDriver(), EFFECTS, 4, tmp_path / "p", execution=quiet(2))
    assert not (tmp_path / "p").exists()


def test_what_a_failed_run_left_is_salvaged(tmp_path: Path):
    make(tmp_path / "p", n=8)
    (tmp_path / "p" / shard_name(2)).unlink()
    assert salvage(tmp_path / "p") == 4
    assert len(PairDataset(tmp_path / "p", status="any")) == 12
    assert len(make(tmp_path / "p", n=8)) == 24
    (tmp_path / "p" / shard_name(0)).unlink()
    assert salvage(tmp_path / "p") == 0 and salvage(tmp_path / "nowhere") == 0


def test_a_dataset_says_what_the_teacher_was_told(tmp_path: Path):
    plain, told = make(tmp_path / "plain"), make(tmp_path / "told", backgrounds="3 files, ab")
    assert plain.meta.options == {} and told.meta.options == {"backgrounds": "3 files, ab"}
    assert plain.meta.digest() != told.meta.digest()
    for folder, options, message in (
        ("told", {"backgrounds": "4 files, cd"}, "backgrounds 3 files, ab, not backgrounds 4 files, cd"),
        ("told", {}, "backgrounds 3 files, ab, not no options"),
        ("plain", {"backgrounds": "3 files, ab"}, "no options, not backgrounds 3 files, ab"),
    ):
        with pytest.raises(UsageError, match=message):
            make(tmp_path / folder, **options)
    assert read_info(tmp_path / "told").options == told.meta.options


def test_options_that_a_teacher_does_not_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(UsageError, match="takes no --backgrounds"):
        configure("cartoon", {"backgrounds": tmp_path})
    with pytest.raises(UsageError, match="Did you mean 'people'"):
        configure("peple", {})
    out = tmp_path / "out"
    command = ["pairs", "make", "-n", "1", "-o", str(out), "--backgrounds", str(tmp_path)]
    with pytest.raises(SystemExit, match="2"):
        main(command)
    assert "takes no --backgrounds" in capsys.readouterr().err
    nowhere = ["--teacher", "people", "--backgrounds", str(tmp_path / "nowhere")]
    with pytest.raises(SystemExit):
        main(["pairs", "make", "-n", "1", "-o", str(out), *nowhere])
    assert "nowhere" in capsys.readouterr().err and not out.exists()


def clean_pair(seed: int, effect: EffectSpec = EFFECTS[0]) -> Pair:
    return Sitters(size=64).pair(effect, seed)


def test_degradation_keeps_pairs_exact_and_the_mask_about_as_large():
    sizes = []
    for seed in range(60):
        clean = clean_pair(seed)
        taken = degrade_pair(clean, generator("test", seed))
        assert taken.problem() == ""
        assert (taken.mask >= clean.mask).all()
        sizes.append((taken.mask > 0).mean() / (clean.mask > 0).mean())
    assert np.mean(sizes) < 1.15 and max(sizes) < 1.6


def test_degradation_leaves_some_pictures_alone_and_changes_others_visibly():
    change = [
        np.abs(degrade_pair(pair, generator("test", seed)).source.astype(int) - pair.source).mean()
        for seed, pair in ((seed, clean_pair(seed)) for seed in range(60))
    ]
    assert 2 <= sum(value == 0 for value in change) <= 20
    assert np.median(change) > 4


@pytest.mark.parametrize("step", [vignette, sensor_noise, low_resolution])
def test_each_step_treats_equal_pixels_equally(step: Step):
    """Noise and vignetting are the same for both pictures; only resampling mixes neighbours."""
    pair = clean_pair(3)
    source, target = step((pair.source, pair.target), generator("step"))
    assert (source != pair.source).any() and source.dtype == np.uint8 and source.shape == pair.source.shape
    kept = pair.mask == 0
    kept[: 64 // 2 + 24] = False
    assert kept.any() and (source[kept] == target[kept]).all()


def test_noise_has_the_deviation_that_it_says(monkeypatch: pytest.MonkeyPatch):
    """var = read² + shot · level, for lone pixels and for grains: within 3% over 65,536 x 3 values."""
    grey = np.full((256, 256, 3), 120, np.uint8)
    for seed in range(4):
        draws = generator("noise", seed)
        read, shot = draws.uniform(0.3, 4.0), draws.uniform(0.0, 0.5)
        noisy, _ = sensor_noise((grey, grey), generator("noise", seed))
        rounding = 1 / 12
        assert noisy.std() == pytest.approx((read**2 + shot * 120 + rounding) ** 0.5, rel=0.03)


def test_all_effects_of_a_person_are_degraded_alike():
    teacher = Degraded(Sitters(size=64))
    assert (teacher.licences, teacher.shares_sources) == ({"rectangles": "CC0"}, True)
    pairs = teacher.make([PairRequest(effect, 7) for effect in EFFECTS])
    assert all((pair.source == pairs[0].source).all() for pair in pairs)


def test_the_command_makes_people_and_workers_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("moderngl")
    from stillyou.pairs.teachers.people.gl.context import open_device

    try:
        open_device()
    except StillYouError as error:
        pytest.skip(str(error))
    command = ["pairs", "make", "--teacher", "people", "-e", "santa,laughing", "-n", "2", "--size", "64"]
    for workers, name in (("1", "one"), ("2", "two")):
        with pytest.raises(SystemExit, match="0"):
            main([*command, "--shard-size", "1", "--workers", workers, "-o", str(tmp_path / name)])
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert files[0] == files[1] and len(files[0]) >= 3
    data = PairDataset(tmp_path / "one", status="any")
    assert (data.meta.teacher, data.meta.domain) == ("people", "people") and data.meta.licences
    santa, laughing = data.load(0), data.load(1)
    assert santa.seed == laughing.seed and santa.attributes["subject"] == laughing.attributes["subject"]
    assert santa.target_prompt == f"a {santa.attributes['subject']}, santa claus costume"
    assert santa.attributes["subject"] in ("person", "man", "woman", "boy", "girl")
    assert santa.attributes["skin_tone"] == laughing.attributes["skin_tone"]
