"""The training half of the benchmark, on tiny networks: every path runs, and what is compared is comparable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stillyou.bench.rows import Bench
from stillyou.bench.run import GOALS, figures
from stillyou.bench.training import paths, rows
from stillyou.models.from_base import load_base
from tests.sd_tiny import build_base, build_clip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("sd")
    base, clip = str(build_base(folder / "base")), str(build_clip(folder / "clip"))

    def build() -> dict[str, Any]:
        return dict(load_base(base, clip).components)

    return Bench(torch.device("cpu"), build, 64, runs=2, quick=True)


def test_every_path_trains_whole_steps(bench: Bench) -> None:
    found = list(rows(bench))
    assert [row.path for row in found] == ["released", "stillyou, without the cache", "stillyou", "stillyou"]
    assert not [row.error for row in found if row.error]
    assert all(len(row.runs) == 2 and min(row.runs) > 0 for row in found)
    assert {row.unit for row in found} == {"training images a second"}
    assert len({row.task for row in found[:3]}) == 1 and found[3].task.startswith("LoRA")


def test_the_goals_figure_leaves_out_lora(bench: Bench) -> None:
    found = list(rows(bench))
    whole = found[:3]
    lora = found[3].model_copy(update={"runs": (1e9,)})
    name = list(GOALS)[1]
    expected = max(row.value or 0 for row in whole[1:]) / (whole[0].value or 1)
    assert figures([*whole, lora])[name] == pytest.approx(expected, rel=1e-2)


def test_the_full_size_adds_compiled_and_single_pictures(bench: Bench, tmp_path: Path) -> None:
    full = Bench(bench.device, bench.build, 512)
    ways = paths(full)
    assert {way.batch for way in ways} == {1, 4, 16}
    assert any(way.settings.compile for way in ways) and any(way.settings.gradient_checkpointing for way in ways)
    names = [(way.task, way.name) for way in ways]
    assert len(names) == len(set(names))
