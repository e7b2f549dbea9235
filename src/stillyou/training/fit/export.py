"""From a learner to a folder that `drafts.network.read` loads: half precision, doubts calibrated on portraits kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import save

from stillyou.drafts.network import SIDE, FitConfig, FitNetwork
from stillyou.files import atomic_path, write_text
from stillyou.training.fit.augment import plain
from stillyou.training.fit.learn import Learner, as_batch
from stillyou.training.fit.shards import Portraits, joined


def export(learner: Learner, folder: Path) -> None:
    """Write the averaged network in half precision with its config."""
    kept = joined(list(learner.data.held_back.values()))
    config = replace(FitConfig(), doubt_factor=round(doubt_factor(learner.average, kept), 3))
    weights = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in learner.average.state_dict().items()
    }
    with atomic_path(folder / "model.safetensors") as part:
        part.write_bytes(save(weights, {"format": "pt"}))
    write_text(folder / "config.json", json.dumps(asdict(config), indent=2) + "\n")


@torch.inference_mode()
def doubt_factor(network: FitNetwork, portraits: Portraits) -> float:
    """Return the mean distance from the truth for each unit of the predicted scale."""
    batch = plain(as_batch(portraits), SIDE)
    votes = network.eval()(batch.pixels)
    return float((votes.points - batch.points).norm(dim=-1).mean() / votes.log_scale.exp().mean())
