"""ComfyUI nodes: load a model, edit portraits, get their masks.

ComfyUI's conventions: IMAGE is a float tensor (B, H, W, 3) in [0, 1], MASK (B, H, W) in [0, 1]. A node is a class with
`INPUT_TYPES`, `RETURN_TYPES`, `FUNCTION` and `CATEGORY`; ComfyUI calls the function with its inputs by name and takes a
tuple. Nothing of ComfyUI is imported, so that the nodes can be tested without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from stillyou import Editor
from stillyou.editing.request import EditRequest
from stillyou.effects.designs import DESIGNS
from stillyou.effects.lookup import catalogue
from stillyou.errors import UsageError

MODEL = "STILLYOU_MODEL"
DEFAULT = "default"
_DESIGNS = [DEFAULT, *dict.fromkeys(look.name for looks in DESIGNS.values() for look in looks)]
_LARGEST_SEED = 2**63 - 1


class LoadStillYou:
    """Loads a model: the embedded one, a folder, or an id of the hub."""

    CATEGORY = "stillyou"
    FUNCTION = "load"
    RETURN_TYPES = (MODEL,)
    RETURN_NAMES = ("model",)
    DESCRIPTION = "Load a stillyou model: embedded, a folder, or a hub id."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        """Return what the node asks for."""
        return {
            "required": {
                "model": ("STRING", {"default": "embedded"}),
                "device": (["auto", "cpu", "cuda"],),
            }
        }

    def load(self, model: str, device: str) -> tuple[Editor]:
        """Return the model, ready to edit."""
        return (Editor.from_pretrained(model.strip(), device),)


class EditPortrait:
    """Edits each picture of a batch, and gives the masks of what was changed."""

    CATEGORY = "stillyou"
    FUNCTION = "edit"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")
    DESCRIPTION = "Edit portraits; where the mask is 0 the picture stays as it was, bit for bit."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """Return what the node asks for."""
        return {
            "required": {
                "model": (MODEL,),
                "image": ("IMAGE",),
                "effect": (list(catalogue()),),
                "design": (_DESIGNS, {"tooltip": "A look of a costume; expressions have none"}),
                "strength": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.05}),
                "seed": ("INT", {"default": 0, "min": 0, "max": _LARGEST_SEED}),
            },
            "optional": {
                "mask": ("MASK", {"tooltip": "Where to edit, instead of the mask that is found"}),
                "face": ("STRING", {"default": "", "tooltip": "largest, all, a number from the left, or X,Y"}),
                "domain": (["auto", "cartoon", "people"],),
                "wear": (["both", "hat", "coat"],),
                "nudge": ("STRING", {"default": "", "tooltip": "hat:DX,DY,SCALE,TURN/coat:..."}),
                "steps": ("INT", {"default": 0, "min": 0, "max": 1000, "tooltip": "0: the effect's own"}),
            },
        }

    def edit(
        self,
        model: Editor,
        image: torch.Tensor,
        effect: str,
        design: str,
        strength: float,
        seed: int,
        mask: torch.Tensor | None = None,
        **more: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Edit a batch; picture k gets the seed plus k.

        Args:
            model: Of `LoadStillYou`.
            image: (B, H, W, 3) in [0, 1].
            effect: Its name.
            design: One of the effect's, or `DEFAULT`.
            strength: 0 to 1.
            seed: Of the first picture.
            mask: (B, H, W), (1, H, W) or (H, W) in [0, 1].
            **more: The optional inputs, as options of an edit; empty ones are left out.

        Returns:
            The pictures (B, H, W, 3), and their editing masks (B, H, W), both float32 in [0, 1].

        Raises:
            UsageError: A wrong input, or an effect that the model was not trained for.
            StillYouError: A picture that cannot be edited.
        """
        options = {name: value for name, value in more.items() if value not in ("", 0, "both")}
        options |= {"strength": strength} | ({} if design == DEFAULT else {"design": design})
        masks = _masks(mask, len(image))
        requests = [
            EditRequest.read(effect, **options, seed=(seed + k) % (_LARGEST_SEED + 1), mask=masks[k])
            for k in range(len(image))
        ]
        results = model.run_all(requests, [_picture(each) for each in image])
        for result in results:
            if isinstance(result, Exception):
                raise result
        pictures = [np.asarray(result.image.convert("RGB"), np.float32) / 255 for result in results]
        found = [np.asarray(result.mask, np.float32) / 255 for result in results]
        return torch.from_numpy(np.stack(pictures)), torch.from_numpy(np.stack(found))


def _picture(image: torch.Tensor) -> Image.Image:
    """Turn (H, W, 3 or 4) in [0, 1] into an 8-bit picture."""
    levels = (image.detach().cpu().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(levels[..., :3].contiguous().numpy())


def _masks(mask: torch.Tensor | None, count: int) -> list[Any]:
    """Return a mask (H, W) uint8 a picture; None each where none is given; UsageError if their number is wrong."""
    if mask is None:
        return [None] * count
    levels = (mask.detach().cpu().float().clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    each = levels[None] if levels.ndim == 2 else levels
    if len(each) not in (1, count):
        raise UsageError(f"{len(each)} masks came with {count} pictures", "Connect one mask, or one a picture.")
    return [each[k if len(each) == count else 0] for k in range(count)]


NODE_CLASS_MAPPINGS = {"LoadStillYou": LoadStillYou, "EditPortraitStillYou": EditPortrait}
NODE_DISPLAY_NAME_MAPPINGS = {"LoadStillYou": "Load stillyou model", "EditPortraitStillYou": "Edit portrait (stillyou)"}
