"""What a run learns from: datasets with shares, rendered by one or several teachers, or the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillyou.effects.domains import DOMAINS, SUBJECT_WORDS, SUBJECTS, Domain
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.pairs.dataset.info import DESCRIPTION
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.teachers.registry import teacher_kinds
from stillyou.training.config import TeacherSettings
from stillyou.training.run import Run


@dataclass(frozen=True)
class Part:
    """A dataset and its share of the samples; shares are relative to one another."""

    data: PairDataset
    share: float


def rendered_parts(run: Run) -> list[Part]:
    """Open what the render stage has made, a dataset a teacher.

    Raises:
        UsageError: It has made nothing.
    """
    settings = run.request.config.render.teachers
    folders = [run.pairs(name) for name in dict.fromkeys((*settings, *teacher_kinds()))]
    found = [folder for folder in folders if (folder / DESCRIPTION).is_file()]
    if not found:
        raise UsageError(f"{run.folder / 'pairs'} has no pairs yet", "Run the render stage first, or give --pairs.")
    parts = [Part(PairDataset(folder), settings.get(folder.name, TeacherSettings()).share) for folder in found]
    return [part for part in parts if len(part.data)] or parts


def run_parts(run: Run) -> list[Part]:
    """Open what the trained stages learn from: the user's pairs or the rendered ones; in fine-tuning both.

    Raises:
        UsageError: There are none.
    """
    request = run.request
    if request.pairs is None:
        return rendered_parts(run)
    own, studio = PairDataset(request.pairs), request.config.editor.studio_share
    if request.init is None or studio == 0:
        return [Part(own, 1.0)]
    rendered = rendered_parts(run)
    whole = sum(part.share for part in rendered)
    return [Part(own, 1 - studio), *(Part(part.data, studio * part.share / whole) for part in rendered)]


def domains_of(parts: Sequence[PairDataset]) -> tuple[Domain, ...]:
    """Return the domains that datasets show; imported pairs of which nobody has said it count for none."""
    shown = {data.meta.domain for data in parts}
    return tuple(domain for domain in DOMAINS if domain in shown)


def words(specs: Sequence[EffectSpec]) -> list[str]:
    """Return the prompts of effects with their own subject and others: what the tokenizer must write cheaply."""
    subjects = [*SUBJECTS.values(), *SUBJECT_WORDS]
    told = [{"subject": word} for word in subjects]
    every = [spec.prompts(values if "subject" in spec.variables else {}) for spec in specs for values in ({}, *told)]
    return sorted({text for prompts in every for text in vars(prompts).values()})
