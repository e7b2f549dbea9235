"""Requests: what is said counts, what is not comes from the effect; wrong options are refused when they are named."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.config import GuidanceScales
from stillyou.diffusion.card import ModelCard
from stillyou.editing.plan import DEFAULT_STEPS, OFFICIAL_SEED, ModelTraits, resolve
from stillyou.editing.request import EditOptions, EditRequest
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.face_choice import FaceChoice
from stillyou.effects.settings import PartialGuidance, PartialMask, Tuning
from stillyou.errors import UsageError
from tests.editing.fakes import PEOPLE_CARD

TUNED = Tuning(guidance=PartialGuidance(text=4.5), mask=PartialMask(strategy="noise", ratio=2.75), strength=0.5)
CARD = PEOPLE_CARD.model_copy(
    update={"effects": tuple(each.model_copy(update={"domains": {"people": TUNED}}) for each in PEOPLE_CARD.effects)}
)
MODEL = ModelTraits("fake", CARD, 32)


def test_every_option_can_be_written_and_has_a_field():
    assert {each.name for each in fields(EditRequest)} == {"effect", *EditOptions.__annotations__}


def test_options_are_read_into_their_own_types():
    request = EditRequest.read(
        "santa", strength=np.float32(0.5), seed=np.int64(7), guidance="1,2,3", crop="1,2,30", domain="people"
    )
    assert (request.strength, request.seed, type(request.seed)) == (0.5, 7, int)
    assert request.guidance == GuidanceScales(image=1, source=2, text=3)
    assert (request.crop, request.domain) == (Crop(1, 2, 30), "people")
    assert EditRequest.read("santa", face="1,2").face == FaceChoice("point", point=(1, 2))
    assert EditRequest.read("santa", guidance=[1, 2, 3]) == EditRequest.read("santa", guidance=(1.0, 2.0, 3.0))
    assert EditRequest.read("santa", domain="auto", strength=None, official=False) == EditRequest(
        effect="santa", official=False
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"strenght": 1}, "Did you mean 'strength'"),
        ({"strength": "much"}, "strength much is not between 0 and 1"),
        ({"strength": True, "steps": 0}, "steps 0"),
        ({"seed": 2**63}, "seed"),
        ({"resolution": 100}, "The nearest is 128"),
        ({"resolution": 64.0}, "whole number"),
        ({"mask_strategy": "nois"}, "Did you mean 'noise'"),
        ({"variables": ["subject"]}, "no words by name"),
        ({"variables": {"subject": 3}}, "no words by name"),
        ({"crop": (0, 0, 8)}, "is no Crop"),
        ({"crop": "0,0,8", "face": 1}, "exclude each other"),
        ({"official": True, "domain": "people"}, "which has no domain"),
        ({"official": True, "strength": 0.5}, "no strength"),
    ],
)
def test_wrong_options_are_refused_by_name(options, told):
    with pytest.raises(UsageError, match=told):
        EditRequest.read("santa", **options)


def test_what_is_not_said_comes_from_the_effect_as_it_is_tuned_for_the_domain():
    plan = resolve(EditRequest(effect="santa"), MODEL)
    plain, people = plan.for_domain("cartoon"), plan.for_domain("people")
    assert (people.guidance.text, people.mask.strategy, people.mask.ratio) == (4.5, "noise", 2.75)
    assert (plain.strength, people.strength, people.asked_strength) == (1.0, 0.5, 1.0)
    assert plain.sampling == plan.sampling != people.sampling
    assert (plan.steps, plan.seed, plan.side) == (DEFAULT_STEPS, 0, 32)
    assert resolve(EditRequest(effect="santa", official=True), MODEL).seed == OFFICIAL_SEED
    assert resolve(EditRequest(effect="santa", resolution=64), MODEL).side == 64


def test_what_is_said_counts_even_where_it_equals_a_default():
    own = CARD.effects[0].defaults()
    request = EditRequest(effect=CARD.effects[0], guidance=own.guidance, mask_strategy=own.mask.strategy)
    people = resolve(request, MODEL).for_domain("people")
    assert people.guidance == own.guidance  # not the 4.5 that is tuned for people
    assert people.mask.strategy == own.mask.strategy != "noise"
    assert people.mask.ratio == 2.75
    subject = EditRequest(effect="santa", variables={"subject": "cartoon character"})
    assert resolve(subject, MODEL).for_domain("people").prompts.source == "a cartoon character"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "strength": st.floats(0, 1),
            "seed": st.integers(0, 2**63 - 1),
            "steps": st.integers(1, 1000),
            "guidance": st.tuples(*[st.floats(0, 30)] * 3),
            "mask_strategy": st.sampled_from(["noise", "latent", "none"]),
            "resolution": st.integers(1, 32).map(lambda n: 64 * n),
        },
    ),
    st.sampled_from(["cartoon", "people"]),
)
@settings(max_examples=60, deadline=None)
def test_the_request_wins_over_domain_and_effect_and_says_nothing_else(options, domain):
    plan = resolve(EditRequest.read("santa", **options), MODEL).for_domain(domain)
    default = resolve(EditRequest(effect="santa"), MODEL).for_domain(domain)
    assert plan.asked_strength == options.get("strength", 1.0)
    assert plan.strength == plan.asked_strength * plan.effect.defaults(domain).strength
    assert plan.seed == options.get("seed", default.seed)
    assert plan.steps == options.get("steps", default.steps)
    wanted = options.get("guidance")
    assert plan.guidance == (
        default.guidance if wanted is None else EditRequest.read("santa", guidance=wanted).guidance
    )
    assert plan.mask == default.mask.model_copy(
        update={"strategy": options.get("mask_strategy", default.mask.strategy)}
    )
    assert plan.side == options.get("resolution", 32)


def test_a_wrong_variable_is_refused_before_a_picture_is_opened():
    with pytest.raises(UsageError, match="no variable 'colour'"):
        resolve(EditRequest(effect="santa", variables={"colour": "red"}), MODEL)


def test_checking_options_loads_no_model_library():
    code = (
        "import sys; from stillyou.editing.request import EditRequest; EditRequest.read('santa', strength=0.5);"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'dlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("effect", "options", "told"),
    [
        ("angry", {"wear": "hat", "refine": 0.3}, ["wear and refine changed nothing: the edit starts from noise"]),
        ("santa", {"draft": "none", "design": "green"}, ["design changed nothing: the edit starts from noise"]),
        ("santa", {"draft": "mine.png", "wear": "hat"}, ["wear changed nothing: the draft is your own"]),
        ("santa", {"draft": "mine.png", "refine": 0.3}, []),
        ("santa", {"wear": "hat", "refine": 0.3}, []),
        ("santa", {"draft": "none", "refine": 1.0}, []),
        ("angry", {"draft": "auto"}, []),
    ],
)
def test_options_that_change_nothing_are_told(effect, options, told):
    assert resolve(EditRequest.read(effect, **options), ModelTraits("fake", ModelCard(), 32)).ignored == told


def test_a_design_from_noise_counts_for_a_model_that_learned_it_by_name():
    traits = ModelTraits("fake", ModelCard(named_designs=True), 32)
    request = EditRequest.read("santa", draft="none", design="green", wear="hat")
    assert resolve(request, traits).ignored == ["wear changed nothing: the edit starts from noise"]
    own = EditRequest.read("santa", draft="mine.png", design="green")
    assert resolve(own, traits).ignored == ["design changed nothing: the draft is your own"]


@pytest.mark.parametrize(
    ("effect", "options", "named"),
    [
        ("santa", {}, ", classic design"),
        ("santa", {"design": "green", "draft": "none"}, ", green design"),
        ("angry", {}, ""),
    ],
)
def test_prompts_name_the_design_to_a_model_that_learned_it_by_name(effect, options, named):
    request = EditRequest.read(effect, **options)
    plain = resolve(request, ModelTraits("fake", ModelCard(), 32)).prompts
    told = resolve(request, ModelTraits("fake", ModelCard(named_designs=True), 32)).prompts
    assert told.source == plain.source
    assert told.target == plain.target + named


@pytest.mark.parametrize(
    ("effect", "strengths", "by_words", "by_schedule"),
    [("angry", ("angry",), 0.3, 1.0), ("angry", ("crying",), 1.0, 0.3), ("santa", ("angry",), 1.0, 0.3)],
)
def test_a_model_that_learned_strengths_is_asked_for_a_weaker_expression(effect, strengths, by_words, by_schedule):
    request = EditRequest.read(effect, strength=0.3, draft="none")
    sampling = resolve(request, ModelTraits("fake", ModelCard(strengths=strengths), 32)).sampling
    assert (sampling.prompt_strength, sampling.strength) == (by_words, by_schedule)
