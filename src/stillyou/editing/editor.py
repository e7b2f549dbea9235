"""Editing a picture of any size: crop, model, composite, report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.diffusion.models import load_pipeline
from stillyou.editing.composite import composite, native_mask
from stillyou.editing.crop import Crop, check_crop, find_crop, mask_box
from stillyou.editing.options import MaskLike, as_mask, check_options
from stillyou.editing.report import LEAST_CHANGE, CropReport, EditReport, changes
from stillyou.editing.resample import mask_view, view
from stillyou.editing.squares import Plan, Progress, ask, batches, plan_edit
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.images import Picture, encode_info, picture_from_image, read_picture, write_picture
from stillyou.images.colour import from_srgb, to_srgb
from stillyou.images.picture import Pixels


@dataclass(frozen=True)
class EditResult:
    """An edited picture.

    Attributes:
        picture: The result with the input's size, transparency and metadata.
        mask: The editing mask, an 8-bit grey image of the same size; 0 = bit-identical to the input.
        report: Settings and figures.
    """

    picture: Picture
    mask: Image.Image
    report: EditReport

    @property
    def image(self) -> Image.Image:
        """The result as a Pillow image, RGB or RGBA, with the metadata in its ``info``."""
        image = self.picture.image()
        image.info.update(encode_info(self.picture))
        return image

    def save(self, path: str | Path) -> tuple[str, ...]:
        """Write the result in the format of the extension, with metadata; see `images.write_picture`."""
        return write_picture(path, self.picture)


class Editor:
    """Edits portraits with one loaded model.

    Args:
        pipeline: A `MultiConditionedPipeline`, or anything with its `edit`, `resolution` and `card`.
        model: How the user named it, for reports and messages.
    """

    def __init__(self, pipeline: Any, model: str = "custom") -> None:
        self.pipeline = pipeline
        self.model = model

    @classmethod
    def from_pretrained(cls, model: str = "embedded", device: str = "auto", dtype: torch.dtype | None = None) -> Editor:
        """Load a model; see `diffusion.models.load_pipeline`.

        Raises:
            UsageError: No such model or device.
            StillYouError: The model is damaged.
        """
        return cls(load_pipeline(model, device, dtype), model)

    def edit(
        self,
        image: Image.Image | Picture | str | Path,
        effect: str | Path | EffectSpec,
        *,
        strength: float = 1.0,
        seed: int = 0,
        steps: int = 20,
        guidance: GuidanceScales | Sequence[float] | None = None,
        mask: MaskLike | None = None,
        variables: Mapping[str, str] | None = None,
        crop: Crop | None = None,
        mask_strategy: str | None = None,
        progress: Progress | None = None,
    ) -> EditResult:
        """Edit one picture.

        Args:
            image: A file, a Pillow image, or a picture that is already open.
            effect: A name, a YAML file, or a spec.
            strength: 0 = the input, bit for bit, with an empty mask; 1 = the effect's default.
            seed: The same seed gives the same edit.
            steps: Steps of the sampler.
            guidance: Scales (image, source, text) that replace the effect's.
            mask: Where to edit, at the picture's size, instead of the estimated mask: a file, image or array.
            variables: Values for the prompt's placeholders, such as ``{"subject": "woman"}``.
            crop: The square to work on, instead of the one found around the character.
            mask_strategy: `noise`, `latent` or `none`, instead of the effect's.
            progress: Called with (steps done, steps).

        Raises:
            UsageError: A wrong option or kind of argument, or an effect that the model was not trained for.
            StillYouError: A picture or mask that cannot be used.
        """
        started = time.perf_counter()
        check_options(strength, seed, steps)
        plan = plan_edit(
            effect,
            self.pipeline.card,
            self.model,
            strength=strength,
            steps=steps,
            guidance=guidance,
            variables=variables,
            mask_strategy=mask_strategy,
        )
        picture = _open(image)
        supplied = None if mask is None else as_mask(mask, picture.size)
        square = check_crop(crop, picture.size) if crop else self._find_square(picture, supplied)
        notes = list(picture.info.notes)
        if plan.strength == 0:
            rgb, editing_mask, evaluations = picture.rgb, np.zeros_like(picture.rgb[..., 0]), 0
        else:
            rgb, editing_mask, evaluations = self._edit(plan, picture, square, supplied, seed, progress, notes)
        area, inside, outside = changes(picture.rgb, rgb, editing_mask)
        if evaluations and inside < LEAST_CHANGE and (area or mask is None):
            notes.append("hardly anything was edited; more strength, another seed or more text guidance may help")
        report = EditReport(
            effect=plan.effect.id,
            model=self.model,
            prompt=plan.prompts.target,
            source_prompt=plan.prompts.source,
            seed=int(seed),
            steps=plan.steps,
            strength=float(strength),
            guidance=plan.guidance,
            mask=plan.mask if mask is None else None,
            width=picture.size[0],
            height=picture.size[1],
            crop=CropReport(left=square.left, top=square.top, size=square.size),
            mask_area=area,
            change_inside=inside,
            change_outside=outside,
            evaluations=evaluations,
            seconds=round(time.perf_counter() - started, 3),
            device=str(self.pipeline.device),
            dtype=str(self.pipeline.unet.dtype).removeprefix("torch."),
            notes=tuple(notes),
        )
        return EditResult(Picture(rgb, picture.alpha, picture.info), Image.fromarray(editing_mask), report)

    def edit_batch(
        self,
        sources: Sequence[Pixels],
        effects: Sequence[str | Path | EffectSpec],
        seeds: Sequence[int],
        *,
        strength: float = 1.0,
        steps: int = 20,
        guidance: GuidanceScales | Sequence[float] | None = None,
        variables: Mapping[str, str] | None = None,
        mask_strategy: str | None = None,
    ) -> list[tuple[Pixels, Pixels]]:
        """Edit squares of the model's own resolution in one batch, through the same compositing as `edit`.

        Args:
            sources: uint8 (R, R, 3) each, sRGB, R the model's resolution.
            effects: One a source.
            seeds: One a source.
            strength: As in `edit`, and so on.
            steps: As in `edit`.
            guidance: As in `edit`.
            variables: As in `edit`.
            mask_strategy: As in `edit`.

        Returns:
            For each source the edit uint8 (R, R, 3) and its editing mask uint8 (R, R).
        """
        for seed in seeds:
            check_options(strength, seed, steps)
        plans = [
            plan_edit(
                effect,
                self.pipeline.card,
                self.model,
                strength=strength,
                steps=steps,
                guidance=guidance,
                variables=variables,
                mask_strategy=mask_strategy,
            )
            for effect in effects
        ]
        results: dict[int, tuple[Pixels, Pixels]] = {}
        for group in batches(plans):
            if plans[group[0]].strength == 0:
                results.update({i: (sources[i].copy(), np.zeros_like(sources[i][..., 0])) for i in group})
                continue
            chosen = [sources[i] for i in group]
            answers = ask(self.pipeline, [plans[i] for i in group], chosen, [seeds[i] for i in group])
            for index, source, answer in zip(group, chosen, answers, strict=True):
                crop = Crop(0, 0, len(source))
                mask = native_mask(answer.mask, crop, (len(source), len(source)))
                results[index] = composite(Picture(source), answer.edit, answer.reconstruction, mask, crop), mask
        return [results[index] for index in range(len(sources))]

    def _find_square(self, picture: Picture, supplied: Pixels | None) -> Crop:
        box = None if supplied is None else mask_box(supplied)
        return find_crop(picture, box, least=self.pipeline.resolution)

    def _edit(
        self,
        plan: Plan,
        picture: Picture,
        crop: Crop,
        supplied: Pixels | None,
        seed: int,
        progress: Progress | None,
        notes: list[str],
    ) -> tuple[Pixels, Pixels, int]:
        """Return the edited pixels (H, W, 3), the editing mask (H, W) and the number of evaluations."""
        side, icc = self.pipeline.resolution, picture.info.icc
        wish = None if supplied is None else mask_view(supplied, crop, side)
        square = to_srgb(view(picture, crop, side), icc)
        (answer,) = ask(self.pipeline, [plan], [square], [seed], mask=wish, progress=progress)
        mask = native_mask(answer.mask, crop, picture.size) if supplied is None else _inside(supplied, crop, notes)
        mask = _visible(mask, picture, notes)
        edit, reconstruction = (_in_profile(planes, icc) for planes in (answer.edit, answer.reconstruction))
        return composite(picture, edit, reconstruction, mask, crop), mask, answer.evaluations


def _open(image: Image.Image | Picture | str | Path) -> Picture:
    if isinstance(image, Picture):
        return image
    if isinstance(image, Image.Image):
        return picture_from_image(image)
    if isinstance(image, (str, Path)):
        return read_picture(image)
    raise UsageError(
        f"the image is a {type(image).__name__}, not a path or a Pillow image",
        "Use PIL.Image.fromarray(array) for an array, PIL.Image.open(io.BytesIO(data)) for bytes.",
    )


def _in_profile(planes: NDArray[np.float32], icc: bytes) -> NDArray[np.float32]:
    """Convert sRGB (side, side, 3) in 0..255 to a picture's profile; without one they keep their fractions."""
    eight = np.rint(planes).astype(np.uint8)
    converted = from_srgb(eight, icc)
    return planes if converted is eight else converted.astype(np.float32)


def _inside(mask: Pixels, crop: Crop, notes: list[str]) -> Pixels:
    """Clear a supplied mask outside the square, where there is no edit to show."""
    left, top, right, bottom = crop.visible((mask.shape[1], mask.shape[0]))
    kept = np.zeros_like(mask)
    kept[top:bottom, left:right] = mask[top:bottom, left:right]
    if not kept.any():
        notes.append("the mask is black where the model works, so nothing was edited")
    elif not np.array_equal(kept, mask):
        notes.append(f"the mask reaches beyond the square {crop.left},{crop.top},{crop.size}; only that was edited")
    return kept


def _visible(mask: Pixels, picture: Picture, notes: list[str]) -> Pixels:
    """Clear a mask where the picture is fully transparent: an edit would not show there."""
    if picture.alpha is None:
        return mask
    shown = np.where(picture.alpha > 0, mask, 0).astype(np.uint8)
    lost = 1 - float(shown.sum(dtype=np.int64)) / max(1.0, float(mask.sum(dtype=np.int64)))
    if lost > 0.1:
        notes.append(f"{lost:.0%} of the edit falls on transparent pixels, which stay transparent")
    return shown
