"""Pairs of named designs: drawn from the seed, said by prompt and attributes; without them nothing changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from stillyou.effects.designs import designs, with_design
from stillyou.effects.lookup import load_effect, load_effects
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers.cartoon.config import CartoonConfig
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.named_designs import drawn_design
from stillyou.pairs.teachers.people.config import PeopleConfig
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import quiet

SANTA, ANGRY = load_effect("santa"), load_effect("angry")
STUDIO = CartoonStudio(size=64, augment=False, designs=True)


def test_a_seed_draws_a_design_and_all_of_them_are_drawn() -> None:
    names = {design.name for seed in range(60) if (design := drawn_design("cartoon", "santa", seed))}
    assert names == {design.name for design in designs("santa")}
    assert drawn_design("cartoon", "santa", 3) == drawn_design("cartoon", "santa", 3)
    assert drawn_design("cartoon", "angry", 3) is None
    assert with_design("a person, santa claus costume", None) == "a person, santa claus costume"


def test_a_cartoon_pair_shows_and_names_its_design() -> None:
    found: dict[str, set[object]] = {}
    for seed in range(12):
        pair, plain = STUDIO.pair(SANTA, seed), CartoonStudio(size=64, augment=False).pair(SANTA, seed)
        design = str(pair.attributes["design"])
        assert pair.target_prompt == f"{plain.target_prompt}, {design} design"
        assert pair.source_prompt == plain.source_prompt
        assert np.array_equal(pair.source, plain.source)
        found.setdefault(design, set()).add((pair.attributes["costume_cloth"], pair.attributes["costume_hat"]))
    assert len(found) > 2
    assert all(len(looks) == 1 for looks in found.values()), "a design has one look"


def test_expressions_are_as_without_designs() -> None:
    pair, plain = STUDIO.pair(ANGRY, 5), CartoonStudio(size=64, augment=False).pair(ANGRY, 5)
    assert np.array_equal(pair.target, plain.target)
    assert (pair.target_prompt, pair.attributes) == (plain.target_prompt, plain.attributes)


def test_pairs_without_designs_are_those_of_before() -> None:
    """Digests of what the studio drew before there were named designs."""
    pair = CartoonStudio(size=64).pair(SANTA, 7)
    assert hashlib.sha256(pair.target.tobytes()).hexdigest()[:16] == "63a9bb58dcd3eb8f"
    assert "design" not in pair.attributes


def test_datasets_record_designs_where_they_were_chosen(tmp_path: Path) -> None:
    for config in (CartoonConfig(), PeopleConfig()):
        assert "designs" not in config.recorded()
        assert config.model_copy(update={"designs": True}).recorded()["designs"] is True
    make_pairs(
        configure("cartoon", {"size": 64, "designs": True}), load_effects("santa"), 2, tmp_path, execution=quiet()
    )
    assert read_info(tmp_path).config["designs"] is True
    dataset = PairDataset(tmp_path, status="any")
    assert len(dataset) == 2
    assert all("design" in row["attributes"] for row in dataset.rows(("attributes",)))
