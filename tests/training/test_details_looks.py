"""What the decoder learns from the denoiser's own pictures: crops, losses, and what is kept on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from stillyou.effects.designs import designs, with_design, without_design
from stillyou.errors import StillYouError
from stillyou.images.tensors import to_uint8
from stillyou.training.autoencoder.learn import PictureBatch, reconstruction_errors
from stillyou.training.details.answers import Answers, DrawnBatch, DrawnCrops, load_answers, save_answers
from stillyou.training.details.first import SQUARES, with_details
from stillyou.training.details.looks import LooksBatch, LooksObjective
from tests.diffusion.test_details import CHANNELS, detailed, layer_of

LATENTS, SIDE = 4, 32


def placed(count: int = 3, side: int = 64) -> Answers:
    """Answers whose latents, details and pixels all say where they are."""
    coarse = side // 8
    rows = torch.arange(coarse * coarse, dtype=torch.float32).view(coarse, coarse) / 128
    latents = torch.stack([rows + 0.25 * row for row in range(count)])[:, None].expand(-1, LATENTS, -1, -1)
    targets = functional.interpolate(latents[:, :3], scale_factor=8.0)
    masks = torch.zeros(count, side, side, dtype=torch.bool)
    masks[:, 40:, 10:20] = True
    return Answers(latents.half(), 2 * latents[:, :2].half(), to_uint8(targets), masks)


def batch_of(count: int = 2) -> LooksBatch:
    """Random crops, half of them drawn."""
    torch.manual_seed(5)
    pixels = torch.rand(count, 3, SIDE, SIDE) * 2 - 1
    weight = torch.ones(count, 1, SIDE, SIDE)
    noise = torch.randn(count, LATENTS + CHANNELS, SIDE // 8, SIDE // 8)
    copies = PictureBatch(pixels, noise, torch.zeros(count, dtype=torch.long), weight)
    drawn = DrawnBatch(
        torch.randn(count, LATENTS, SIDE // 8, SIDE // 8),
        torch.randn(count, CHANNELS, SIDE // 8, SIDE // 8),
        torch.rand(count, 3, SIDE, SIDE) * 2 - 1,
        torch.ones(count, 1, SIDE, SIDE),
        torch.randn(count, 3, SIDE, SIDE),
    )
    return LooksBatch(copies, drawn, torch.zeros(2 * count, dtype=torch.long))


def test_crops_of_latents_and_pixels_lie_over_one_another_and_follow_from_their_place() -> None:
    crops = DrawnCrops(placed(), 1, SIDE, 4.0, torch.device("cpu"))
    batch = crops.batch(range(8))
    assert torch.allclose(batch.pixels[..., ::8, ::8], batch.latents[:, :3], atol=0.01)
    assert torch.equal(batch.details, 2 * batch.latents[:, :2])
    assert torch.allclose(batch.weight.mean(dim=(1, 2, 3)), torch.ones(8))
    assert batch.weight.amax() > batch.weight.amin()  # the mask is in sight
    again = crops.batch(range(5, 8))
    assert all(torch.equal(one[5:], other) for one, other in zip(batch, again, strict=True))


def test_the_loss_is_that_of_the_formula() -> None:
    vae = detailed(LATENTS)
    objective, batch = LooksObjective(vae), batch_of()
    loss, errors = objective(batch)
    own = with_details(vae, batch.copies)
    b, d = torch.cat([own[0], batch.drawn.latents]), torch.cat([own[1], batch.drawn.details])
    x, y = torch.cat([batch.copies.pixels, batch.drawn.pixels]), layer_of(vae).decode(b, d)
    error = reconstruction_errors(x, y, torch.ones(4, 1, 1, 1), SQUARES)
    x, y, b = batch.drawn.pixels, y[2:], batch.drawn.latents
    n, critic = 0.05 * batch.drawn.noise, objective.critic
    margin = critic(x, b) - critic(y, b)
    smooth = (critic(x + n, b) - critic(x, b)).square().mean() + (critic(y + n, b) - critic(y, b)).square().mean()
    wanted = error.mean() + 0.15 * functional.softplus(margin).mean() + functional.softplus(-margin).mean()
    assert torch.allclose(errors, error, atol=1e-6)
    assert torch.allclose(loss, wanted + 20 * smooth / 2, atol=1e-5)


def test_decoder_and_critic_pull_in_opposite_directions() -> None:
    """Steps of the decoder alone make what it draws pass for true; steps of the critic alone tell it from true."""
    vae, batch = detailed(LATENTS), batch_of()
    objective = LooksObjective(vae)
    vae.requires_grad_(False)
    layer_of(vae).decoder.requires_grad_(True)

    def margin() -> float:
        """How much truer the critic calls what is true."""
        drawn = batch.drawn
        with torch.no_grad():
            y = layer_of(vae).decode(drawn.latents, drawn.details)
            return float((objective.critic(drawn.pixels, drawn.latents) - objective.critic(y, drawn.latents)).mean())

    before = margin()
    for _ in range(20):
        objective.zero_grad()
        objective(batch)[0].backward()
        with torch.no_grad():
            for weight in objective.critic.parameters():
                weight -= 0.02 * weight.grad  # type: ignore[operator]
    told = margin()
    assert told > before
    assert all(weight.grad is None for weight in vae.encoder.parameters())
    assert any(
        bool(weight.grad.abs().sum()) for weight in layer_of(vae).decoder.parameters() if weight.grad is not None
    )


def test_answers_come_back_from_their_file_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path, answers = tmp_path / "answers.safetensors", placed()
    save_answers(path, answers)
    found = load_answers(path)
    assert all(torch.equal(value, vars(found)[name]) for name, value in vars(answers).items())
    assert list(tmp_path.iterdir()) == [path]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StillYouError, match="answers.safetensors is damaged"):
        load_answers(path)


def test_prompts_lose_the_design_that_they_name_and_nothing_else() -> None:
    design = designs("santa")[1]
    assert (
        without_design("santa", with_design("a person, santa claus costume", design)) == "a person, santa claus costume"
    )
    assert without_design("santa", "a person, roses design") == "a person, roses design"
    assert without_design("angry", "a person, angry") == "a person, angry"
