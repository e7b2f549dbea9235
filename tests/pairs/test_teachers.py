"""What a teacher is: a registered config whose options are refused by name, and pairs that come in batches."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.cli import main
from stillyou.draws import generator, stable_seed
from stillyou.effects.domains import Domain
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.assemble import Execution
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import TeacherRows, make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.scale import local
from stillyou.pairs.scale.work import Shard, ShardWork
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.contents import describe_pictures
from stillyou.pairs.teachers.kinds import registered
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.protocol import Needs, PairRequest, Teacher, TeacherConfig
from stillyou.pairs.teachers.registry import configure, studios_showing, teacher_kinds
from tests.pairs.fakes import QUIET, FakeTeacher, quiet

EFFECTS = load_effects("royal,angry")
VERSION_1 = Path(__file__).parent / "data" / "version_1"


class EditorConfig(TeacherConfig):
    """As an instruction editor would be: sources of the user's, batches on a GPU, a domain that the user says."""

    kind: Literal["editor"] = "editor"
    domain: Domain = "people"
    sources: Path
    batch: int = 4

    needs: ClassVar[Needs] = Needs(gpu=True, memory=4000)

    def contents(self) -> dict[str, str]:
        return {"sources": describe_pictures(sorted(self.sources.iterdir()))}

    def build(self, device: str = "auto") -> Teacher:
        return Editor(self, device)


class Editor:
    """Draws the number of the source; a pair follows from its request, whatever lies in the batch beside it."""

    licences = {"sources": "not stated"}
    shares_sources = True

    def __init__(self, config: EditorConfig, device: str) -> None:
        self.config, self.device = config, device
        self.batch_size = config.batch
        self.files = sorted(config.sources.iterdir())
        self.batches: list[int] = []

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        self.batches.append(len(requests))
        return [self._pair(request) for request in requests]

    def _pair(self, request: PairRequest) -> Pair:
        size, file = self.config.size, self.files[request.index % len(self.files)]
        source = np.full((size, size, 3), int(file.read_text()), np.uint8)
        target, mask = source.copy(), np.zeros((size, size), np.uint8)
        mask[: size // 4] = 255
        target[: size // 4] = generator(request.seed, request.effect.id).integers(100, 255)
        prompts = request.effect.prompts()
        told = {"origin": file.name, "device": self.device}
        words = (prompts.source, prompts.target, request.effect.id, "editor", request.seed, told, self.config.domain)
        return Pair(source, target, mask, *words)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(str(10 * number))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_sources_of_the_user_are_edited_in_batches_on_a_device(tmp_path: Path, sources: Path) -> None:
    config = EditorConfig(size=64, sources=sources)
    gpu = Execution(workers=8, device="cuda:1", progress=False)  # one process, whatever the workers
    make_pairs(config, EFFECTS, 5, tmp_path / "p", shard_size=3, execution=gpu)
    data = PairDataset(tmp_path / "p", status="any")
    pairs = [data.load(index) for index in range(len(data))]
    assert [pair.attributes["origin"] for pair in pairs[::2]] == ["0.txt", "1.txt", "2.txt", "0.txt", "1.txt"]
    assert {(pair.domain, pair.attributes["device"]) for pair in pairs} == {("people", "cuda:1")}
    assert data.meta.domain == "people" and data.meta.config["sources"] == str(sources)


def test_a_dataset_is_continued_with_the_same_sources_wherever_they_lie(tmp_path: Path, sources: Path) -> None:
    make_pairs(EditorConfig(size=64, sources=sources), EFFECTS, 2, tmp_path / "p", execution=QUIET)
    moved = shutil.move(sources, tmp_path / "moved")
    make_pairs(EditorConfig(size=64, sources=moved), EFFECTS, 4, tmp_path / "p", execution=QUIET)
    (tmp_path / "moved" / "3.txt").write_text("7")
    with pytest.raises(UsageError, match="was begun with sources 3 pictures, .* not sources 4 pictures"):
        make_pairs(EditorConfig(size=64, sources=moved), EFFECTS, 4, tmp_path / "p", execution=QUIET)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_rows_do_not_depend_on_the_size_of_batches(sources: Path, batch: int) -> None:
    def rows(size: int) -> list[tuple[str, bytes]]:
        made = TeacherRows(EditorConfig(size=64, sources=sources, batch=size), EFFECTS, 7)
        return [(row.key, row.pair.target.tobytes()) for row in made.rows(range(2, 7))]

    assert rows(batch) == rows(4)


def test_batches_have_the_size_that_the_teacher_wants(sources: Path) -> None:
    made = TeacherRows(EditorConfig(size=64, sources=sources), EFFECTS, 7)
    assert len(list(made.rows(range(5)))) == 10
    assert made.teacher.batches == [4, 4, 2]  # type: ignore[attr-defined]


class Careless(FakeTeacher):
    """Answers with too few pairs, or with pairs of another kind."""

    fault: str = "few"

    def make(self, requests: Sequence[PairRequest]) -> list[Pair]:
        if self.fault == "few":
            return []
        return FakeTeacher(domain="people" if self.fault == "domain" else "cartoon").make(
            [PairRequest(request.effect, request.seed + (self.fault == "seed")) for request in requests]
        )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("few", "failed on effect 'royal' with seed .*: it made 0 pairs for 1 requests"),
        ("seed", "it made effect 'royal' with seed"),
        ("domain", "the pair names teacher 'fake' and domain 'people'"),
    ],
)
def test_answers_that_are_not_what_was_asked_for_are_refused(tmp_path: Path, fault: str, message: str) -> None:
    with pytest.raises(StillYouError, match=message):
        make_pairs(Careless(fault=fault), EFFECTS, 2, tmp_path / "p", execution=QUIET)
    assert not (tmp_path / "p").exists()


