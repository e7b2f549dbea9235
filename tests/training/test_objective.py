"""The objective against hand computation, and its reach over the parameters."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.conditions import Branch, Conditions, NullTokens, black_vision
from stillyou.training.config import EditorSettings
from stillyou.training.editor.objective import EditorBatch, EditorObjective, edit_weights, velocity
from stillyou.training.editor.task import editor_objective
from tests.conftest import build_tiny_pipeline


def test_weights_mark_latents_that_changed() -> None:
    source = torch.zeros(2, 2, 1, 3)
    target = torch.zeros(2, 2, 1, 3)
    target[0, :, 0, 0] = torch.tensor([0.4, 0.0])  # mean 0.2: changed
    target[0, :, 0, 1] = torch.tensor([0.2, -0.08])  # mean 0.14: not changed
    target[1, :, 0, 2] = torch.tensor([-1.0, 1.0])  # mean of magnitudes 1: changed
    weights = edit_weights(source, target, torch.tensor([10.0, 3.0]), threshold=0.15)
    assert weights.tolist() == [[[[11.0, 1.0, 1.0]]], [[[1.0, 1.0, 4.0]]]]


def test_velocity_by_hand() -> None:
    z, noise = torch.full((1, 1, 1, 1), 2.0), torch.full((1, 1, 1, 1), 3.0)
    z_t, v = velocity(z, noise, torch.tensor(0.36).view(1, 1, 1, 1))
    assert z_t.item() == pytest.approx(0.6 * 2 + 0.8 * 3)
    assert v.item() == pytest.approx(0.6 * 3 - 0.8 * 2)


class _Zero(nn.Module):
    """Predicts zero, whatever it sees, so that the loss is the weighted square of the target."""

    def text_tokens(self, token_ids: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(token_ids), 1, 1)

    def image_tokens(self, vision: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(source), 1, 1)

    def null_tokens(self, *given: torch.Tensor) -> NullTokens:
        return NullTokens(image=torch.zeros(1, 1, 1), text=torch.zeros(1, 1, 1))

    def predict(self, noisy: torch.Tensor, *rest: object) -> torch.Tensor:
        return torch.zeros_like(noisy)


def pair_of_samples(
    source: torch.Tensor,
    target: torch.Tensor,
    noise: torch.Tensor,
    *,
    timestep: list[int],
    earlier: list[int],
    draft: torch.Tensor | None = None,
) -> EditorBatch:
    """Two samples of the full branch, of the truth or a draft, for networks that look at neither pictures nor words."""
    return EditorBatch(
        source=source,
        target=target,
        vision=torch.zeros(2),
        token_ids=torch.zeros(2),
        source_ids=torch.zeros(2),
        prompt_strength=None,
        branch=torch.tensor([3, 3]),
        timestep=torch.tensor(timestep),
        noise=noise,
        earlier=torch.tensor(earlier),
        begun=target if draft is None else draft,
        drafted=torch.tensor([draft is not None] * 2),
        edit_weight=torch.tensor([10.0, 10.0]),
        group=torch.tensor([0, 3]),
    )


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon"])
def test_loss_by_hand(prediction: str) -> None:
    alphas = torch.tensor([0.64, 0.25])
    objective = EditorObjective(_Zero(), alphas, torch.zeros(1, 1), torch.zeros(1), 0.15, prediction)  # type: ignore[arg-type]
    source = torch.zeros(2, 1, 1, 2)
    target = torch.tensor([[[[0.0, 1.0]]], [[[0.0, 0.0]]]])
    noise = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 4.0]]]])
    batch = pair_of_samples(source, target, noise, timestep=[0, 1], earlier=[-1, -1])
    loss, errors = objective(batch)
    if prediction == "epsilon":
        first, second = (1.0 + 11 * 4.0) / 2, (9.0 + 16.0) / 2
    else:
        first = ((0.8 * 1) ** 2 + 11 * (0.8 * 2 - 0.6 * 1) ** 2) / 2
        second = ((0.5 * 3) ** 2 + (0.5 * 4) ** 2) / 2
    assert errors.tolist() == pytest.approx([first, second])
    assert loss.item() == pytest.approx((first + second) / 2)


class _Telling(_Zero):
    """A denoiser whose answer depends on all that it is given."""

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        return 0.5 * noisy + timesteps.view(-1, 1, 1, 1) + conditions.source


def test_own_answers_by_hand() -> None:
    """The answer at the earlier timestep, noised anew, is the state; what is wanted leads from there to the truth."""
    alphas = torch.tensor([0.64, 0.25])
    objective = EditorObjective(_Telling(), alphas, torch.zeros(1, 1), torch.zeros(1), 0.15)  # type: ignore[arg-type]
    target, noise = torch.tensor([[[[1.0, 3.0]]]] * 2), torch.tensor([[[[2.0, -1.0]]]] * 2)
    batch = pair_of_samples(target, target, noise, timestep=[0, 0], earlier=[-1, 1])
    _, errors = objective(batch)
    z, n = target[0], noise[0]
    z_t = 0.8 * z + 0.6 * n
    assert errors[0].item() == pytest.approx((0.5 * z_t + 0 + z - (0.8 * n - 0.6 * z)).square().mean().item())
    earlier = 0.5 * z + 0.75**0.5 * n
    answer = 0.5 * earlier - 0.75**0.5 * (0.5 * earlier + 1 + z)
    state = 0.8 * answer + 0.6 * n.flip(2)  # the noise of the other pixel
    said = 0.8 * state - 0.6 * (0.5 * state + 0 + z)  # for the target
    assert errors[1].item() == pytest.approx((said - z).square().mean().item())


def test_drafts_by_hand() -> None:
    """A draft, or the answer to it, is noised; what is wanted leads from there to the truth."""
    alphas = torch.tensor([0.64, 0.25])
    objective = EditorObjective(_Telling(), alphas, torch.zeros(1, 1), torch.zeros(1), 0.15)  # type: ignore[arg-type]
    target, noise = torch.tensor([[[[1.0, 3.0]]]] * 2), torch.tensor([[[[2.0, -1.0]]]] * 2)
    draft = torch.tensor([[[[-2.0, 0.5]]]] * 2)
    batch = pair_of_samples(target, target, noise, timestep=[0, 0], earlier=[-1, 1], draft=draft)
    _, errors = objective(batch)
    z, n, d = target[0], noise[0], draft[0]
    earlier = 0.5 * d + 0.75**0.5 * n
    answer = 0.5 * earlier - 0.75**0.5 * (0.5 * earlier + 1 + z)
    for row, begun in enumerate((d, answer)):
        state = 0.8 * begun + 0.6 * n.flip(2)
        said = 0.8 * state - 0.6 * (0.5 * state + 0 + z)
        assert errors[row].item() == pytest.approx((said - z).square().mean().item())


def test_gradients_reach_weights_that_gave_an_answer_before() -> None:
    """In bf16 autocast keeps its casts of weights; those of the answer have no gradients."""
    pipeline = build_tiny_pipeline()
    objective = editor_objective(pipeline, EditorSettings(batch=2))
    channels, side = pipeline.unet.config.out_channels, pipeline.unet.config.sample_size
    size = pipeline.image_encoder.config.image_size
    latents = torch.randn(2, channels, side, side)
    batch = EditorBatch(
        source=latents,
        target=latents + 1,
        vision=torch.randn(2, 3, size, size),
        token_ids=pipeline.token_ids(["a cartoon character"] * 2),
        source_ids=pipeline.token_ids(["a cartoon character"] * 2),
        prompt_strength=None,
        branch=torch.tensor([Branch.FULL, Branch.FULL]),
        timestep=torch.tensor([300, 300]),
        noise=torch.randn(2, channels, side, side),
        earlier=torch.tensor([500, -1]),
        begun=latents + 1,
        drafted=torch.tensor([False, False]),
        edit_weight=torch.full((2,), 3.0),
        group=torch.zeros(2, dtype=torch.long),
    )
    with torch.autocast("cpu", torch.bfloat16):
        loss, _ = objective(batch)
    loss.backward()
    weight = pipeline.unet.conv_in.weight
    assert weight.grad is not None and weight.grad.abs().sum() > 0


def test_gradients_reach_every_trained_parameter() -> None:
    torch.manual_seed(0)
    pipeline = build_tiny_pipeline()
    objective = editor_objective(pipeline, EditorSettings(batch=4))
    nn.init.normal_(
        pipeline.adapter.linear1.weight, std=0.2
    )  # starts as eye(N, N + C), which hides the latents' tokens
    n = len(Branch)
    channels, side = pipeline.unet.config.out_channels, pipeline.unet.config.sample_size
    size = pipeline.image_encoder.config.image_size
    target = torch.randn(n, channels, side, side)
    batch = EditorBatch(
        source=torch.randn(n, channels, side, side),
        target=target,
        vision=torch.randn(n, 3, size, size),
        token_ids=pipeline.token_ids(["a cartoon character, santa claus costume"] * n),
        source_ids=pipeline.token_ids(["a cartoon character, santa claus costume"] * n),
        prompt_strength=None,
        branch=torch.tensor([int(branch) for branch in Branch]),
        timestep=torch.tensor([10, 300, 500, 700, 990, 200, 800, 400]),
        noise=torch.randn(n, channels, side, side),
        earlier=torch.tensor([-1, 400, -1, 800, -1, -1, 999, -1]),
        begun=target,
        drafted=torch.zeros(n, dtype=torch.bool),
        edit_weight=torch.full((n,), 3.0),
        group=torch.zeros(n, dtype=torch.long),
    )
    loss, _ = objective(batch)
    loss.backward()
    trained = {name: p for name, p in objective.named_parameters() if p.requires_grad}
    unreached = [name for name, p in trained.items() if p.grad is None or not p.grad.abs().sum() > 0]
    unreached = [name for name in unreached if not name.endswith("k_proj.bias")]  # softmax ignores a constant
    assert not unreached, "no gradient: " + ", ".join(unreached)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trained.values())
    parts = {name.split(".")[1] for name in trained}
    assert parts == {"unet", "text_encoder", "image_encoder", "adapter"}
    assert all(not name.startswith("vae") for name in trained)
    assert math.isfinite(loss.item())


@torch.no_grad()
def test_released_nulls_are_a_grey_pictures_latents() -> None:
    """Absent in the release's training: source latents of mid-grey, image tokens of black with those latents."""
    torch.manual_seed(0)
    pipeline = build_tiny_pipeline()
    objective = editor_objective(pipeline, EditorSettings(batch=2, released_nulls=True))
    channels, side = pipeline.unet.config.out_channels, pipeline.unet.config.sample_size
    size = pipeline.image_encoder.config.image_size
    source, vision, z_t = (
        torch.randn(2, channels, side, side),
        torch.randn(2, 3, size, size),
        torch.randn(2, channels, side, side),
    )
    ids = pipeline.token_ids(["a cartoon character"] * 2)
    rest = {
        "target": z_t,
        "noise": z_t,
        "begun": z_t,
        "drafted": torch.zeros(2).bool(),
        "edit_weight": torch.zeros(2),
        "group": torch.zeros(2),
    }
    batch = EditorBatch(
        source,
        branch=torch.tensor([Branch.TEXT, Branch.FULL]),
        timestep=torch.tensor([5, 5]),
        earlier=torch.tensor([-1, -1]),
        vision=vision,
        token_ids=ids,
        source_ids=ids,
        prompt_strength=None,
        **rest,
    )
    found = objective.denoise(z_t, batch.timestep, objective.conditions(batch))
    grey = to_latents(pipeline.vae, torch.zeros(1, 3, pipeline.resolution, pipeline.resolution))
    black = black_vision(size)
    for row, (latents, seen, told) in enumerate(((grey, black, grey), (source[1:], vision[1:], source[1:]))):
        image = pipeline.adapter(pipeline.image_encoder(seen).last_hidden_state, told)
        text = pipeline.text_encoder(ids[row : row + 1]).last_hidden_state
        inputs = torch.cat([z_t[row : row + 1], latents], 1)
        wanted = pipeline.unet(inputs, 5, encoder_hidden_states=torch.cat([text, image], 1)).sample
        torch.testing.assert_close(found[row : row + 1], wanted, atol=1e-5, rtol=1e-4)
