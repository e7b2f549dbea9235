"""The render stage: whole datasets that fit the time there is, a folder a teacher, teachers that fail left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator

from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.assemble import Execution
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.protocol import TeacherConfig
from stillyou.training.config import RenderSettings, TeacherSettings
from stillyou.training.data.mixture import rendered_parts
from stillyou.training.loop.clock import Limits
from stillyou.training.loop.trainer import Outcome
from stillyou.training.rendering import render as module
from stillyou.training.rendering import stage as render_stage
from stillyou.training.rendering.render import Rendered, render
from stillyou.training.rendering.stage import render_pairs, render_work
from stillyou.training.run import Request, Run
from tests.training.fakes import LAUGHING, QUIET, SANTA, SIZE, Painter, tiny_config


@dataclass
class Workshop:
    """Makes painted pairs, one second a candidate: a fake clock that `seconds` is held against."""

    time: float = 0.0
    asked: list[tuple[str, int, float | None]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    """Teachers that fail, and after how many candidates."""

    def make(
        self, teacher: TeacherConfig, effects: Any, n: int, out: Path, *, execution: Execution, **rest: Any
    ) -> None:
        name, seconds = teacher.kind, execution.seconds
        self.asked.append((name, n, seconds))
        time_allows = n if seconds is None else max(1, int(seconds))
        makes = min(n, time_allows, self.broken.get(name, n))
        if makes:
            make_pairs(Painter(kind=name), effects, makes, out, execution=QUIET, **rest)
        self.time += makes
        if name in self.broken:
            raise StillYouError("no renderer", "Install one.")


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    monkeypatch.setattr(module, "make_pairs", made.make)
    return made


def run(workshop: Workshop, folder: Path, candidates: int, **limits: float) -> Rendered:
    teacher = CartoonConfig(size=SIZE)
    return render(folder, teacher, [SANTA], candidates, seed=0, limits=Limits(**limits), now=lambda: workshop.time)


def test_without_a_budget_all_candidates_are_made_at_once(workshop: Workshop, tmp_path: Path) -> None:
    made = run(workshop, tmp_path / "p", 20)
    assert (made.candidates, made.accepted, made.complete) == (20, 20, True)
    assert workshop.asked == [("cartoon", 20, None)]


def test_a_budget_ends_the_growth_and_completes_the_teacher(workshop: Workshop, tmp_path: Path) -> None:
    made = run(workshop, tmp_path / "p", 1000, budget=40.0)
    assert (made.candidates, made.accepted, made.complete) == (40, 40, True)


def test_a_pause_does_not_complete_it_and_the_next_session_grows_the_set(workshop: Workshop, tmp_path: Path) -> None:
    first = run(workshop, tmp_path / "p", 30, budget=50.0, pause=12.0)
    assert not first.complete and first.candidates == 12
    second = run(workshop, tmp_path / "p", 30)
    assert second.complete and second.candidates == second.accepted == 30


def studio_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, workshop: Workshop, minutes: float | None = None, **teachers: Any
) -> Run:
    monkeypatch.setattr(render_stage, "render", lambda *a, **k: render(*a, **k, now=lambda: workshop.time))
    monkeypatch.setattr(render_stage, "load_effects", lambda names: [SANTA, LAUGHING])
    settings = RenderSettings(candidates=8, workers=1, teachers=teachers)
    config = tiny_config(render=settings, budget_minutes=minutes, steps=None if minutes else 4)
    return Run(Request(folder, config, ("render", "autoencoder", "editor")))


@pytest.fixture
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


CARTOON, PEOPLE = TeacherSettings(share=1.0), TeacherSettings(share=3.0, candidates=5)


def test_each_teacher_has_a_folder_and_a_share(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: Accelerator
) -> None:
    made = studio_run(tmp_path, monkeypatch, workshop, people=PEOPLE, cartoon=CARTOON)
    outcome, figures = render_pairs(made, accelerator, render_work(made.request))
    assert outcome is Outcome.FINISHED
    assert {name: figures[name]["candidates"] for name in figures} == {"people": 5, "cartoon": 8}
    assert [(len(part.data), part.share) for part in rendered_parts(made)] == [(10, 3.0), (16, 1.0)]
    assert render_pairs(made, accelerator, render_work(made.request)) == (Outcome.FINISHED, {"skipped": True})


def test_time_is_divided_and_what_one_leaves_goes_to_the_next(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: Accelerator
) -> None:
    slow = TeacherSettings(time=3.0, candidates=4)
    many = TeacherSettings(time=1.0, candidates=10_000)
    made = studio_run(tmp_path, monkeypatch, workshop, 10.0, people=slow, cartoon=many)
    budget = made.limits("render").budget
    assert budget is not None
    render_pairs(made, accelerator, render_work(made.request))
    (_, _, first), (_, _, second) = workshop.asked
    assert first == pytest.approx(budget * 3 / 4)
    assert second == pytest.approx(budget - 4)  # people took 4 seconds
    assert made.spent()["render"] == pytest.approx(budget, abs=1)


@pytest.mark.parametrize(("after", "kept"), [(0, 0), (3, 3)])
def test_a_teacher_that_fails_is_left_out_and_the_others_go_on(
    workshop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accelerator: Accelerator,
    capsys: pytest.CaptureFixture[str],
    after: int,
    kept: int,
) -> None:
    workshop.broken = {"people": after}
    made = studio_run(tmp_path, monkeypatch, workshop, people=PEOPLE, cartoon=CARTOON)
    outcome, figures = render_pairs(made, accelerator, render_work(made.request))
    said = " ".join(capsys.readouterr().err.split())
    assert "no more pairs of people: no renderer. Install one." in said
    assert ("going on without them" in said) == (kept == 0)
    assert outcome is Outcome.FINISHED and figures["cartoon"]["candidates"] == 8
    expected = {"cartoon": 16} | ({"people": 2 * kept} if kept else {})
    assert {part.data.path.name: len(part.data) for part in rendered_parts(made)} == expected
    asked = len(workshop.asked)
    assert (
        render_pairs(made, accelerator, render_work(made.request))[1] == {"skipped": True}
        and len(workshop.asked) == asked
    )


def test_if_all_teachers_fail_so_does_the_stage(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: Accelerator
) -> None:
    workshop.broken = {"people": 0, "cartoon": 0}
    made = studio_run(tmp_path, monkeypatch, workshop, people=PEOPLE, cartoon=CARTOON)
    with pytest.raises(StillYouError, match="no teacher could make pairs"):
        render_pairs(made, accelerator, render_work(made.request))
    with pytest.raises(UsageError, match="has no pairs yet"):
        rendered_parts(made)
    workshop.broken = {}
    assert render_pairs(made, accelerator, render_work(made.request))[0] is Outcome.FINISHED
    assert PairDataset(made.pairs("people")).meta.candidates == 5


def test_a_lone_teacher_that_fails_says_why(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accelerator: Accelerator
) -> None:
    workshop.broken = {"cartoon": 0}
    with pytest.raises(StillYouError, match="no renderer"):
        made = studio_run(tmp_path, monkeypatch, workshop, cartoon=CARTOON)
        render_pairs(made, accelerator, render_work(made.request))


def test_unknown_teachers_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown teacher 'peple'; there are: cartoon, .*people"):
        RenderSettings(teachers={"peple": TeacherSettings()})


def test_options_of_a_teacher_reach_its_config(tmp_path: Path) -> None:
    told = RenderSettings(teachers={"people": TeacherSettings(options={"degrade": False})})
    assert told.teacher("people", 128) == PeopleConfig(size=128, degrade=False)
    with pytest.raises(UsageError, match="'cartoon' takes no --backgrounds. Use --teacher people"):
        RenderSettings(teachers={"cartoon": TeacherSettings(options={"backgrounds": str(tmp_path)})})
