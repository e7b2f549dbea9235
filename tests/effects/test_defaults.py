"""Which settings an effect has where nothing is asked for: exact numbers, and the order in which sayings count."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillyou.config import GuidanceScales, MaskSettings
from stillyou.effects.domains import DOMAINS, Domain
from stillyou.effects.groups import GROUPS
from stillyou.effects.lookup import built_in, load_effect
from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning
from stillyou.effects.spec import EffectSpec

COSTUMES, EXPRESSIONS = ("flower", "santa", "sheep", "royal"), ("angry", "shocked", "laughing", "crying", "neutral")
REST = {"strategy": "latent", "maps": 10, "smooth": 1, "grow": 0.0, "feather": 0.02}
CALIBRATED = {
    ("costume", None): {"encode_strength": 0.9, "ratio": 1.4, "threshold": 0.5},
    ("costume", "cartoon"): {"encode_strength": 0.9, "ratio": 1.4, "threshold": 0.5},
    ("costume", "people"): {"encode_strength": 0.9, "ratio": 1.2, "threshold": 0.5},
    ("expression", None): {"maps": 2, "encode_strength": 0.9, "ratio": 6.0, "threshold": 0.6},
    ("expression", "cartoon"): {"maps": 2, "encode_strength": 0.9, "ratio": 4.6, "threshold": 0.6},
    ("expression", "people"): {"maps": 2, "encode_strength": 0.7, "ratio": 2.5, "threshold": 0.6},
}
GUIDANCE = {
    "costume": {"image": 1.3, "source": 1.5, "text": 3.0},
    "expression": {"image": 1.0, "source": 1.0, "text": 3.0},
}


def pirate(**changes: object) -> EffectSpec:
    fields = {"id": "pirate", "title": "Pirate", "group": "expression", "keeps": ["face"]}
    words = {"source_prompt": "a {subject}", "target_prompt": "a {subject}, pirate"}
    return EffectSpec.model_validate({**fields, **words, **changes})


@pytest.mark.parametrize("domain", [None, *DOMAINS])
def test_the_catalogues_numbers(domain: Domain | None) -> None:
    assert {*COSTUMES, *EXPRESSIONS} == set(built_in())
    for name, spec in built_in().items():
        group = "costume" if name in COSTUMES else "expression"
        found = spec.defaults(domain)
        assert found.guidance.model_dump() == GUIDANCE[group]
        assert found.mask.model_dump() == REST | CALIBRATED[group, domain]
        assert found.strength == 1.0


def test_the_catalogues_files_repeat_nothing_of_their_group() -> None:
    for spec in built_in().values():
        assert (spec.guidance, spec.mask, spec.strength, spec.domains) == (None, None, None, {})


def test_the_nearest_saying_decides_key_by_key() -> None:
    spec = pirate(
        guidance={"text": 4},
        mask={"ratio": 2, "maps": 3},
        strength=0.7,
        domains={"people": {"mask": {"ratio": 5}, "strength": 0.5}},
    )
    plain, people = spec.defaults(), spec.defaults("people")
    assert plain.guidance == people.guidance == GuidanceScales(image=1.0, source=1.0, text=4)
    assert plain.mask == MaskSettings(ratio=2, maps=3, threshold=0.6, encode_strength=0.9)
    assert people.mask == MaskSettings(ratio=5, maps=3, threshold=0.6, encode_strength=0.7)
    assert (plain.strength, spec.defaults("cartoon").strength, people.strength) == (0.7, 0.7, 0.5)
    assert pirate(mask={"ratio": 2}).defaults("people").mask.ratio == 2, "the effect's own comes before the group's"


def test_a_file_that_says_one_key_has_the_groups_others(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    words = 'source_prompt: "a {subject}"\ntarget_prompt: "a {subject}, grin"\nkeeps: [hair]\n'
    path.write_text(f"id: grin\ntitle: Grin\ngroup: expression\n{words}mask: {{ratio: 2}}\n", encoding="utf-8")
    assert load_effect(path).defaults().mask == MaskSettings(ratio=2, maps=2, threshold=0.6)
    path.write_text(f"id: grin\ntitle: Grin\ngroup: other\n{words}guidance: {{text: 2}}\n", encoding="utf-8")
    assert load_effect(path).defaults("people").mask == MaskSettings()
    assert load_effect(path).defaults().guidance == GuidanceScales(text=2)


def test_partial_settings_have_the_keys_of_the_whole_ones() -> None:
    for partial, whole in ((PartialGuidance, GuidanceScales), (PartialMask, MaskSettings)):
        assert list(partial.model_fields) == list(whole.model_fields)
        for name, field in partial.model_fields.items():
            assert field.default is None, name


def test_complete_settings_say_every_key() -> None:
    spec = pirate(guidance=GuidanceScales(), mask=MaskSettings())
    for domain in (None, *DOMAINS):
        assert spec.defaults(domain).guidance == GuidanceScales()
        assert spec.defaults(domain).mask == MaskSettings()


def test_a_spec_for_a_domain_has_its_defaults_everywhere() -> None:
    for spec in (*built_in().values(), pirate(domains={"people": Tuning(strength=0.25)})):
        for domain in DOMAINS:
            tuned = spec.for_domain(domain)
            assert {tuned.defaults(), *(tuned.defaults(each) for each in DOMAINS)} == {spec.defaults(domain)}


@given(st.sampled_from([*GROUPS]), st.floats(0.01, 100), st.floats(0, 30))
def test_what_is_said_is_what_counts(group: str, ratio: float, image: float) -> None:
    spec = pirate(group=group, mask={"ratio": ratio}, guidance={"image": image})
    for domain in (None, *DOMAINS):
        assert (spec.defaults(domain).mask.ratio, spec.defaults(domain).guidance.image) == (ratio, image)
