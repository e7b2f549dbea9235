"""Editing a picture of any size: crop, model, composite, report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from stillyou.config import GuidanceScales
from stillyou.diffusion.speed.memory import check_room
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.editing.composite.composite import composite, native_mask
from stillyou.editing.effect_lookup import default_subject, unusual
from stillyou.editing.official import edit_official
from stillyou.editing.options import (
    OFFICIAL_SEED,
    MaskLike,
    as_mask,
    check_official,
    check_options,
    check_resolution,
)
from stillyou.editing.report import LEAST_CHANGE, EditReport, changes, crop_report, face_reports
from stillyou.editing.scene.crop import Crop
from stillyou.editing.scene.domain import parse_domain, subject
from stillyou.editing.scene.face_choice import FaceChoice, parse_face
from stillyou.editing.scene.faces import Detector, face_detector
from stillyou.editing.scene.look import Scene, Wish, look
from stillyou.editing.squares import Plan, Progress, ask, batches, plan_edit
from stillyou.editing.work import edit_scene
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.images import Picture, encode_info, picture_from_image, read_picture, write_picture
from stillyou.images.picture import Pixels
from stillyou.models.load import load_pipeline
from stillyou.models.lora_choice import LoraChoice
from stillyou.models.with_lora import load_with_lora


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
        detector: Finds faces in photographs; without one, dlib does if it is installed.
    """

    def __init__(self, pipeline: Any, model: str = "custom", detector: Detector | None = None) -> None:
        self.pipeline = pipeline
        self.model = model
        self.detector = detector or face_detector()

    @classmethod
    def from_pretrained(
        cls,
        model: str = "embedded",
        device: str = "auto",
        dtype: torch.dtype | None = None,
        speed: SpeedSettings | None = None,
        lora: LoraChoice | None = None,
    ) -> Editor:
        """Load a model; see `models.load.load_pipeline`.

        With a LoRA, `embedded` stands for the model that it was trained on; see `models.with_lora`.

        Raises:
            UsageError: No such model or device.
            StillYouError: The model is damaged.
        """
        speed = speed or SpeedSettings()
        if lora is None:
            return cls(load_pipeline(model, device, dtype, speed), model)
        named = None if model == "embedded" else model
        return cls(load_with_lora(lora, named, device, dtype, speed), str(lora.folder))

    def edit(
        self,
        image: Image.Image | Picture | str | Path,
        effect: str | Path | EffectSpec,
        *,
        strength: float = 1.0,
        seed: int | None = None,
        steps: int = 20,
        guidance: GuidanceScales | Sequence[float] | None = None,
        mask: MaskLike | None = None,
        variables: Mapping[str, str] | None = None,
        crop: Crop | None = None,
        face: str | int | FaceChoice | None = None,
        domain: str | None = None,
        mask_strategy: str | None = None,
        resolution: int | None = None,
        official: bool = False,
        progress: Progress | None = None,
    ) -> EditResult:
        """Edit one picture.

        Args:
            image: A file, a Pillow image, or a picture that is already open.
            effect: A name, a YAML file, or a spec.
            strength: 0 = the input, bit for bit, with an empty mask; 1 = the effect's default.
            seed: The same seed gives the same edit; None is 0, and the release's 3407 in official mode.
            steps: Steps of the sampler.
            guidance: Scales (image, source, text) that replace the effect's.
            mask: Where to edit, at the picture's size, instead of the estimated mask: a file, image or array.
            variables: Values for the prompt's placeholders, such as ``{"subject": "woman"}``.
            crop: The square to work on, instead of the one found around the character or the face.
            face: Which face of a photograph: ``largest`` (the default), ``all``, a number from the left, or ``X,Y``.
            domain: ``cartoon`` or ``people``, where it should not be recognised (``auto``).
            mask_strategy: `noise`, `latent` or `none`, instead of the effect's.
            resolution: Side of the square that the model works on, instead of its own: a multiple of 64.
            official: Do what the released demo does (docs/official.md): the result is the squashed square, all of it
                from the model; `mask_strategy="latent"` adds the released mask functions.
            progress: Called with (steps done, steps).

        Raises:
            UsageError: A wrong option or kind of argument, or an effect that the model was not trained for.
            StillYouError: A picture or mask that cannot be used.
        """
        started = time.perf_counter()
        seed = (OFFICIAL_SEED if official else 0) if seed is None else seed
        check_options(strength, seed, steps)
        side = check_resolution(resolution) or self.pipeline.resolution
        if resolution is not None:
            check_room(self.pipeline, side)
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
        if official:
            check_official(strength, mask_strategy, mask=mask, crop=crop, face=face, resolution=resolution)
            with_mask = mask_strategy == "latent"
            return EditResult(
                *edit_official(
                    self.pipeline,
                    plan,
                    _open(image),
                    model=self.model,
                    seed=int(seed),
                    with_mask=with_mask,
                    progress=progress,
                )
            )
        wish = Wish(parse_domain(domain), None if face is None else parse_face(face), crop)
        picture = _open(image)
        supplied = None if mask is None else as_mask(mask, picture.size)
        scene = look(picture, wish, supplied, side, self.detector)
        plan = self._with_subject(plan, scene, variables or {})
        notes = [*picture.info.notes, *unusual(self.pipeline, self.model, scene.finding.domain, side), *scene.notes]
        notes += default_subject(plan.effect, plan.prompts.source)
        if plan.strength == 0:
            rgb, editing_mask, evaluations = picture.rgb, np.zeros_like(picture.rgb[..., 0]), 0
        else:
            rgb, editing_mask, evaluations = edit_scene(
                self.pipeline, plan, picture, scene, supplied, int(seed), progress, notes
            )
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
            crop=crop_report(scene.targets[0].framed),
            domain=scene.finding.domain,
            domain_reason=scene.finding.reason,
            faces=face_reports(scene.faces, {each.face: each.framed for each in scene.targets}),
            mask_area=area,
            change_inside=inside,
            change_outside=outside,
            evaluations=evaluations,
            seconds=round(time.perf_counter() - started, 3),
            device=str(getattr(self.pipeline, "_execution_device", self.pipeline.device)),
            dtype=str(self.pipeline.unet.dtype).removeprefix("torch."),
            notes=tuple(dict.fromkeys(notes)),
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

    def _with_subject(self, plan: Plan, scene: Scene, variables: Mapping[str, str]) -> Plan:
        """Say "person" or "cartoon character", as the picture shows, and take what is tuned for it.

        What the user has said stays.
        """
        plan = plan.for_domain(scene.finding.domain)
        word = subject(plan.effect, scene.finding.domain, self.pipeline.card.domains)
        return replace(plan, prompts=plan.effect.prompts({**word, **variables}))


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
