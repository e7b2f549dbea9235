"""Does a checkpoint fit its base? Every tensor's shape is compared, and every difference is explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from stillyou.errors import StillYouError

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

_TEXT_WIDTHS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "Stable Diffusion XL"}
_SIGNS = {
    "vae2clip.weight": "it holds the adapter: the two files are swapped",
    "conv_in.weight": "it holds a UNet: the two files are swapped",
    "lora": "it holds LoRA weights, not a whole network",
    "model.diffusion_model.": "it is a Stable Diffusion file of the original layout, not the editor's UNet",
    "add_embedding.": "it is a Stable Diffusion XL network",
    "time_embedding.cond_proj.": "it is a distilled (LCM) network",
}
_EXAMPLES = 3


@dataclass(frozen=True)
class Mismatch:
    """One tensor, or one group of names, that does not fit.

    Attributes:
        what: The tensor and both shapes, or the names.
        meaning: What it probably means; empty if nothing is known.
    """

    what: str
    meaning: str


class WrongCheckpoint(StillYouError):
    """A checkpoint does not fit its base.

    Attributes:
        mismatches: Every difference.
        kinds: A line for each kind of difference, the most telling first, with one tensor as the example.
    """

    def __init__(self, file: str, base: str, mismatches: list[Mismatch]) -> None:
        self.mismatches = tuple(mismatches)
        self.kinds = _kinds(mismatches)
        super().__init__(
            f"{file} does not fit {base}: {self.kinds[0]}",
            "Give the base that the checkpoint was trained from with --base, or the right checkpoint.",
        )


def _kinds(mismatches: list[Mismatch]) -> tuple[str, ...]:
    groups: dict[str, list[Mismatch]] = {}
    for mismatch in mismatches:
        groups.setdefault(mismatch.meaning, []).append(mismatch)
    groups = dict(sorted(groups.items(), key=lambda group: not group[0]))  # what nothing is known about comes last
    lines = []
    for meaning, group in groups.items():
        alike = f" and {len(group) - 1} more" if len(group) > 1 else ""
        lines.append(f"{group[0].what}{alike}" + (f": {meaning}" if meaning else ""))
    return tuple(lines)


def shapes_of(state: Mapping[str, torch.Tensor]) -> dict[str, Shape]:
    """Return the shape of every tensor by name."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def compare(found: Shapes, wanted: Shapes) -> list[Mismatch]:
    """Return every difference between a checkpoint's shapes and those that its base implies; none if it fits."""
    missing, unexpected = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    differences = [
        Mismatch(
            f"{name} is {_written(found[name])} instead of {_written(wanted[name])}",
            explain(name, found[name], wanted[name]),
        )
        for name in wanted
        if name in found and found[name] != wanted[name]
    ]
    differences.sort(key=lambda difference: "attn2" not in difference.what)  # text widths tell most about the base
    if unexpected:
        differences.append(Mismatch(f"it has {_listed(unexpected)} that the base does not have", _sign(unexpected)))
    if missing:
        differences.append(
            Mismatch(f"it lacks {_listed(missing)}", "" if _sign(unexpected) else "it is incomplete or another network")
        )
    return differences


def explain(name: str, found: Shape, wanted: Shape) -> str:
    """Return what a wrong shape of one tensor probably means; empty if nothing is known about it."""
    if name == "conv_in.weight" and found[1:2] != wanted[1:2]:
        return {
            4: "a plain text-to-image UNet; the editor's also reads the 4 channels of the source",
            9: "an inpainting UNet, not the editor's",
        }.get(found[1], "it was made for latents of another number of channels")
    if "attn2.to_" in name and found[-1] != wanted[-1]:
        return (
            f"the checkpoint reads text of width {found[-1]} ({_TEXT_WIDTHS.get(found[-1], 'an unknown kind')}), "
            f"the base has {wanted[-1]} ({_TEXT_WIDTHS.get(wanted[-1], 'an unknown kind')}): the base is wrong"
        )
    if name.endswith(("proj_in.weight", "proj_out.weight")) and len(found) != len(wanted):
        return "one is a Stable Diffusion 2.x (linear projections), the other a 1.x (convolutions): the base is wrong"
    if name.startswith(("vae2clip.", "linear1.")):
        return _explain_adapter(name, found, wanted)
    return ""


def _explain_adapter(name: str, found: Shape, wanted: Shape) -> str:
    if name == "linear1.weight" and found[0] == 77:
        return "it was trained to add image tokens to text tokens ('add'), not to append them ('concat')"
    if name == "linear1.weight":
        return f"it was trained with an image encoder of {found[0]} tokens, this one has {wanted[0]}"
    if name == "vae2clip.weight" and found[1:] != wanted[1:]:
        side = round(found[1] ** 0.5)
        size = f"{16 * side} x {16 * side}" if side**2 == found[1] else "other than square"
        return f"it was trained on pictures of {size} pixels, this base has {16 * round(wanted[1] ** 0.5)}"
    if name == "vae2clip.weight":
        return f"its tokens are {found[0]} wide, the image encoder's {wanted[0]}"
    return ""


def _sign(names: list[str]) -> str:
    return next((meaning for sign, meaning in _SIGNS.items() for name in names if sign in name), "")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_EXAMPLES])
    return f"{len(names)} tensors such as {shown}" if len(names) > _EXAMPLES else shown


def _written(shape: Shape) -> str:
    return " x ".join(map(str, shape)) or "a single number"
