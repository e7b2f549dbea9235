"""Whoever waits is served at once: work that gives way, faces that are remembered, room that is made; and words."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stillyou.app.service import Busy, EditTask, FieldError, Service
from stillyou.app.service.interrupt import interruptible
from stillyou.app.service.words import in_fields
from stillyou.editing.editor import Editor
from stillyou.images.faces import Face
from tests.app.conftest import Clock, HeldPipeline, encoded, finished, hold, portrait
from tests.editing.fakes import finds


def test_a_face_that_is_not_there_names_the_field(pipeline: HeldPipeline, tmp_path: Path) -> None:
    faces = finds(Face(40, 40, 30))
    with Service(Editor(pipeline, "fake", faces), root=tmp_path) as service:
        upload = service.take(encoded(portrait(200, 200)))
        request = service.request("laughing", {"face": 99})
        failure = finished(service, service.submit(EditTask(upload, request)).id).failure
    assert failure is not None and failure.field == "face" and "--" not in failure.detail


def test_faces_of_a_picture_are_looked_for_once(tmp_path: Path, pipeline: HeldPipeline) -> None:
    looked: list[int] = []
    detector = lambda rgb: looked.append(rgb.shape[0]) or []  # noqa: E731
    with Service(Editor(pipeline, "fake", detector), root=tmp_path) as service:
        for seed in (1, 1, 2):
            service.look(service.take(encoded(portrait(seed=seed))))
    assert len(looked) == 2


def test_whoever_waits_ends_the_work_between_two_layers() -> None:
    network = torch.nn.Sequential(*[torch.nn.Identity() for _ in range(5)])
    seen: list[int] = []

    def check() -> None:
        seen.append(1)
        if len(seen) == 4:
            raise ZeroDivisionError

    with interruptible(check):
        elsewhere = threading.Thread(target=network, args=(torch.ones(1),))
        elsewhere.start()
        elsewhere.join()
        assert not seen  # other threads are left alone
        with pytest.raises(ZeroDivisionError):
            network(torch.ones(1))
    network(torch.ones(1))
    assert len(seen) == 4


def test_uploads_that_idle_make_room_for_new_ones(service: Service, pipeline: HeldPipeline, clock: Clock) -> None:
    size = len(encoded(portrait(seed=1)))
    service.shelf._limits = dataclasses.replace(service.limits, keep_bytes=3 * size)
    hold(pipeline, service)  # of a picture that is needed
    idle = service.take(encoded(portrait(seed=1)))
    with pytest.raises(Busy):  # it has just come: an edit of it may be on its way
        service.take(encoded(portrait(seed=2))), service.take(encoded(portrait(seed=3)))
    clock.now += 60
    service.take(encoded(portrait(seed=4)))
    with pytest.raises(FieldError, match="no longer"):
        service.kept(idle.id)
    pipeline.go.set()


@given(st.text(max_size=60))
def test_fields_have_no_dashes(text: str) -> None:
    assert in_fields(f"{text}, or --mask-strategy latent helps").endswith(", or mask_strategy=latent helps")
