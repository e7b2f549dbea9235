"""Shared attention: the source's keys and values (MasaCtrl, arXiv 2304.08465), and prompt-to-prompt (2208.01626)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import torch

from stillyou.effects.conditions import AttentionSettings, Part, PromptSettings
from stillyou.pairs.teachers.conditioning.attention import Place, Rule
from stillyou.pairs.teachers.conditioning.protocol import Condition, Job

_COARSE = 4
"""Self-attention maps are replaced at most at the latents' side divided by this, as prompt-to-prompt does."""


@dataclass(frozen=True)
class SharedAttention(Condition):
    """The target reads the source's keys and values in chosen layers and steps."""

    settings: AttentionSettings

    def eased(self, hold: float) -> SharedAttention:
        """Begin later."""
        first = 1 - (1 - self.settings.first) * hold
        return SharedAttention(self.settings.model_copy(update={"first": min(first, self.settings.last)}))

    def rule(self, job: Job, done: float) -> Rule | None:
        """Give targets the sources' keys and values, within the chosen steps."""
        if not self.settings.first <= done < self.settings.last:
            return None
        return _SourceKeys(self.settings.layers)


@dataclass(frozen=True)
class _SourceKeys:
    layers: tuple[Part, ...]

    def keys_values(self, place: Place, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if place.cross or place.part not in self.layers:
            return keys, values
        source = slice(len(keys) // 2, None)
        return keys[source].repeat(2, 1, 1), values[source].repeat(2, 1, 1)

    def wants_maps(self, place: Place, positions: int) -> bool:
        return False

    def maps(self, place: Place, maps: torch.Tensor) -> torch.Tensor:
        return maps


@dataclass(frozen=True)
class PromptToPrompt(Condition):
    """The target attends to the words that both prompts have where the source does."""

    settings: PromptSettings

    def eased(self, hold: float) -> PromptToPrompt:
        """End sooner."""
        return PromptToPrompt(PromptSettings(cross=self.settings.cross * hold, own=self.settings.own * hold))

    def rule(self, job: Job, done: float) -> Rule | None:
        """Give targets the sources' maps, within the shares of the steps."""
        cross, own = done < self.settings.cross, done < self.settings.own
        if not (cross or own):
            return None
        branches = job.path.branches
        prompted = next(number for number, branch in enumerate(branches) if branch.prompted)
        sources = job.base.token_ids([each.source for each in job.prompts])
        targets = job.base.token_ids([each.target for each in job.prompts])
        positions = (job.base.latent_shape[1] // _COARSE) * (job.base.latent_shape[2] // _COARSE)
        rule = _SourceMaps(prompted, len(branches), positions if own else 0)
        return replace(rule, shared=aligned(sources, targets)) if cross else rule


@dataclass(frozen=True, eq=False)
class _SourceMaps:
    """Maps of the sources, in the branch that reads the prompt.

    Attributes:
        branch: Its number.
        branches: How many there are.
        positions: Largest number of positions whose self-attention is replaced.
        shared: Where each target token is in the source's prompt (B, T), -1 where it is not; None leaves words alone.
    """

    branch: int
    branches: int
    positions: int
    shared: torch.Tensor | None = None

    def keys_values(self, place: Place, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return keys, values

    def wants_maps(self, place: Place, positions: int) -> bool:
        return self.shared is not None if place.cross else positions <= self.positions

    def maps(self, place: Place, maps: torch.Tensor) -> torch.Tensor:
        rows = len(maps) // (2 * self.branches)
        first = self.branch * rows
        targets, sources = (slice(start, start + rows) for start in (first, len(maps) // 2 + first))
        replaced = maps.clone()
        replaced[targets] = self._words(maps[targets], maps[sources]) if place.cross else maps[sources]
        return replaced

    def _words(self, target: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Replace the columns of shared tokens in maps (B, H, L, M); image tokens, after the text's, stay."""
        assert self.shared is not None
        shared = self.shared.to(target.device)
        length = shared.shape[1]
        index = shared.clamp(min=0)[:, None, None].expand(*target.shape[:3], length)
        taken = torch.where((shared >= 0)[:, None, None], source.gather(-1, index), target[..., :length])
        return torch.cat([taken, target[..., length:]], -1)


def aligned(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> torch.Tensor:
    """Return where each token of the target prompts stands in its source prompt (B, T), -1 where it does not.

    Padding is matched to padding, place by place.
    """
    rows = []
    for source, target in zip(sources, targets, strict=True):
        ends = [len(ids) - _padding(ids) for ids in (source, target)]
        row = [-1] * len(target)
        for match in SequenceMatcher(None, source[: ends[0]], target[: ends[1]], autojunk=False).get_matching_blocks():
            row[match.b : match.b + match.size] = range(match.a, match.a + match.size)
        for place in range(max(ends), len(target)):
            row[place] = place
        rows.append(row)
    return torch.tensor(rows)


def _padding(ids: Sequence[int]) -> int:
    """Return how many tokens at the end repeat the last one, all but the first of them."""
    count = next((n for n, each in enumerate(reversed(ids)) if each != ids[-1]), len(ids))
    return max(0, count - 1)
