"""The road of an edit: pure steps that one picture, a folder, the evaluation and an app go through alike.

    work   = prepare(picture, plan, detector)   what the picture shows, and the squares to edit
    square = next_square(work)                  what the model is asked next; None when the picture is done
    answer                                      the model's (`answering`): squares of many pictures in one batch
    work   = lay(work, answer)                  put into the picture, exactly
    result = finish(work, pipeline)             picture, mask and report

Small edits are drawn in a square of their own (`close_up`): around the face where the fit network is sure of it, else
around the mask, which is then asked for first. Several faces of one picture take turns: each is edited on top of those
before. In the k-th round the k-th questions about all pictures of a batch are answered together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from stillyou.drafts.draft import reach
from stillyou.editing.answering import NO_PIXELS, Answer, Square
from stillyou.editing.check import scores
from stillyou.editing.close_up import close_up, face_square
from stillyou.editing.composite.composite import composite, in_profile, lay_draft, native_mask
from stillyou.editing.drafting import Drafts, dressed_only, make_drafts
from stillyou.editing.effect_lookup import default_subject, unusual
from stillyou.editing.plan import EditPlan
from stillyou.editing.result import (
    LEAST_CHANGE,
    EditReport,
    EditResult,
    changes,
    close_up_report,
    crop_report,
    face_reports,
    placed_reports,
)
from stillyou.editing.scene.frame import Framed
from stillyou.editing.scene.look import Scene, Target, Wish, look
from stillyou.editing.scene.transparency import visible
from stillyou.editing.square_draft import SquareDraft
from stillyou.editing.supplied_mask import SuppliedMask, read_supplied
from stillyou.images import Picture
from stillyou.images.colour import to_srgb
from stillyou.images.faces import Detector
from stillyou.images.picture import Pixels


@dataclass(frozen=True)
class Work:
    """A picture under way.

    Attributes:
        plan: What to do with it, for what it shows.
        source: The upright picture before any edit.
        scene: Where to edit it.
        supplied: The user's mask.
        rgb: uint8 (H, W, 3), with the edits so far.
        mask: uint8 (H, W), the editing mask so far: 0 where no square's mask is above 0.
        notes: What users should know.
        drafts: For each square the draft that it starts from, or None.
        close_ups: What is drawn in, for each square: one around its face or its mask, or itself; None where the mask
            is not known yet. Empty where no close-ups are wanted.
        laid: Squares that are edited.
        evaluations: Of the UNet, so far.
        started: When, by the clock of `time.perf_counter`.
    """

    plan: EditPlan
    source: Picture
    scene: Scene
    supplied: SuppliedMask | None
    rgb: Pixels
    mask: Pixels
    notes: tuple[str, ...] = ()
    drafts: Drafts = ()
    close_ups: tuple[Framed | None, ...] = ()
    laid: int = 0
    evaluations: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def total(self) -> int:
        """How many squares there are to edit."""
        return 0 if self.plan.strength == 0 else len(self.scene.targets)

    @property
    def waits(self) -> bool:
        """Whether the model has something to answer."""
        return self.laid < self.total

    @property
    def target(self) -> Target:
        """The square that is next."""
        return self.scene.targets[self.laid]

    @property
    def draft(self) -> SquareDraft | None:
        """The draft of the square that is next."""
        return self.drafts[self.laid] if self.drafts else None

    @property
    def draft_alone(self) -> bool:
        """Whether the next square is its draft as it is drawn, so that there is nothing to ask the model."""
        return self.draft is not None and self.plan.refine == 0

    @property
    def looks(self) -> bool:
        """Whether the model is first asked where the next square's edit goes."""
        return bool(self.close_ups) and self.draft is None and self.close_ups[self.laid] is None

    @property
    def framed(self) -> Framed:
        """The square that is drawn in next."""
        near = self.close_ups[self.laid] if self.close_ups else None
        return near or self.target.framed

    @property
    def picture(self) -> Picture:
        """The picture with the edits so far."""
        return replace(self.source, rgb=self.rgb)


