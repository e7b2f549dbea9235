"""The training objective: the edit-weighted loss (docs/model.md).

With a_t the cumulated alphas of the schedule, z the target latents and n the noise,

    z_t = sqrt(a_t) z + sqrt(1 - a_t) n
    v   = sqrt(a_t) n - sqrt(1 - a_t) z
    w   = 1 + λ · [mean over channels of |z_s - z| > threshold]
    L   = mean of w · (prediction - v)²        (a model that predicts noise, as SD 1.5 does, has n in place of v)

λ goes by effect group. A reconstruction sample has z = z_s, so its w is 1 everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from stillyou.diffusion.network import Denoiser


@dataclass(frozen=True)
class EditorBatch:
    """What a training step sees, on its device.

    Attributes:
        source: Source latents z_s (B, C, h, w).
        target: Target latents z (B, C, h, w).
        vision: CLIP-normalised source pictures (B, 3, s, s).
        token_ids: Prompts (B, T).
        branch: `Branch` (B,), on the CPU.
        timestep: (B,).
        noise: n, (B, C, h, w).
        edit_weight: λ (B,).
        group: Index of the effect's group (B,); used by the log alone.
    """

    source: torch.Tensor
    target: torch.Tensor
    vision: torch.Tensor
    token_ids: torch.Tensor
    branch: torch.Tensor
    timestep: torch.Tensor
    noise: torch.Tensor
    edit_weight: torch.Tensor
    group: torch.Tensor


def velocity(z: torch.Tensor, noise: torch.Tensor, a_t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return z_t and v, each (B, C, h, w); a_t is (B, 1, 1, 1)."""
    signal, spread = a_t.sqrt(), (1 - a_t).sqrt()
    return signal * z + spread * noise, signal * noise - spread * z


def edit_weights(source: torch.Tensor, z: torch.Tensor, strength: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return w (B, 1, h, w) from latents (B, C, h, w) and λ (B,)."""
    changed = (source - z).abs().mean(dim=1, keepdim=True) > threshold
    return 1 + strength.view(-1, 1, 1, 1) * changed


class EditorObjective(nn.Module):
    """Denoiser and loss as one module, so that a wrapper for several processes sees a single forward pass.

    Args:
        denoiser: The trained networks.
        alphas_cumprod: a_t of the schedule, (T,).
        empty_prompt_ids: Token ids of the empty prompt, (1, T).
        black: CLIP-normalised black picture (1, 3, s, s).
        threshold: Mean latent difference that counts as changed.
        prediction: The schedule's `prediction_type`, `v_prediction` or `epsilon`.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        alphas_cumprod: torch.Tensor,
        empty_prompt_ids: torch.Tensor,
        black: torch.Tensor,
        threshold: float,
        prediction: str = "v_prediction",
    ) -> None:
        super().__init__()
        assert prediction in ("v_prediction", "epsilon"), f"no objective for {prediction}"
        self.predicts_noise = prediction == "epsilon"
        self.denoiser = denoiser
        self.threshold = threshold
        self.alphas_cumprod: torch.Tensor
        self.empty_prompt_ids: torch.Tensor
        self.black: torch.Tensor
        self.register_buffer("alphas_cumprod", alphas_cumprod.float(), persistent=False)
        self.register_buffer("empty_prompt_ids", empty_prompt_ids, persistent=False)
        self.register_buffer("black", black, persistent=False)

    def forward(self, batch: EditorBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's weighted mean squared error (B,)."""
        z_t, v = velocity(batch.target, batch.noise, self.alphas_cumprod[batch.timestep].view(-1, 1, 1, 1))
        w = edit_weights(batch.source, batch.target, batch.edit_weight, self.threshold)
        prediction = self.denoiser(
            z_t,
            batch.timestep,
            batch.source,
            batch.vision,
            batch.token_ids,
            batch.branch,
            self.empty_prompt_ids,
            self.black,
        )
        truth = batch.noise if self.predicts_noise else v
        errors = (w * (prediction - truth).square()).mean(dim=(1, 2, 3))
        return errors.mean(), errors.detach()