def test_kinds_are_known_by_name_and_domain() -> None:
    known = teacher_kinds()
    assert {"cartoon", "people", "portraits"} <= set(known) and known == sorted(known)
    assert studios_showing(["people"]) == ["people"] and studios_showing(["cartoon", "people"]) == ["cartoon", "people"]
    with registered(EditorConfig):
        assert studios_showing(["people"]) == ["people"] and studios_showing(["cartoon"]) == ["cartoon"]
        with pytest.raises(ValueError, match="two teachers 'editor'"), registered(type("Other", (EditorConfig,), {})):
            pass
        assert teacher_kinds() == sorted([*known, "editor"])
    assert teacher_kinds() == known


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("peple", {}, "unknown teacher 'peple'. Did you mean 'people'"),
        ("cartoon", {"backgrounds": "here"}, "'cartoon' takes no --backgrounds. Use --teacher people, or leave it out"),
        ("people", {"ink_colour": 1}, "'people' takes no --ink-colour. Leave it out"),
        ("people", {"size": "big"}, "teacher 'people': 'size'"),
        ("people", {"domain": "cartoon"}, "teacher 'people': 'domain'"),
    ],
)
def test_wrong_options_are_named(kind: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        configure(kind, options)


def test_options_that_were_not_said_are_the_configs_own() -> None:
    assert configure("people", {"size": None, "backgrounds": None}) == PeopleConfig()
    assert configure("people", {"size": 64}).size == 64


@settings(max_examples=30, deadline=None)
@given(size=st.integers(32, 2048), augment=st.booleans(), neutral=st.booleans(), styles=st.none() | st.just(["micah"]))
def test_a_recorded_config_is_the_config(size: int, augment: bool, neutral: bool, styles: list[str] | None) -> None:
    options = {"size": size, "augment": augment, "neutral_sources": neutral, "styles": styles}
    config = configure("cartoon", options)
    record = config.model_dump(mode="json")
    assert configure(record["kind"], record) == config and isinstance(config, CartoonConfig)


def test_styles_are_chosen_by_name() -> None:
    pytest.importorskip("dicebear")
    teacher = CartoonConfig(size=64, styles=("micah", "dylan")).build()
    assert list(teacher.licences) == ["micah", "dylan"]
    (pair,) = teacher.make([PairRequest(EFFECTS[0], 3)])
    assert pair.attributes["style"] in ("micah", "dylan") and (pair.teacher, pair.domain) == ("cartoon", "cartoon")
    with pytest.raises(UsageError, match="no drawing style 'mica'. Did you mean 'micah'"):
        CartoonConfig(styles=("mica",)).build()


def test_an_executor_is_a_function(tmp_path: Path) -> None:
    asked = []

    def backwards(shards: Sequence[Shard], work: ShardWork, workers: int, **rest: object) -> None:
        asked.extend(shard.number for shard in shards)
        local.run(shards[::-1], work, 1, **rest)  # type: ignore[arg-type]

    execution = Execution(progress=False, run=backwards)
    make_pairs(FakeTeacher(), EFFECTS, 5, tmp_path / "a", shard_size=2, execution=execution)
    make_pairs(FakeTeacher(), EFFECTS, 5, tmp_path / "b", shard_size=2, execution=quiet())
    assert asked == [0, 1, 2] and contents(tmp_path / "a") == contents(tmp_path / "b")


def test_datasets_of_version_1_are_read_and_their_domain_is_known(tmp_path: Path) -> None:
    data = PairDataset(VERSION_1)
    assert (data.meta.format_version, data.meta.domain, data.meta.config) == (1, "cartoon", {})
    pair = data.load(0)
    assert (pair.domain, pair.seed) == ("cartoon", stable_seed("pair", 0, "santa", 0)) and pair.problem() == ""
    copy = shutil.copytree(VERSION_1, tmp_path / "copy")
    with pytest.raises(UsageError, match="begun by an older stillyou .format version 1.. It can be read but not"):
        make_pairs(CartoonConfig(size=64), load_effects("santa"), 2, copy, execution=QUIET)


def test_the_same_pair_as_in_version_1(tmp_path: Path) -> None:
    pytest.importorskip("dicebear")
    make_pairs(CartoonConfig(size=64), load_effects("santa"), 1, tmp_path / "p", execution=QUIET)
    before, now = PairDataset(VERSION_1).load(0), PairDataset(tmp_path / "p").load(0)
    for name in ("source", "target", "mask"):
        np.testing.assert_array_equal(getattr(before, name), getattr(now, name))
    assert before.attributes == now.attributes and before.target_prompt == now.target_prompt


@pytest.mark.parametrize(("options", "domain"), [((), None), (("--domain", "people"), "people")])
def test_imported_pairs_have_the_domain_that_the_user_says(
    tmp_path: Path, options: tuple[str, ...], domain: str | None
) -> None:
    from PIL import Image

    (tmp_path / "mine").mkdir()
    for name, level in (("input", 40), ("target", 200)):
        Image.new("RGB", (64, 64), (level,) * 3).save(tmp_path / "mine" / f"a_{name}.png")
    command = ["pairs", "import", str(tmp_path / "mine"), "-e", "angry", "-o", str(tmp_path / "p"), "--size", "64"]
    with pytest.raises(SystemExit):
        main([*command, "--workers", "1", *options])
    assert read_info(tmp_path / "p").domain == domain
    assert PairDataset(tmp_path / "p", status="any").load(0).domain == domain
    with pytest.raises(SystemExit, match="2"):
        main([*command, "--domain", "dogs"])
