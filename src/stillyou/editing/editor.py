"""The editor: one loaded model, and the road that pictures take through it (`road`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from PIL import Image

from stillyou.diffusion.official.demo import official_resolution
from stillyou.diffusion.speed.memory import check_room
from stillyou.diffusion.speed.settings import SpeedSettings
from stillyou.editing.answering import Answer, Ask, Progress, Square, Stage, answer, ask
from stillyou.editing.check import better, compared, second_try
from stillyou.editing.official import ask_official, lay_official, prepare_official
from stillyou.editing.plan import EditPlan, ModelTraits, resolve
from stillyou.editing.request import EditRequest
from stillyou.editing.result import EditResult
from stillyou.editing.road import Work, finish, lay, next_square, prepare
from stillyou.editing.scene.crop import Crop
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.images import Picture, picture_from_image, read_picture
from stillyou.images.faces import Detector, face_detector
from stillyou.images.picture import Pixels
from stillyou.models.load import load_pipeline
from stillyou.models.lora_choice import LoraChoice
from stillyou.models.with_lora import load_with_lora

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stillyou.editing.request import EditOptions

__all__ = ["EditResult", "Editor"]

ImageLike = Image.Image | Picture | str | Path
"""What a picture may be given as: a file, a Pillow image, or one that is already open."""
Lay = Callable[[Work, Answer], Work]
_After = TypeVar("_After")


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
        image: ImageLike,
        effect: str | Path | EffectSpec,
        *,
        progress: Progress | None = None,
        **options: Unpack[EditOptions],
    ) -> EditResult:
        """Edit one picture.

        Args:
            image: A file, a Pillow image, or a picture that is already open.
            effect: A name, a YAML file, or a spec.
            progress: Called with (steps done, steps).
            **options: By the names of `EditRequest`'s attributes, as people write them: ``strength=0.7, seed=3``.

        Raises:
            UsageError: A wrong option or kind of argument, or an effect that the model was not trained for.
            StillYouError: A picture or mask that cannot be used.
        """
        return self.run(EditRequest.read(effect, **options), image, progress)

    def run(self, request: EditRequest, image: ImageLike, progress: Progress | None = None) -> EditResult:
        """Edit one picture as a request says; raises as `edit` does."""
        (result,) = self.run_all([request], [image], progress)
        if isinstance(result, Exception):
            raise result
        return result

    def run_all(
        self,
        requests: Sequence[EditRequest],
        images: Sequence[ImageLike],
        progress: Progress | None = None,
        stage: Callable[[Stage], None] = lambda name: None,
    ) -> list[EditResult | Exception]:
        """Edit pictures together: the squares of equal settings go through the model in one batch.

        Args:
            requests: One a picture, all of them official or none.
            images: The pictures.
            progress: Called with (steps done, steps) over all squares; for one picture.
            stage: Called with what begins; what it raises ends the run.

        Returns:
            For each picture its edit, or what went wrong with it.

        Raises:
            UsageError: A request that this model cannot fulfil, whatever the picture.
        """
        plans = [self.plan(request) for request in requests]
        pictures = [_attempt(_open, image) for image in images]
        return self._retried(plans, pictures, self._tried(plans, pictures, progress, stage))

    def _retried(
        self,
        plans: Sequence[EditPlan],
        pictures: Sequence[Picture | Exception],
        results: Sequence[EditResult | Exception],
    ) -> list[EditResult | Exception]:
        """Try edits again, together, that are out of band and whose requests want that; keep the better ones."""
        kept = _each(compared, plans, pictures, results)
        asked = _each(second_try, plans, kept)
        again = {i: self.plan(request) for i, request in enumerate(asked) if isinstance(request, EditRequest)}
        if again:
            seen = [pictures[i] for i in again]
            found = _each(compared, list(again.values()), seen, self._tried(list(again.values()), seen))
            for index, other in zip(again, found, strict=True):
                first = kept[index]
                assert isinstance(first, EditResult)
                kept[index] = better(first, other)
        return kept

    def _tried(
        self,
        plans: Sequence[EditPlan],
        pictures: Sequence[Picture | Exception],
        progress: Progress | None = None,
        stage: Callable[[Stage], None] = lambda name: None,
    ) -> list[EditResult | Exception]:
        """Edit opened pictures once; see `run_all`."""
        prepared, asking, laid = self._steps(plans)
        stage("looking")
        # One after the other: detectors keep state of their own.
        works = [_attempt(prepared, *task) for task in zip(pictures, plans, strict=True)]
        while any(isinstance(work, Work) and work.waits for work in works):
            squares = _each(next_square, works)
            for square in squares[:1]:
                if isinstance(square, Square):
                    stage(square.stage)
            answers = answer(asking, squares, _share(progress, works[0]))
            works = _each(lambda work, found: work if found is None else laid(work, found), works, answers)
        return _each(partial(finish, pipeline=self.pipeline), works)

    def edit_batch(
        self,
        sources: Sequence[Pixels],
        effects: Sequence[str | Path | EffectSpec],
        seeds: Sequence[int],
        **options: Unpack[EditOptions],
    ) -> list[tuple[Pixels, Pixels]]:
        """Edit squares of the model's own resolution together, each as a whole.

        Args:
            sources: uint8 (R, R, 3) each, sRGB, R the model's resolution.
            effects: One a source.
            seeds: One a source.
            **options: As in `edit`. The domain is not recognised: where it is not said, it is `cartoon`.

        Returns:
            For each source the edit uint8 (R, R, 3) and its editing mask uint8 (R, R).
        """
        requests = []
        for source, effect, seed in zip(sources, effects, seeds, strict=True):
            whole: EditOptions = {"domain": "cartoon", **options, "seed": seed, "crop": Crop(0, 0, len(source))}
            requests.append(EditRequest.read(effect, **whole))
        results = self.run_all(requests, [Picture(source) for source in sources])
        return [(result.picture.rgb, np.asarray(result.mask)) for result in map(_raised, results)]

    def plan(self, request: EditRequest) -> EditPlan:
        """Resolve a request for this model.

        Raises:
            UsageError: An effect that the model was not trained for, or an option that it cannot fulfil.
            StillYouError: Not enough memory for squares of that size.
        """
        side = int(self.pipeline.resolution)
        if request.official:
            side = official_resolution(self.pipeline)
        if request.resolution is not None:
            check_room(self.pipeline, request.resolution)
        return resolve(request, ModelTraits(self.model, self.pipeline.card, side))

    def _steps(self, plans: Sequence[EditPlan]) -> tuple[Callable[[Picture, EditPlan], Work], Ask, Lay]:
        """Return how pictures are prepared, what answers, and how answers are laid."""
        official = [bool(plan.request.official) for plan in plans]
        if not any(official):
            return partial(prepare, detector=self.detector), partial(ask, self.pipeline), lay
        if not all(official):
            raise UsageError("official and other edits do not share a run", "Run them one after the other.")
        return prepare_official, partial(ask_official, self.pipeline), lay_official


def _attempt(step: Callable[..., _After], *items: Any) -> _After | Exception:
    """Take a step with what belongs to one picture; what goes wrong, then or before, is its result."""
    for item in items:
        if isinstance(item, Exception):
            return item
    try:
        return step(*items)
    except Exception as error:  # one picture's; the others go on
        return error


def _each(step: Callable[..., _After], *columns: Sequence[Any]) -> list[_After | Exception]:
    """Take a step with every picture, in threads: each works on arrays of its own, and waits for no other."""
    if len(columns[0]) < 2:
        return [_attempt(step, *items) for items in zip(*columns, strict=True)]
    with ThreadPoolExecutor(len(columns[0])) as threads:
        return list(threads.map(partial(_attempt, step), *columns))


def _share(progress: Progress | None, work: Work | Exception) -> Progress | None:
    """Return a callback for one of a picture's squares that tells the progress of all."""
    if progress is None or isinstance(work, Exception):
        return None
    return lambda done, steps: progress(work.laid * steps + done, work.total * steps)


def _raised(result: EditResult | Exception) -> EditResult:
    if isinstance(result, Exception):
        raise result
    return result


def _open(image: ImageLike) -> Picture:
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