def prepare(picture: Picture, plan: EditPlan, detector: Detector | None) -> Work:
    """Find out what a picture shows and where to edit it.

    Raises:
        UsageError: A crop or mask that makes no sense.
        StillYouError: No such face, a photograph without one, a mask that cannot be used.
    """
    started, request = time.perf_counter(), plan.request
    supplied = None if request.mask is None else read_supplied(request.mask, picture.size)
    wish = Wish(request.domain, request.face, request.crop)
    scene = look(picture, wish, None if supplied is None else supplied.pixels, plan.side, detector)
    plan = plan.for_domain(scene.finding.domain)
    notes = [*picture.info.notes, *unusual(plan.model, plan.model.name, scene.finding.domain, plan.side), *scene.notes]
    notes += [
        *plan.ignored,
        *default_subject(plan.effect, plan.prompts.source),
        *(() if supplied is None else supplied.notes),
    ]
    drafts, about = make_drafts(picture, scene, plan)
    notes += plan.unasked if drafts and all(drafts) else []
    if plan.draft_alone:
        scene, drafts = dressed_only(scene, drafts, plan, about)
    near = _close_ups(picture, scene, plan, drafts)
    empty = np.zeros(picture.rgb.shape[:2], np.uint8)
    return Work(plan, picture, scene, supplied, picture.rgb, empty, (*notes, *about), drafts, near, started=started)


def _close_ups(picture: Picture, scene: Scene, plan: EditPlan, drafts: Drafts) -> tuple[Framed | None, ...]:
    """Return what expressions are drawn in, where the fit network is sure of the face; see `Work.close_ups`."""
    if not plan.close_up or plan.strength == 0 or any(drafts):
        return ()
    if plan.effect.group != "expression":
        return (None,) * len(scene.targets)
    return tuple(face_square(picture, each.framed) for each in scene.targets)


def next_square(work: Work) -> Square | None:
    """Return what the model is asked next about a picture; None when it is done."""
    if not work.waits:
        return None
    if work.draft_alone:
        return Square(work.plan.drafted(), NO_PIXELS, alone=True)
    framed, supplied, icc = work.framed, _own(work), work.source.info.icc
    pixels = to_srgb(framed.see(work.picture), icc)
    if work.looks:
        return Square(work.plan, pixels, mask_alone=True)
    mask = None if supplied is None else framed.see_mask(supplied.pixels)
    if work.draft is None:
        return Square(work.plan, pixels, mask)
    drafted = work.draft.on(work.picture)
    if mask is None:
        mask = reach(framed.see_mask(work.draft.mask(work.source.size)))
    return Square(work.plan.drafted(), pixels, mask, to_srgb(framed.see(drafted), icc))


def lay(work: Work, answer: Answer) -> Work:
    """Put the answer for a picture's next square into the picture; what its mask leaves at 0 stays bit-identical."""
    if work.looks:
        return _look_closer(work, answer)
    notes = list(answer.notes)
    mask = visible(_mask(work, answer, notes), work.picture, notes)
    return replace(
        work,
        rgb=_composited(work, answer, mask),
        mask=np.maximum(work.mask, mask),
        notes=(*work.notes, *notes),
        laid=work.laid + 1,
        evaluations=work.evaluations + answer.evaluations,
    )


def _look_closer(work: Work, answer: Answer) -> Work:
    """Choose the square that the next edit is drawn in, by the mask of the whole one."""
    whole = work.target.framed
    nearer = close_up(whole, whole.lay_mask(answer.mask) * work.scene.room(work.target))
    before, after = work.close_ups[: work.laid], work.close_ups[work.laid + 1 :]
    return replace(
        work,
        close_ups=(*before, nearer or whole, *after),
        notes=(*work.notes, *answer.notes),
        evaluations=work.evaluations + answer.evaluations,
    )


