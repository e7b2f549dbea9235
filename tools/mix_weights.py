"""Mix a fine-tuned model with the one it was trained on from: weights on the straight line between them.

    python tools/mix_weights.py BEFORE AFTER --share 0.6 -o mixed/ [--plain]

Training on keeps two models of the same networks close, and a point between them often has the new skill and more of
the old one than either end (Wortsman et al. 2022, arXiv 2109.01903). The autoencoder is AFTER's: a mixture of two fits
neither's latents. What the mixture can do must be measured; nothing is promised.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch

from stillyou.errors import UsageError
from stillyou.models.compact import save_compact
from stillyou.models.load import load_pipeline

MIXED = ("unet", "text_encoder", "image_encoder", "adapter")


def mix(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Return (1 - share) · before + share · after of two state dicts; what holds no real numbers comes from `after`.

    Raises:
        UsageError: They are not of the same network.
    """
    if {name: tensor.shape for name, tensor in before.items()} != {
        name: tensor.shape for name, tensor in after.items()
    }:
        raise UsageError("the models have other networks", "Mix a model with one that was trained on from it.")
    return {
        name: torch.lerp(before[name].to(tensor), tensor, share) if tensor.is_floating_point() else tensor
        for name, tensor in after.items()
    }


def main() -> None:
    """Load both, mix, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", help="model that training started from: a name or folder")
    parser.add_argument("after", help="what came of it")
    parser.add_argument("--share", type=float, default=0.5, help="of AFTER, 0 to 1")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--plain", action="store_true", help="write the diffusers layout instead of the int8 form")
    options = parser.parse_args()
    if not 0 <= options.share <= 1:
        parser.error(f"--share {options.share} is not between 0 and 1")
    try:
        before, after = (load_pipeline(name, "cpu", torch.float32) for name in (options.before, options.after))
        for name in MIXED:
            network = getattr(after, name)
            network.load_state_dict(mix(getattr(before, name).state_dict(), network.state_dict(), options.share))
    except UsageError as error:
        parser.error(str(error))
    training = after.card.training | {"mixed_share": options.share}
    after.card = after.card.model_copy(update={"training": training})
    if options.plain:
        after.save_pretrained(options.output)
    else:
        save_compact(after, options.output)


if __name__ == "__main__":
    main()
