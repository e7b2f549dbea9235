"""Pictures of pair datasets as batches on a device: decoded by worker processes, resized on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from stillyou.images.tensors import to_signed, to_uint8
from stillyou.machine import cores, shared_memory
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.scale.local import one_thread_each
from stillyou.pairs.worn import draft_of


class PairFrames(Dataset[torch.Tensor]):
    """Sources and targets of one dataset, (2, H, W, 3) uint8, in a given order."""

    def __init__(self, pairs: PairDataset, order: Sequence[int]) -> None:
        self._pairs, self._order = pairs, list(order)
        self.side = pairs.meta.size

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> torch.Tensor:
        pair = self._pairs.load(self._order[index])
        return torch.from_numpy(np.stack([pair.source, pair.target]))


class DraftedFrames(PairFrames):
    """Sources, targets and drafts of one dataset, (3, H, W, 3) uint8, in a given order.

    A draft is the target's costume as edits lay its art on the source, where the shipped fit network says. Pairs that
    name no design have the target again.
    """

    def __getitem__(self, index: int) -> torch.Tensor:
        pair = self._pairs.load(self._order[index])
        drawn = draft_of(pair, self._pairs.meta.domain)
        return torch.from_numpy(np.stack([pair.source, pair.target, pair.target if drawn is None else drawn]))


def frame_batches(
    pairs: PairDataset,
    order: Sequence[int],
    *,
    batch: int,
    device: torch.device,
    resolution: int,
    drafts: bool = False,
) -> Iterator[torch.Tensor]:
    """Yield pairs as (B, 2, 3, resolution, resolution) in [-1, 1] on the device, with drafts (B, 3, ...), in order."""
    frames_of = DraftedFrames(pairs, order) if drafts else PairFrames(pairs, order)
    with one_thread_each():
        loaded = iter(_loader(frames_of, batch, pin=device.type == "cuda"))
    for frames in loaded:
        pixels = to_signed(frames.to(device, non_blocking=True).permute(0, 1, 4, 2, 3))
        yield resize(pixels, resolution)


def _loader(frames: PairFrames, batch: int, *, pin: bool) -> DataLoader[torch.Tensor]:
    """Return a loader of (B, 2 or 3, H, W, 3) uint8.

    Drafts are drawn by fresh processes: in forked ones linear algebra may take as many threads as the machine has
    cores, each. On 16 cores forked ones took seconds a draft.
    """
    workers = loader_workers(len(frames), 3 * 3 * frames.side**2 * batch)
    fresh = workers > 0 and isinstance(frames, DraftedFrames)
    return DataLoader(
        frames,
        batch_size=batch,
        num_workers=workers,
        pin_memory=pin,
        multiprocessing_context="spawn" if fresh else None,
    )


def resize(pixels: torch.Tensor, resolution: int) -> torch.Tensor:
    """Bring (B, G, 3, H, W) to another side, smoothly; values stay in [-1, 1]."""
    if pixels.shape[-1] == resolution:
        return pixels
    small = functional.interpolate(
        pixels.flatten(0, 1), size=(resolution, resolution), mode="bicubic", antialias=True, align_corners=False
    )
    return small.view(*pixels.shape[:3], resolution, resolution).clamp(-1, 1)


def loader_workers(items: int, batch_bytes: int) -> int:
    """Return how many processes a loader may use: one a core, fewer if shared memory is small or there is little to do.

    Args:
        items: How many items there are to load.
        batch_bytes: Size of one batch; each worker holds up to three.
    """
    if items < 256 or cores() < 3:
        return 0
    return min(cores(), 16, shared_memory() // (3 * batch_bytes))


class MaskedFrames(PairFrames):
    """Sources, targets and masks of one dataset, in a given order: (2, H, W, 3) uint8 and (H, W) bool."""

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        pair = self._pairs.load(self._order[index])
        return torch.from_numpy(np.stack([pair.source, pair.target])), torch.from_numpy(pair.mask > 0)


def load_masked(pairs: PairDataset, order: Sequence[int], resolution: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Load chosen pairs with their masks into memory.

    Returns:
        Sources and targets in turns, (2 · len(order), 3, resolution, resolution) uint8, and masks
        (len(order), resolution, resolution) bool.
    """
    pictures = torch.empty(2 * len(order), 3, resolution, resolution, dtype=torch.uint8)
    masks, start = torch.empty(len(order), resolution, resolution, dtype=torch.bool), 0
    workers = loader_workers(len(order), 2 * 3 * pairs.meta.size**2 * 32)
    for frames, inside in DataLoader(MaskedFrames(pairs, order), batch_size=32, num_workers=workers):
        raw = frames.permute(0, 1, 4, 2, 3)
        if raw.shape[-1] != resolution:
            raw = to_uint8(resize(to_signed(raw), resolution))
            inside = functional.interpolate(inside[:, None].float(), (resolution, resolution))[:, 0] > 0
        pictures[2 * start : 2 * (start + len(raw))] = raw.flatten(0, 1)
        masks[start : start + len(raw)] = inside
        start += len(raw)
    return pictures, masks


def load_pictures(pairs: PairDataset, order: Sequence[int], resolution: int) -> torch.Tensor:
    """Load sources and targets of chosen pairs into memory: (2 · len(order), 3, resolution, resolution) uint8."""
    pictures = torch.empty(2 * len(order), 3, resolution, resolution, dtype=torch.uint8)
    start = 0
    for frames in _loader(PairFrames(pairs, order), batch=32, pin=False):
        raw = frames.permute(0, 1, 4, 2, 3)
        if raw.shape[-1] != resolution:
            raw = to_uint8(resize(to_signed(raw), resolution))
        pictures[start : start + 2 * len(raw)] = raw.flatten(0, 1)
        start += 2 * len(raw)
    return pictures
