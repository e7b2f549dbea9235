"""Scorers of edit strength and safety on tiny networks of the real classes, and the curation scorer learning a toy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

from stillyou.diffusion.tokenizer import build_tokenizer
from stillyou.draws import generator
from stillyou.effects.lookup import catalogue, load_effects
from stillyou.effects.spec import EffectSpec
from stillyou.errors import StillYouError, UsageError
from stillyou.pairs.curate import Curation, curate
from stillyou.pairs.curation.candidate import Candidate
from stillyou.pairs.curation.criteria import bands_of, parse_bands
from stillyou.pairs.curation.protocol import ScorerOptions
from stillyou.pairs.curation.scorers import able
from stillyou.pairs.curation.shows.network import ScorerConfig, load
from stillyou.pairs.curation.shows.training import train
from stillyou.pairs.curation.strength import Clip, Safety, Shows
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.pairs.teachers.registry import configure
from tests.pairs.fakes import QUIET, FakeTeacher

SANTA = catalogue()["santa"]
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def _clip_config(words: int) -> CLIPConfig:
    text = SMALL | {"vocab_size": words, "max_position_embeddings": 77, "projection_dim": 16}
    vision = SMALL | {"image_size": 32, "patch_size": 8, "projection_dim": 16}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)


def _processor() -> CLIPImageProcessor:
    return CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    tokenizer = build_tokenizer([SANTA.source_prompt, SANTA.target_prompt], 77)
    torch.manual_seed(0)
    CLIPModel(_clip_config(len(tokenizer))).save_pretrained(folder)
    CLIPProcessor(_processor(), tokenizer).save_pretrained(folder)
    return folder


def _candidates(count: int) -> list[Candidate]:
    return [Candidate(FakeTeacher().pair(SANTA, seed), SANTA) for seed in range(count)]


def test_clips_direction_is_that_of_its_embeddings(clip: Path):
    scorer = Clip(ScorerOptions(clip=clip))
    (one, other) = _candidates(2)
    found = scorer.measure([one, other])
    model, processor = CLIPModel.from_pretrained(clip).eval(), CLIPProcessor.from_pretrained(clip)
    for candidate, scores in zip((one, other), found, strict=True):
        pair = candidate.pair
        inputs = processor(
            text=[pair.source_prompt, pair.target_prompt],
            images=[pair.source, pair.target],
            return_tensors="pt",
            padding=True,
        )
        with torch.inference_mode():
            said = model(**inputs)
        pictures, words = said.image_embeds, said.text_embeds
        direction = torch.cosine_similarity(pictures[1] - pictures[0], words[1] - words[0], 0)
        assert scores["clip_direction"] == pytest.approx(float(direction), abs=2e-3)
        assert scores["clip_image"] == pytest.approx(float(torch.cosine_similarity(*pictures, 0)), abs=2e-4)


def test_to_clip_an_untouched_target_is_alike_and_goes_nowhere(clip: Path):
    (candidate,) = _candidates(1)
    lazy = Candidate(replace(candidate.pair, target=candidate.pair.source), SANTA)
    assert Clip(ScorerOptions(clip=clip)).measure([lazy]) == [{"clip_direction": 0.0, "clip_image": 1.0}]


@pytest.mark.parametrize(("bound", "objections"), [(1.0, 0), (-1.0, 2)])
def test_the_safety_checkers_objections_are_counted(tmp_path: Path, bound: float, objections: int):
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    torch.manual_seed(0)
    checker = StableDiffusionSafetyChecker(_clip_config(100))
    checker.concept_embeds_weights.data.fill_(bound)
    checker.special_care_embeds_weights.data.fill_(1.0)
    checker.save_pretrained(tmp_path)
    _processor().save_pretrained(tmp_path)
    found = Safety(ScorerOptions(safety=tmp_path)).measure(_candidates(2))
    assert found == [{"unsafe": objections}] * 2


def test_scorers_without_weights_are_left_out_and_say_what_they_need(tmp_path: Path):
    kinds, left_out = able(ScorerOptions())
    assert not {Clip, Safety} & set(kinds)
    assert "--clip" in left_out["clip"] and "--safety" in left_out["safety"]
    for scorer in (Clip(ScorerOptions(clip=tmp_path)), Safety(ScorerOptions(safety=tmp_path))):
        with pytest.raises(StillYouError, match=f"{tmp_path} holds no"):
            scorer.measure(_candidates(1))


@pytest.mark.parametrize("option", ["clip", "safety", "scorer"])
def test_folders_of_no_use_are_refused_before_pairs_are_read(tmp_path: Path, option: str):
    make_pairs(FakeTeacher(), load_effects("santa"), 1, tmp_path / "pairs", execution=QUIET)
    (tmp_path / "pairs" / "pairs-00000.parquet").write_bytes(b"would be told first if it were read")
    options = ScorerOptions(**{option: tmp_path / "none"})
    with pytest.raises(StillYouError, match=f"{tmp_path / 'none'}"):
        curate(tmp_path / "pairs", Curation(scorers=options, progress=False))


class LabelledTeacher(FakeTeacher):
    """Laughing makes the lower edge of the picture bright, crying dark; sources are grey with noise."""

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        source = generator(seed, "grey").integers(96, 160, (64, 64, 3), dtype=np.uint8)
        target, mask = source.copy(), np.zeros((64, 64), np.uint8)
        mask[52:] = 255
        target[52:] = 240 if effect.id == "laughing" else 10
        attributes = {"source_expression": "neutral", "target_expression": effect.id}
        return Pair(source, target, mask, "a", "b", effect.id, self.kind, seed, attributes, self.domain)


def test_the_curation_scorer_learns_and_tells_lazy_targets(tmp_path: Path):
    effects = load_effects("laughing,crying")
    make_pairs(LabelledTeacher(), effects, 32, tmp_path / "pairs", execution=QUIET)
    config = ScorerConfig(
        resolution=32,
        widths=(8, 8, 8, 8),
        expressions=("neutral", "laughing", "crying"),
        costumes=("none", "santa"),
        domains=("cartoon",),
    )
    train([tmp_path / "pairs"], config, minutes=5, steps=60, seed=0).save(tmp_path / "scorer")
    assert load(tmp_path / "scorer").config.accuracy["expression"] >= 0.9
    scorer = Shows(ScorerOptions(scorer=tmp_path / "scorer"))
    pair = LabelledTeacher().pair(effects[0], 999)
    (good,) = scorer.measure([Candidate(pair, effects[0])])
    (lazy,) = scorer.measure([Candidate(replace(pair, target=pair.source), effects[0])])
    assert good["strength"] > 0.15 and lazy["strength"] == 0
    assert scorer.measure([Candidate(replace(pair, domain="people"), effects[0])]) == [{}]
    make_pairs(FakeTeacher(), effects, 17, tmp_path / "plain", execution=QUIET)
    with pytest.raises(UsageError, match="have no labels"):
        train([tmp_path / "plain"], config, minutes=5, steps=1, seed=0)


def test_the_scorer_that_ships_knows_all_effects_and_tells_costumes_from_copies():
    shipped = load()
    assert all(shipped.knows(effect, domain) for effect in catalogue().values() for domain in ("cartoon", "people"))
    assert Shows in able(ScorerOptions())[0] and Shows.weights(ScorerOptions()) != ""
    teacher, bound = configure("cartoon", {"size": 128}).build(), bands_of(SANTA, {})["strength"]
    pairs = [teacher.pair(SANTA, seed) for seed in range(5)]
    dressed = Shows(ScorerOptions()).measure([Candidate(pair, SANTA) for pair in pairs])
    lazy = Shows(ScorerOptions()).measure([Candidate(replace(pair, target=pair.source), SANTA) for pair in pairs])
    assert all(bound.holds(scores["strength"]) for scores in dressed)
    assert lazy == [{"strength": 0.0}] * 5 and not bound.holds(0.0)


def test_the_scorer_that_ships_refuses_no_expression_by_itself():
    for effect in catalogue().values():
        bound = bands_of(effect, {})["strength"]
        assert bound.holds(-1.0) == (effect.group == "expression"), effect.id
        assert not bands_of(effect, parse_bands(["strength=0.15"], []))["strength"].holds(0.1)
