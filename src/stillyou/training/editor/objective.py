"""The training objective: the edit-weighted loss (docs/reference/model.md).

With a_t the cumulated alphas of the schedule, z the target latents and n the noise,

    z_t = sqrt(a_t) z + sqrt(1 - a_t) n
    v   = sqrt(a_t) n - sqrt(1 - a_t) z
    w   = 1 + λ · [mean over channels of |z_s - z| > threshold]
    L   = mean of w · (prediction - v)²        (a model that predicts noise, as SD 1.5 does, has n in place of v)

Min-SNR weighting (Hang et al. 2023, arXiv 2303.09556, equation 4) multiplies a sample's error by

    min(snr, γ) / snr         for noise,        snr = a_t / (1 - a_t)
    min(snr, γ) / (snr + 1)   for velocity

Some samples are made of the model's own answer instead of the truth (`Draws.earlier`), as are the states of a sampler
that takes few steps and adds fresh noise after each. With z' the answer at an earlier timestep, where z is what it
should have been,

    z_t = sqrt(a_t) z' + sqrt(1 - a_t) n'        v = (sqrt(a_t) z_t - z) / sqrt(1 - a_t)

so that the answer at t is z again; n' is n turned about, noise that the earlier answer has not seen there. Others are
made of the pair's draft (`Draws.drafted`), as refined drafts are: z' is then the draft's latents, or the answer to them
at an earlier timestep. The errors of both weigh (1 - a_t), as those of z do, since v grows without bound where
there is little noise.

λ goes by effect group. A reconstruction sample has z = z_s, so its w is 1 everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import nn

from stillyou.diffusion.conditions import Conditions, NullTokens, apply_branches, between, presence
from stillyou.diffusion.network import Denoiser


@dataclass(frozen=True)
class LatentBatch:
    """What any training step of the editor sees, on its device.

    Attributes:
        source: Source latents z_s (B, C, h, w).
        target: Target latents z (B, C, h, w).
        branch: `Branch` (B,), on the CPU.
        timestep: (B,).
        noise: n, (B, C, h, w).
        earlier: Timestep (B,) of the model's answer that takes the truth's place, -1 for none; on the CPU.
        begun: Latents that noise is added to (B, C, h, w): z, or those of the pair's draft.
        drafted: Whether they are those of a draft, (B,) bool; on the CPU.
        edit_weight: λ (B,).
        group: Index of the effect's group (B,); used by the log alone.
        prompt_strength: How far text tokens are on the way from the source prompt's to the prompt's own, (B, 1, 1);
            None is all the way.
    """

    source: torch.Tensor
    target: torch.Tensor
    branch: torch.Tensor
    timestep: torch.Tensor
    noise: torch.Tensor
    earlier: torch.Tensor
    begun: torch.Tensor
    drafted: torch.Tensor
    edit_weight: torch.Tensor
    group: torch.Tensor
    prompt_strength: torch.Tensor | None


@dataclass(frozen=True)
class EditorBatch(LatentBatch):
    """A batch for encoders that are trained.

    Attributes:
        vision: CLIP-normalised source pictures (B, 3, s, s).
        token_ids: Prompts (B, T).
        source_ids: Source prompts (B, T), which weaker expressions lie nearer to.
    """

    vision: torch.Tensor
    token_ids: torch.Tensor
    source_ids: torch.Tensor


def velocity(z: torch.Tensor, noise: torch.Tensor, a_t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return z_t and v, each (B, C, h, w); a_t is (B, 1, 1, 1)."""
    signal, spread = a_t.sqrt(), (1 - a_t).sqrt()
    return signal * z + spread * noise, signal * noise - spread * z


