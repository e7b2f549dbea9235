"""Mixtures: shares of datasets, words of both domains, what the card says, how far each teacher's pictures move."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from stillyou.diffusion.tokenizer import build_tokenizer
from stillyou.draws import generator
from stillyou.effects.domains import SUBJECT_WORDS, SUBJECTS, Domain
from stillyou.effects.lookup import auxiliary, catalogue
from stillyou.pairs.generate import make_pairs
from stillyou.training.config import RenderSettings, TeacherSettings
from stillyou.training.data.augment import CARTOON, PEOPLE, augment, draw_augmentation, no_augmentation, reach
from stillyou.training.data.mixture import domains_of, run_parts, words
from stillyou.training.run import Request, Run
from tests.training.fakes import LAUGHING, QUIET, SANTA, Painter, paint_pairs, tiny_config

STAGES = ("render", "autoencoder", "editor")


class Sitter(Painter):
    kind: str = "people"
    domain: Domain = "people"
    shares_sources: ClassVar[bool] = True


class Drawing(Painter):
    kind: str = "cartoon"


@pytest.fixture
def both(tmp_path: Path) -> Run:
    """A run whose render stage has made eight pairs of cartoons and four of people."""
    teachers = {"people": TeacherSettings(share=3.0), "cartoon": TeacherSettings(share=1.0)}
    run = Run(Request(tmp_path / "run", tiny_config(render=RenderSettings(teachers=teachers)), STAGES))
    for teacher, n in ((Sitter(), 2), (Drawing(), 4)):
        make_pairs(teacher, [SANTA, LAUGHING], n, run.pairs(teacher.kind), execution=QUIET)
    return run


def test_rendered_datasets_have_the_shares_of_their_teachers(both: Run) -> None:
    parts = run_parts(both)
    assert [(part.data.meta.teacher, part.share) for part in parts] == [("people", 3.0), ("cartoon", 1.0)]
    assert domains_of([part.data for part in parts]) == ("cartoon", "people")
    assert domains_of([parts[0].data]) == ("people",)


def test_in_fine_tuning_the_studios_divide_their_share(both: Run, tmp_path: Path) -> None:
    own = paint_pairs(tmp_path / "own")
    config = both.request.config.model_copy(deep=True)
    request = Request(both.folder, config, STAGES, pairs=own.path, init="embedded")
    shares = [part.share for part in run_parts(Run(request))]
    assert shares == pytest.approx([0.5, 0.375, 0.125])
    alone = Request(both.folder, config, STAGES, pairs=own.path)
    assert [(part.data.path, part.share) for part in run_parts(Run(alone))] == [(own.path, 1.0)]


def test_the_words_of_both_domains_are_single_tokens() -> None:
    tokenizer = build_tokenizer(words([*catalogue().values(), *auxiliary().values()]))
    assert len(tokenizer) <= 1024
    for word in (*SUBJECT_WORDS, *" ".join(SUBJECTS.values()).split(), "laughing", "santa", "costume"):
        assert tokenizer.tokenize(word) == [f"{word}</w>"], word


def test_pictures_of_people_are_moved_more_and_half_of_them_mirrored() -> None:
    assert reach("people") is PEOPLE and reach("cartoon") is CARTOON and reach(None) is CARTOON
    people, cartoon = (
        np.stack([draw_augmentation(generator("draw", n), limits) for n in range(400)]) for limits in (PEOPLE, CARTOON)
    )
    assert 0.4 < (people[:, 17] < 0).mean() < 0.6 and (cartoon[:, 17] == 1).all()
    assert 0.72 <= people[:, 0].min() < 0.75 and 1.23 < people[:, 0].max() <= 1.25
    assert (people[:, 1:4].std(axis=0) > 1.3 * cartoon[:, 1:4].std(axis=0)).all()


def test_a_mirrored_picture_is_the_mirror_image() -> None:
    pixels = torch.rand(1, 2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    mirror = no_augmentation()
    mirror[17] = -1
    torch.testing.assert_close(augment(pixels, torch.from_numpy(mirror)[None]), pixels.flip(-1))
    torch.testing.assert_close(augment(pixels, torch.from_numpy(no_augmentation())[None]), pixels)


def test_what_is_equal_stays_equal_under_augmentation() -> None:
    """Outside the edit, source and target get the very same values; only interpolation at its border mixes them."""
    pixels = torch.rand(4, 1, 3, 64, 64, generator=torch.Generator().manual_seed(1)).repeat(1, 2, 1, 1, 1) * 2 - 1
    pixels[:, 1, :, 20:30, 20:30] = 1.0
    drawn = np.stack([draw_augmentation(generator("equal", n), PEOPLE) for n in range(4)])
    source, target = augment(pixels, torch.from_numpy(drawn)).unbind(1)
    changed = (source != target).any(1).float().mean((1, 2))
    assert (changed > 0).all() and (changed < 0.12).all()