def _composited(work: Work, answer: Answer, mask: Pixels) -> Pixels:
    """Return the picture with an edit; a draft alone is laid on as it is drawn."""
    framed, draft, picture = work.framed, work.draft, work.picture
    if draft is not None and work.draft_alone:
        return lay_draft(picture, draft, mask)
    planes = (answer.edit, answer.reconstruction)
    edit, copy = (in_profile(framed.lay(each), picture.info.icc) for each in planes)
    return composite(picture, edit, copy, mask, framed.crop, detail=None if draft is None else draft.on(picture))


def _mask(work: Work, answer: Answer, notes: list[str]) -> Pixels:
    """Return the editing mask (H, W) of a picture's next square: the user's, the art's own, or the model's."""
    framed, supplied, draft = work.framed, _own(work), work.draft
    if supplied is not None:
        supplied = supplied.within(framed.crop)
        notes += supplied.notes
    if draft is not None and work.draft_alone:
        mask = _art_mask(work, draft, None if supplied is None else supplied.pixels)
    elif supplied is not None:
        mask = supplied.pixels
    else:
        soft = framed.lay_mask(answer.mask) * work.scene.room(replace(work.target, framed=framed))
        mask = native_mask(soft, framed.crop, work.source.size, guide=work.source)
    opacity = 1.0 if draft is None else work.plan.opacity
    return mask if opacity == 1 else np.rint(opacity * mask).astype(np.uint8)


def _art_mask(work: Work, draft: SquareDraft, supplied: Pixels | None) -> Pixels:
    """Return the art's own alpha, within the user's mask or where the square's face is the nearest."""
    art, mine = draft.mask(work.source.size), work.scene.own_pixels(work.target, work.source.size)
    if supplied is not None:
        return np.rint(art * (supplied / np.float32(255))).astype(np.uint8)
    return art if mine is None else np.where(mine, art, 0).astype(np.uint8)


def finish(work: Work, pipeline: Any) -> EditResult:
    """Return an edited picture with its mask and the figures of the edit."""
    plan, source, scene = work.plan, work.source, work.scene
    whole, notes = plan.request.official, list(work.notes)
    area, inside, outside = changes(source.rgb, work.rgb, np.full_like(work.mask, 255) if whole else work.mask)
    if work.evaluations and inside < LEAST_CHANGE and not whole and (area or work.supplied is None):
        notes.append("hardly anything was edited; more strength, another seed or more text guidance may help")
    report = EditReport(
        effect=plan.effect.id,
        model=plan.model.name,
        prompt=plan.prompts.target,
        source_prompt=plan.prompts.source,
        seed=plan.seed,
        steps=(plan.drafted() if any(work.drafts) else plan).steps,
        strength=plan.asked_strength,
        design=plan.design if any(work.drafts) else None,
        refine=plan.refine if any(work.drafts) else None,
        guidance=(plan.drafted() if any(work.drafts) else plan).guidance,
        mask=None if whole or work.supplied is not None else plan.mask,
        width=source.size[0],
        height=source.size[1],
        crop=crop_report(scene.targets[0].framed),
        close_up=close_up_report(next(iter(work.close_ups), None), scene.targets[0].framed),
        domain=scene.finding.domain,
        domain_reason=scene.finding.reason,
        faces=face_reports(scene.faces, {each.face: each.framed for each in scene.targets}),
        placed=placed_reports(work.drafts),
        mask_area=area,
        change_inside=inside,
        change_outside=outside,
        evaluations=work.evaluations,
        seconds=round(time.perf_counter() - work.started, 3),
        device=str(getattr(pipeline, "_execution_device", pipeline.device)),
        dtype=str(pipeline.unet.dtype).removeprefix("torch."),
        notes=tuple(dict.fromkeys(notes)),
    )
    report = report.model_copy(update={"scores": scores(report, plan)})
    picture = Picture(work.rgb, source.alpha, source.info)
    return EditResult(picture, Image.fromarray(work.mask), report, tuple(d for d in work.drafts if d is not None))


def _own(work: Work) -> SuppliedMask | None:
    """Return the supplied mask, cut to where the next square's face is the nearest of those that are edited."""
    mine = None if work.supplied is None else work.scene.own_pixels(work.target, work.source.size)
    return work.supplied if work.supplied is None or mine is None else work.supplied.where(mine)