def edit_weights(source: torch.Tensor, z: torch.Tensor, strength: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return w (B, 1, h, w) from latents (B, C, h, w) and λ (B,)."""
    changed = (source - z).abs().mean(dim=1, keepdim=True) > threshold
    return 1 + strength.view(-1, 1, 1, 1) * changed


def snr_weights(a_t: torch.Tensor, gamma: float, predicts_noise: bool) -> torch.Tensor:
    """Return the min-SNR weight of each sample (B,); a_t is (B,)."""
    snr = a_t / (1 - a_t)
    return snr.clamp(max=gamma) / (snr if predicts_noise else snr + 1)


Seen = TypeVar("Seen", bound=LatentBatch)


class DiffusionLoss(nn.Module, Generic[Seen]):
    """The loss around networks: one module, so that a wrapper for processes sees one forward pass.

    Args:
        alphas_cumprod: a_t of the schedule, (T,).
        threshold: Mean latent difference that counts as changed.
        prediction: The schedule's `prediction_type`, `v_prediction` or `epsilon`.
        min_snr: γ, or None to weigh all noise levels alike.
    """

    def __init__(
        self,
        alphas_cumprod: torch.Tensor,
        threshold: float,
        prediction: str = "v_prediction",
        min_snr: float | None = None,
    ) -> None:
        super().__init__()
        assert prediction in ("v_prediction", "epsilon"), f"no objective for {prediction}"
        self.predicts_noise, self.threshold, self.min_snr = prediction == "epsilon", threshold, min_snr
        self.alphas_cumprod: torch.Tensor
        self.register_buffer("alphas_cumprod", alphas_cumprod.float(), persistent=False)

    def conditions(self, batch: Seen) -> Conditions:
        """Return what the denoiser reads of a batch, but for what its branches lack."""
        raise NotImplementedError

    def denoise(self, z_t: torch.Tensor, timestep: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Return the denoiser's prediction (B, C, h, w) for noisy latents of the same shape, at timesteps (B,)."""
        raise NotImplementedError

    def forward(self, batch: Seen) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss, and each sample's weighted mean squared error (B,)."""
        a_t = self.alphas_cumprod[batch.timestep]
        conditions = self.conditions(batch)
        z_t, truth = self._state(batch, a_t.view(-1, 1, 1, 1), conditions)
        w = edit_weights(batch.source, batch.target, batch.edit_weight, self.threshold)
        errors = (w * (self.denoise(z_t, batch.timestep, conditions) - truth).square()).mean(dim=(1, 2, 3))
        if (replaced := self._replaced(batch)).any():
            errors = errors * torch.where(replaced.to(a_t.device, non_blocking=True), 1 - a_t, 1.0)
        if self.min_snr is not None:
            errors = errors * snr_weights(a_t, self.min_snr, self.predicts_noise)
        return errors.mean(), errors.detach()

    def _state(self, batch: Seen, a_t: torch.Tensor, conditions: Conditions) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z_t and what should be predicted there, each (B, C, h, w)."""
        z_t, v = velocity(batch.target, batch.noise, a_t)
        rows = self._replaced(batch).nonzero().flatten()
        if not len(rows):
            return z_t, batch.noise if self.predicts_noise else v
        assert not self.predicts_noise, "answers and drafts are learned by models that predict velocity"
        begun = batch.begun
        if len(answered := (batch.earlier >= 0).nonzero().flatten()):
            answer = self._answer(batch, answered, conditions)
            begun = begun.index_copy(0, answered.to(z_t.device, non_blocking=True), answer)
        rows = rows.to(z_t.device, non_blocking=True)
        signal, spread = a_t[rows].sqrt(), (1 - a_t[rows]).sqrt()
        state = signal * begun[rows] + spread * batch.noise[rows].flip(2, 3)
        wanted = (signal * state - batch.target[rows]) / spread
        return z_t.index_copy(0, rows, state), v.index_copy(0, rows, wanted)

    @staticmethod
    def _replaced(batch: LatentBatch) -> torch.Tensor:
        """Return which samples are made of something else than the truth, (B,) bool on the CPU."""
        return (batch.earlier >= 0) | batch.drafted

    @torch.no_grad()
    def _answer(self, batch: Seen, rows: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Return what the model takes targets or drafts of some rows (K,) for at earlier timesteps, (K, C, h, w)."""
        # On a GPU a few sizes alone: cuDNN tries its algorithms anew for every size that it has not seen.
        unit = -(-len(batch.earlier) // 8) if batch.target.is_cuda else 1
        cycled = rows[torch.arange(-(-len(rows) // unit) * unit) % len(rows)]
        earlier = batch.earlier[cycled].to(batch.target.device, non_blocking=True)
        at = cycled.to(batch.target.device, non_blocking=True)
        a_t = self.alphas_cumprod[earlier].view(-1, 1, 1, 1)
        z_t = velocity(batch.begun[at], batch.noise[at], a_t)[0]
        with torch.compiler.set_stance("force_eager"):  # these batches are smaller, and have no gradients
            predicted = self.denoise(z_t, earlier, Conditions(conditions.source[at], conditions.tokens[at]))
        # PyTorch before 2.11 would take its casts of the weights, which have no gradients, for those of the step.
        torch.clear_autocast_cache()
        return (a_t.sqrt() * z_t - (1 - a_t).sqrt() * predicted)[: len(rows)]


class EditorObjective(DiffusionLoss[EditorBatch]):
    """Denoiser and loss, encoders included.

    Args:
        denoiser: The trained networks.
        alphas_cumprod: As in `DiffusionLoss`.
        empty_prompt_ids: Token ids of the empty prompt, (1, T).
        black: CLIP-normalised black picture (1, 3, s, s).
        threshold: As in `DiffusionLoss`.
        prediction: As in `DiffusionLoss`.
        min_snr: As in `DiffusionLoss`.
        grey: Latents of a mid-grey picture (1, C, h, w), which the release trains in place of absent source latents, in
            its image tokens too; None trains what inference has (docs/reference/model.md).
    """

    def __init__(
        self,
        denoiser: Denoiser,
        alphas_cumprod: torch.Tensor,
        empty_prompt_ids: torch.Tensor,
        black: torch.Tensor,
        threshold: float,
        prediction: str = "v_prediction",
        min_snr: float | None = None,
        grey: torch.Tensor | None = None,
    ) -> None:
        super().__init__(alphas_cumprod, threshold, prediction, min_snr)
        self.denoiser = denoiser
        self.grey: torch.Tensor | None
        self.register_buffer("grey", grey, persistent=False)
        self.empty_prompt_ids: torch.Tensor
        self.black: torch.Tensor
        self.register_buffer("empty_prompt_ids", empty_prompt_ids, persistent=False)
        self.register_buffer("black", black, persistent=False)

    def conditions(self, batch: EditorBatch) -> Conditions:
        """Encode all conditions, and drop what the branches lack."""
        nulls = self.denoiser.null_tokens(self.empty_prompt_ids, self.black, batch.source)
        if self.grey is not None:
            nulls = NullTokens(self.denoiser.image_tokens(self.black, self.grey), nulls.text)
        image = self.denoiser.image_tokens(batch.vision, batch.source)
        text = self.denoiser.text_tokens(batch.token_ids)
        if batch.prompt_strength is not None:
            text = between(self.denoiser.text_tokens(batch.source_ids), text, batch.prompt_strength)
        found = apply_branches(batch.source, image, text, batch.branch, nulls)
        if self.grey is not None:
            there = presence(batch.branch, batch.source.device)[:, 0, None, None, None]
            found = Conditions(torch.where(there, found.source, self.grey), found.tokens)
        return found

    def denoise(self, z_t: torch.Tensor, timestep: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Return the denoiser's prediction; see `DiffusionLoss.denoise`."""
        return self.denoiser.predict(z_t, timestep, conditions)
