"""Instruction editors of diffusers: which are known, and how each is called.

A family is a pipeline class and what differs in its call. All take pictures and instructions and give pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from stillyou.diffusion.checksums import FILE_KINDS
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import pick_device, pick_dtype, quiet_libraries
from stillyou.models.hub import download, is_hub_id
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.instruct.memory import Placement, place, weigh
from stillyou.untrusted.model_folder import check_model_folder, read_index


@dataclass(frozen=True)
class Family:
    """One kind of editor.

    Attributes:
        title: What people call it.
        scale: Name of the argument that weighs the instruction.
        guidance: Its usual value.
        steps: Usual steps of the sampler.
        resolution: Side that it was trained on.
        sized: Whether it takes the output's height and width.
        area: Whether it takes the output's area, and else chooses its own.
        batched: Whether one call takes several pictures, each with its instruction.
        extra: Further arguments of every call.
        library: What its components need besides our own dependencies.
    """

    title: str
    scale: str
    guidance: float
    steps: int
    resolution: int
    sized: bool = True
    area: bool = False
    batched: bool = True
    extra: Mapping[str, Any] | None = None
    library: str | None = None


_QWEN = Family(
    title="Qwen-Image-Edit",
    scale="true_cfg_scale",
    guidance=4.0,
    steps=40,
    resolution=1024,
    batched=False,
    extra={"negative_prompt": " "},
    library="torchvision",
)
FAMILIES: Final[Mapping[str, Family]] = {
    "StableDiffusionInstructPix2PixPipeline": Family("InstructPix2Pix", "guidance_scale", 7.5, 50, 512, sized=False),
    "FluxKontextPipeline": Family(
        "FLUX Kontext", "guidance_scale", 2.5, 28, 1024, area=True, extra={"_auto_resize": False}
    ),
    "QwenImageEditPipeline": _QWEN,
    "QwenImageEditPlusPipeline": _QWEN,
}
"""By the class that a model's index names."""


@dataclass(frozen=True, eq=False)
class Editor:
    """A loaded editor.

    Attributes:
        family: What kind it is.
        pipeline: diffusers' pipeline.
        steps: Steps of the sampler.
        guidance: Scale of the instruction.
        resolution: Side at which is edited.
        note: How it was placed in memory, in words; empty if all of it is on one device.
    """

    family: Family
    pipeline: Any
    steps: int
    guidance: float
    resolution: int
    note: str = ""

    def edit(self, squares: Sequence[Pixels], instructions: Sequence[str], seeds: Sequence[int]) -> list[Pixels]:
        """Edit squares (S, S, 3) uint8, each by its instruction; the noise of each follows from its seed.

        Returns:
            Outputs (S', S', 3) uint8, at the editor's resolution.

        Raises:
            StillYouError: The GPU's memory ran out.
        """
        step = len(squares) if self.family.batched else 1
        outputs: list[Pixels] = []
        for start in range(0, len(squares), step):
            part = slice(start, start + step)
            outputs += self._call(squares[part], instructions[part], seeds[part])
        return outputs

    def _call(self, squares: Sequence[Pixels], instructions: Sequence[str], seeds: Sequence[int]) -> list[Pixels]:
        side, how = self.resolution, Image.Resampling.LANCZOS
        images = [Image.fromarray(square).resize((side, side), how) for square in squares]
        options: dict[str, Any] = {
            "image": images if self.family.batched else images[0],
            "prompt": list(instructions),
            "num_inference_steps": self.steps,
            self.family.scale: self.guidance,
            "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            "output_type": "pil",
            **({"height": side, "width": side} if self.family.sized else {}),
            **({"max_area": side * side} if self.family.area else {}),
            **(self.family.extra or {}),
        }
        try:
            with torch.inference_mode():
                made = self.pipeline(**options).images
        except torch.cuda.OutOfMemoryError as error:
            what = f"the GPU's memory ran out while editing {len(images)} pictures of {side} px"
            raise StillYouError(what, "Give a smaller --batch or --resolution.") from error
        return [np.asarray(image.convert("RGB")) for image in made]


def find_family(base: str) -> tuple[Family, Path]:
    """Find an editor and tell which family it is; a hub id is downloaded (safetensors and texts only).

    Raises:
        UsageError: No such folder, or a model that follows no instructions.
        StillYouError: The hub cannot be reached, the folder is damaged, or a library is missing that it needs.
    """
    folder = Path(base)
    if not folder.is_dir():
        if not is_hub_id(base):
            raise UsageError(f"there is no editor '{base}'", "Name a folder in diffusers layout, or a hub id.")
        folder = download(base, [f"*{kind}" for kind in FILE_KINDS])
    if not (folder / "model_index.json").is_file():
        raise UsageError(f"{base} is no model folder: it has no model_index.json", "Name the folder that has one.")
    name = str(read_index(folder / "model_index.json").get("_class_name"))
    if name not in FAMILIES:
        known = ", ".join(dict.fromkeys(family.title for family in FAMILIES.values()))
        raise UsageError(f"{base} is a {name:.60}, which follows no instructions", f"Name one of these kinds: {known}.")
    family = FAMILIES[name]
    if family.library is not None and find_spec(family.library) is None:
        raise StillYouError(f"{family.title} needs {family.library}", f"Install with: pip install {family.library}")
    return family, folder


def load_editor(base: str, device: str, steps: int | None, guidance: float | None, resolution: int | None) -> Editor:
    """Load an editor: whole where it fits, else by parts; options that are None are the family's usual ones.

    Raises:
        UsageError: As `find_family`.
        StillYouError: The folder is damaged, or the model does not fit even by parts.
    """
    import diffusers

    family, folder = find_family(base)
    check_model_folder(folder)
    chosen = pick_device(device)
    half = pick_dtype("auto", chosen)
    placement = place(weigh(folder), chosen, bytes_each=2 if half is not torch.float32 else 4)
    quiet_libraries()
    name = str(read_index(folder / "model_index.json")["_class_name"])
    try:
        pipeline = getattr(diffusers, name).from_pretrained(
            str(folder), torch_dtype=half, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise StillYouError(f"{folder} cannot be loaded ({said:.200})", "Download or copy it whole.") from error
    _put(pipeline, placement, chosen)
    pipeline.set_progress_bar_config(disable=True)
    return Editor(
        family,
        pipeline,
        family.steps if steps is None else steps,
        family.guidance if guidance is None else guidance,
        family.resolution if resolution is None else resolution,
        placement.note,
    )


def _put(pipeline: Any, placement: Placement, device: torch.device) -> None:
    if placement.how == "whole":
        pipeline.to(device)
    elif placement.how == "components":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    if getattr(pipeline, "safety_checker", None) is not None:
        pipeline.safety_checker = None  # it blackens pictures; curation has a scorer for that, which says so
