"""Training that says how strong expressions are: strengths from pairs, tokens between two prompts, and the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from stillyou.diffusion.card import read_card
from stillyou.diffusion.conditions import Branch, between
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.models.from_base import load_base
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.pair import Pair
from stillyou.training.config import BranchShares, EditorSettings, EditWeights, RenderSettings, TeacherSettings
from stillyou.training.data.cache import open_or_build
from stillyou.training.data.pair_encoder import CacheSettings, LatentEncoder
from stillyou.training.data.stream import Levels, SampleDraws
from stillyou.training.data.strengths import strengths, told_strength
from stillyou.training.editor.frozen import FrozenBatches, FrozenEncoder
from stillyou.training.editor.task import EditorBatches, editor_objective, encode_words, pools
from stillyou.training.plan import check_inputs
from stillyou.training.run import Request
from stillyou.training.stages import run_training
from tests.conftest import build_tiny_pipeline
from tests.training.fakes import LAUGHING, QUIET, SANTA, Painter, tiny_config

CPU = torch.device("cpu")
GROUPS = {"laughing": "expression", "santa": "costume"}


class Says(Painter):
    """A painter whose pairs say a strength, whatever their effect."""

    kind: str = "says"
    said: float | str = 0.5

    def pair(self, effect: EffectSpec, seed: int) -> Pair:
        attributes: Mapping[str, float | str] = {"strength": self.said}
        return replace(super().pair(effect, seed), attributes=attributes)


def painted_with(folder: Path, said: float | str) -> PairDataset:
    make_pairs(Says(said=said), [SANTA, LAUGHING], 6, folder, execution=QUIET)
    return PairDataset(folder)


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> PairDataset:
    return painted_with(tmp_path_factory.mktemp("weak") / "pairs", 0.25)


def test_expressions_alone_are_as_strong_as_pairs_say(weak: PairDataset, painted: PairDataset) -> None:
    wanted = [0.25 if row["effect"] == "laughing" else 1 for row in weak.rows(("effect",))]
    assert strengths([weak, painted]) == wanted + [1] * len(painted)
    assert set(wanted) == {0.25, 1}


def test_pairs_that_say_nothing_are_refused(painted: PairDataset) -> None:
    with pytest.raises(UsageError, match="no pair says that its expression is a weaker one") as refusal:
        strengths([painted])
    assert "--strengths" in str(refusal.value.remedy)


@pytest.mark.parametrize("said", [0.0, -1.0, 1.5, "much"])
def test_strengths_out_of_range_are_refused_by_key(tmp_path: Path, said: float | str) -> None:
    with pytest.raises(UsageError, match=r"pair \S+: a pair says the strength"):
        strengths([painted_with(tmp_path / "pairs", said)])


def _draws(rows: object, shape: tuple[int, int, int]) -> SampleDraws:
    shares = BranchShares(none=0, text=0, image=0, image_source=0, full=1)
    return SampleDraws(0, pools(rows, [1.0], []), 1, Levels(1000), shape, shares, 0.3)  # type: ignore[arg-type]


@torch.no_grad()
def test_trained_encoders_see_tokens_between_both_prompts(weak: PairDataset, tmp_path: Path) -> None:
    pipeline: MultiConditionedPipeline = build_tiny_pipeline()
    settings = CacheSettings(pipeline.resolution, pipeline.image_encoder.config.image_size, 1, 0)
    cache = open_or_build(tmp_path, [weak], LatentEncoder(pipeline.vae.float(), settings), device=CPU)
    assert cache is not None
    words = encode_words(cache.rows, GROUPS, EditWeights(), pipeline.token_ids, CPU, strengths([weak]))
    shape = (cache.source.shape[2], cache.source.shape[3], cache.source.shape[4])
    batch = next(EditorBatches(settings.vision_size, cache, words, _draws(cache.rows, shape), 16, CPU)(0))
    tokens = editor_objective(pipeline, EditorSettings()).conditions(batch).tokens
    source, santa, laughing = (
        pipeline.denoiser.text_tokens(pipeline.token_ids([prompt]))[0]
        for prompt in (SANTA.prompts().source, SANTA.prompts().target, LAUGHING.prompts().target)
    )
    wanted = {3: source, 1: santa, 0: 0.75 * source + 0.25 * laughing}
    assert {int(group) for group in batch.group} == set(wanted)
    for index, group in enumerate(batch.group):
        assert torch.allclose(tokens[index, : len(source)], wanted[int(group)], atol=1e-5)


@torch.no_grad()
def test_frozen_encoders_too(sd_base: tuple[Path, Path], weak: PairDataset, tmp_path: Path) -> None:
    pipeline = load_base(*map(str, sd_base))
    encoder = FrozenEncoder(pipeline, CacheSettings(64, 64, 1, 0), posterior=False)
    cache = open_or_build(tmp_path, [weak], encoder, device=CPU)
    assert cache is not None
    text = cache.constants["text"]
    words = encode_words(cache.rows, GROUPS, EditWeights(), lambda _: text[:-1], CPU, strengths([weak]))
    batch = next(FrozenBatches(cache, words, _draws(cache.rows, (4, 8, 8)), 16, CPU)(0))
    prompts = sorted({row.target_prompt for row in cache.rows} | {row.source_prompt for row in cache.rows})
    source, laughing = (text[prompts.index(p)].float() for p in (LAUGHING.prompts().source, LAUGHING.prompts().target))
    rows = [index for index, group in enumerate(batch.group) if group == 0]
    assert rows and all(torch.allclose(batch.text[row], 0.75 * source + 0.25 * laughing, atol=1e-5) for row in rows)
    assert all(int(branch) == Branch.FULL for branch in batch.branch)


def test_a_run_with_strengths_says_so_in_its_card_and_refuses_pairs_without(
    weak: PairDataset, painted_folder: Path, tmp_path: Path
) -> None:
    config = tiny_config(editor=EditorSettings(batch=4, accumulation=2, warmup_steps=2, strengths=True))
    stages: Any = ("autoencoder", "editor")
    run_training(Request(tmp_path / "run", config, stages, weak.path, "cpu"))
    card = read_card(tmp_path / "run" / "model")
    assert card is not None and card.strengths == ("laughing",)
    with pytest.raises(UsageError, match="no pair says"):
        run_training(Request(tmp_path / "other", config, stages, painted_folder, "cpu"))
    assert not (tmp_path / "other").exists(), "refused before anything is made"


def test_rendered_pairs_must_be_asked_for_weaker_expressions() -> None:
    whole = tiny_config(editor=EditorSettings(strengths=True))
    request = Request(Path("run"), whole, ("render", "autoencoder", "editor"), None, "cpu")
    with pytest.raises(UsageError, match="all expressions that are rendered are whole ones"):
        check_inputs(request)
    weaker = RenderSettings(teachers={"cartoon": TeacherSettings(options={"strengths": True})})
    check_inputs(replace(request, config=whole.model_copy(update={"render": weaker})))


def test_of_costumes_a_strength_means_nothing() -> None:
    assert told_strength({"strength": "strong"}, "costume") == 1
    assert told_strength({"strength": 0.5}, "expression") == 0.5
    assert told_strength({}, "expression") == 1


def test_tokens_between_are_exact_at_both_ends() -> None:
    source, target = torch.randn(2, 3, 5, 4, dtype=torch.bfloat16)
    ends = torch.tensor([0.0, 1.0, 0.5]).view(3, 1, 1)
    found = between(source, target, ends)
    assert torch.equal(found[0], source[0]) and torch.equal(found[1], target[1])
    assert torch.allclose(found[2], (source[2] + target[2]) / 2, atol=0.02)
