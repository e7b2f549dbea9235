"""The model card: it holds specs as they are, and cards of format 1 mean what they meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.diffusion.card import CARD_NAME, ModelCard, read_card, write_card
from stillyou.editing.effect_lookup import resolve_effect
from stillyou.effects.domains import DOMAINS
from stillyou.effects.lookup import built_in, load_effect
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError

SANTA = {"id": "santa", "source_prompt": "a {subject}", "target_prompt": "a {subject}, santa claus costume"}


def card_of(folder: Path, *effects: dict[str, Any], version: int = 1) -> ModelCard:
    data = {"format_version": version, "name": "old", "resolution": 64, "effects": effects, "domains": ["people"]}
    (folder / CARD_NAME).write_text(json.dumps(data), encoding="utf-8")
    card = read_card(folder)
    assert card is not None
    return card


def only(folder: Path, **said: Any) -> EffectSpec:
    card = card_of(folder, {**SANTA, **said})
    return resolve_effect(card.effects[0].id, card, "old")


def test_a_card_holds_specs_as_they_are(tmp_path: Path) -> None:
    card = ModelCard(
        name="new", effects=tuple(built_in().values()), domains=("cartoon", "people"), training={"seed": 1}
    )
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    written = json.loads((tmp_path / CARD_NAME).read_text(encoding="utf-8"))
    assert written["format_version"] == 2
    assert "mask" not in written["effects"][0], "what an effect does not say is not written down"


def test_other_formats_and_damage_are_told(tmp_path: Path) -> None:
    with pytest.raises(StillYouError, match="has format 3, this stillyou reads 2"):
        card_of(tmp_path, version=3)
    with pytest.raises(StillYouError, match="damaged"):
        card_of(tmp_path, {"id": "santa"})
    with pytest.raises(StillYouError, match="damaged"):
        card_of(tmp_path, SANTA, version=2)
    with pytest.raises(StillYouError, match="damaged"):
        only(tmp_path, mask={"ratio": "wide"})


def test_format_1_takes_from_the_catalogue_what_it_lacks(tmp_path: Path) -> None:
    assert only(tmp_path) == load_effect("santa")
    assert only(tmp_path, domains=None, mask=None, guidance=None, variables=None) == load_effect("santa")
    assert only(tmp_path, variables={"subject": "man"}).prompts().target == "a man, santa claus costume"
    card = card_of(tmp_path, SANTA)
    assert (card.format_version, card.domains, card.resolution) == (2, ("people",), 64)


def test_format_1_that_says_a_mask_knows_of_no_domains(tmp_path: Path) -> None:
    whole = only(tmp_path, mask=MaskSettings(ratio=2).model_dump(), guidance={"image": 3, "source": 2, "text": 4})
    for domain in (None, *DOMAINS):
        assert whole.defaults(domain).mask == MaskSettings(ratio=2)
        assert whole.defaults(domain).guidance == GuidanceScales(image=3, source=2, text=4)
    assert only(tmp_path, domains={}).defaults("people") == load_effect("santa").defaults()


def test_format_1_that_says_domains_has_these_alone(tmp_path: Path) -> None:
    spec = only(tmp_path, domains={"people": {"guidance": None, "mask": {"ratio": 2.75}}})
    assert spec.defaults("people").mask == MaskSettings(ratio=2.75)
    assert spec.defaults("cartoon") == spec.defaults() == load_effect("santa").defaults()


def test_format_1_with_guidance_alone_keeps_the_groups_masks(tmp_path: Path) -> None:
    spec = only(tmp_path, guidance={"image": 3, "source": 2, "text": 4})
    for domain in (None, *DOMAINS):
        assert spec.defaults(domain).mask == load_effect("santa").defaults(domain).mask
        assert spec.defaults(domain).guidance == GuidanceScales(image=3, source=2, text=4)


def test_format_1_with_an_effect_that_only_the_card_knows(tmp_path: Path) -> None:
    hat = {"id": "hat", "target_prompt": "a {subject}, {colour} hat", "group": "expression"}
    spec = only(tmp_path, **hat)
    assert spec.prompts().target == "a cartoon character, colour hat"
    assert (spec.title, spec.keeps, spec.group) == ("hat", ["everything else"], "expression")
    for domain in (None, *DOMAINS):
        assert (spec.defaults(domain).mask, spec.defaults(domain).guidance) == (MaskSettings(), GuidanceScales())
    assert only(tmp_path, **hat, variables={"subject": "cat", "colour": "red"}).prompts().target == "a cat, red hat"
    assert only(tmp_path, **{**hat, "group": "hats"}).group == "other"


def test_the_card_of_the_model_that_shipped_with_format_1_means_the_same(tmp_path: Path) -> None:
    """Its numbers stood in every effect, and are the model's whatever the groups say now."""
    masks = {
        "costume": ({"encode_strength": 0.9, "ratio": 1.4, "threshold": 0.5}, {"encode_strength": 0.9, "ratio": 1.2}),
        "expression": (
            {"encode_strength": 0.9, "ratio": 6.0, "threshold": 0.6},
            {"encode_strength": 0.7, "ratio": 2.5},
        ),
    }
    rest = {"strategy": "latent", "maps": 10, "smooth": 1, "grow": 0.0, "feather": 0.02}
    effects = []
    for spec in built_in().values():
        plain, people = masks[spec.group]
        words = {"source_prompt": spec.source_prompt, "target_prompt": spec.target_prompt}
        said = {"guidance": {"image": 1.3, "source": 1.5 if spec.group == "costume" else 1.0, "text": 3.0}}
        domains = {"people": {"guidance": None, "mask": {**rest, **plain, **people}}}
        about = {"id": spec.id, "title": spec.title, "group": spec.group, "variables": None}
        effects.append({**about, **words, **said, "mask": {**rest, **plain}, "domains": domains})
    card = card_of(tmp_path, *effects)
    assert card.effect_ids == tuple(built_in())
    for spec in card.effects:
        assert spec.prompts() == built_in()[spec.id].prompts()
        plain, people = masks[spec.group]
        source = 1.5 if spec.group == "costume" else 1.0
        for domain in (None, *DOMAINS):
            found, own = spec.defaults(domain), people if domain == "people" else {}
            assert found.mask == MaskSettings(**{**rest, **plain, **own})
            assert found.guidance == GuidanceScales(image=1.3, source=source, text=3.0)
            if spec.group == "costume":
                assert found == built_in()[spec.id].defaults(domain)
