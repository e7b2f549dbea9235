"""A spec that was trained comes back from the model's card as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from accelerate import Accelerator
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.diffusion.card import ModelCard, read_card, write_card
from stillyou.editing.effect_lookup import resolve_effect
from stillyou.effects.domains import DOMAINS
from stillyou.effects.lookup import built_in, load_effect
from stillyou.effects.spec import EffectSpec
from stillyou.pairs.dataset.info import read_info
from stillyou.pairs.dataset.store import PairDataset
from stillyou.training.device import make_accelerator
from stillyou.training.editor.results import describe, names_designs
from stillyou.training.editor.stage import effect_specs
from stillyou.training.run import Request, Run
from tests.training.fakes import SANTA, tiny_config

PIRATE = """
id: pirate
title: Pirate costume
group: costume
variables: {subject: person, colour: red}
source_prompt: "a {subject}"
target_prompt: "a {subject}, {colour} pirate costume"
keeps: [face, background]
strength: 0.7
mask: {ratio: 2}
"""

share = st.floats(0, 1)
word = st.text(st.characters(exclude_characters="{}\n", exclude_categories=["C"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
guidance = st.fixed_dictionaries({}, optional={name: st.floats(0, 30) for name in ("image", "source", "text")})
mask = st.fixed_dictionaries(
    {},
    optional={
        "strategy": st.sampled_from(["noise", "latent", "none"]),
        "encode_strength": st.floats(0.01, 0.99),
        "maps": st.integers(1, 64),
        "smooth": st.integers(0, 8),
        "ratio": st.floats(0.01, 100),
        "threshold": st.floats(0.01, 0.99),
        "grow": st.floats(0, 0.5),
        "feather": st.floats(0, 0.5),
    },
)
tuning = st.fixed_dictionaries({}, optional={"guidance": guidance, "mask": mask, "strength": share})


@st.composite
def specs(draw: st.DrawFn) -> EffectSpec:
    names = st.one_of(st.sampled_from([*built_in()]), st.from_regex(r"[a-z][a-z0-9_-]{0,39}", fullmatch=True))
    variables = draw(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), word, min_size=1, max_size=4))
    holes = ", ".join(f"{{{name}}}" for name in variables)
    about = {
        "id": draw(names),
        "title": draw(word),
        "group": draw(st.sampled_from(["costume", "expression", "other"])),
        "order": draw(st.integers(0, 200)),
        "offered": draw(st.booleans()),
        "variables": variables,
        "source_prompt": f"a {holes}",
        "target_prompt": f"a {holes} with {draw(word)}",
        "keeps": draw(st.lists(word, min_size=1, max_size=3)),
        "domains": draw(st.dictionaries(st.sampled_from(DOMAINS), tuning)),
    }
    return EffectSpec.model_validate(about | draw(tuning))


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return make_accelerator("cpu", "fp32")


def trained(accelerator: Accelerator, card: ModelCard, data: list[PairDataset], *own: EffectSpec) -> ModelCard:
    """Return the card of a model that was trained on effects, read from its file."""
    with TemporaryDirectory() as folder:
        run = Run(Request(Path(folder) / "run", tiny_config(), ("editor",)))
        write_card(Path(folder), describe(run, accelerator, card, {spec.id: spec for spec in own}, data, 1, 60.0))
        found = read_card(Path(folder))
    assert found is not None
    return found


def check(spec: EffectSpec, card: ModelCard) -> None:
    found = resolve_effect(spec.id, card, "model")
    assert found == spec and found.model_dump() == spec.model_dump()
    assert found.prompts() == spec.prompts()
    for domain in (None, *DOMAINS):
        assert found.defaults(domain) == spec.defaults(domain)


@settings(max_examples=100, deadline=None)
@given(specs())
def test_any_spec_comes_back_as_it_was(accelerator: Accelerator, spec: EffectSpec) -> None:
    known = ModelCard(effects=tuple(built_in().values()))
    card = trained(accelerator, known, [], spec)
    check(spec, card)
    for other in known.effects:
        if other.id != spec.id:
            check(other, card)
    check(spec, trained(accelerator, card, [], SANTA.model_copy(update={"id": "another"})))  # trained further


def test_a_users_file_keeps_its_words_and_its_strength(accelerator: Accelerator, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(PIRATE, encoding="utf-8")
    spec = load_effect(tmp_path / "my.yaml")
    found = resolve_effect("pirate", trained(accelerator, ModelCard(), [], spec), "model")
    assert found.prompts().target == "a person, red pirate costume"
    assert (found.defaults().strength, found.defaults().mask.ratio, found.keeps) == (0.7, 2, ["face", "background"])


def test_what_pairs_were_made_with_is_what_the_card_says(accelerator: Accelerator, painted_folder: Path) -> None:
    data = [PairDataset(painted_folder)]
    card = trained(accelerator, ModelCard(), data, *effect_specs(data, ()).values())
    check(SANTA, card)
    assert resolve_effect("santa", card, "model") != load_effect("santa"), "the model's record comes first"


def test_a_dataset_from_before_with_all_settings_means_the_same(tmp_path: Path) -> None:
    masks = {"strategy": "latent", "encode_strength": 0.9, "maps": 10, "smooth": 1, "threshold": 0.6, "grow": 0.0}
    people = {"guidance": None, "mask": {**masks, "encode_strength": 0.7, "ratio": 2.5, "feather": 0.02}}
    words = {"source_prompt": "a {subject}", "target_prompt": "a {subject}, angry expression"}
    angry = {
        **{"id": "angry", "title": "Angry expression", "group": "expression", **words},
        **{"variables": {"subject": "cartoon character"}, "keeps": ["hair"], "strength": 1.0},
        **{"guidance": {"image": 1.3, "source": 1.0, "text": 3.0}, "mask": {**masks, "ratio": 6.0, "feather": 0.02}},
        "domains": {"people": people},
    }
    about = {"format": "stillyou-pairs", "format_version": 1, "made_with": "0.1.0", "teacher": "cartoon", "seed": 0}
    sizes = {"size": 64, "shard_size": 8, "candidates": 8, "licences": {}, "complete": True}
    (tmp_path / "dataset.json").write_text(json.dumps({**about, **sizes, "effects": [angry]}), encoding="utf-8")
    (spec,) = read_info(tmp_path).effects
    for domain in (None, *DOMAINS):
        found, mask = spec.defaults(domain), people["mask"] if domain == "people" else angry["mask"]
        assert found.guidance == GuidanceScales(image=1.3, source=1.0, text=3.0), "as it was written"
        assert found.mask == MaskSettings(**mask)
        today = load_effect("angry").defaults(domain)
        assert replace(found, guidance=today.guidance, mask=today.mask) == today


class _Told:
    """A dataset of prompts."""

    def __init__(self, *rows: tuple[str, str]) -> None:
        self._rows = rows

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, str]]:
        return (dict(zip(columns, row, strict=True)) for row in self._rows)


@pytest.mark.parametrize(
    ("datasets", "named"),
    [
        (
            [_Told(("santa", "a person, santa claus costume, green design"), ("angry", "a person, angry expression"))],
            True,
        ),
        ([_Told(("santa", "a person, santa claus costume"))], False),
        ([_Told(("santa", "a person, santa claus costume, striped design"))], False),
        ([_Told(("santa", "a person, x, blue design")), _Told(("royal", "a person, y"))], False),
        ([_Told(("angry", "a person, angry expression"))], False),
    ],
)
def test_designs_are_named_where_all_costumes_name_one(datasets: list[Any], named: bool) -> None:
    assert names_designs(datasets) is named
