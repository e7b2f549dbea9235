"""The service: queue, batches, cancelling, time-outs, what is kept and what is removed."""

from __future__ import annotations

import dataclasses
import io
import os
import stat
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.app.service import Busy, EditTask, FieldError, Gone, NotFound, OutputWish, Service, State, TooLarge
from stillyou.app.service.folder import PREFIX, PrivateFolder
from stillyou.app.service.jobs import Job
from stillyou.app.service.worker import Worker
from stillyou.images.provenance import COMPOSITE
from tests.app.conftest import Clock, HeldPipeline, decoded, encoded, finished, hold, portrait, task


def test_an_edit_comes_back_with_picture_mask_and_report(service: Service) -> None:
    wanted = task(service, seed=5)
    view = finished(service, service.submit(wanted).id)
    assert view.state is State.DONE and view.failure is None and view.report is not None
    assert (view.report.seed, view.report.effect) == (5, "laughing")
    after, mask = decoded(service.read_result(view.id)), decoded(service.read_result(view.id, "mask"))
    before = np.asarray(portrait(seed=5))
    assert after.shape == before.shape and mask.shape == before.shape[:2]
    assert np.array_equal(after[mask == 0], before[mask == 0]) and (after[mask == 255] == (255, 0, 0)).any()
    with pytest.raises(NotFound, match="no draft"):
        service.read_result(view.id, "draft")


def test_equal_requests_share_a_batch_others_do_not(service: Service, pipeline: HeldPipeline) -> None:
    first = hold(pipeline, service)
    ids = [service.submit(task(service, seed, steps=steps)).id for seed, steps in ((1, 4), (2, 5), (3, 4))]
    assert [service.view(id).position for id in ids] == [1, 2, 3]
    pipeline.go.set()
    assert all(finished(service, id).state is State.DONE for id in (first, *ids))
    # Seeds 1 and 3 go together past seed 2, whose steps are others; each gets its own picture.
    assert [call.seeds for call in pipeline.calls] == [[99], [1, 3], [2]]
    for id, seed in zip(ids, (1, 2, 3), strict=True):
        mask = decoded(service.read_result(id, "mask"))
        assert np.array_equal(decoded(service.read_result(id))[mask == 0], np.asarray(portrait(seed=seed))[mask == 0])


def test_a_full_queue_refuses_and_says_when_to_come_back(service: Service, pipeline: HeldPipeline) -> None:
    hold(pipeline, service)
    waiting = [service.submit(task(service, seed, steps=seed)).id for seed in (1, 2, 3)]
    with pytest.raises(Busy) as refused:
        service.submit(task(service, 4))
    assert refused.value.retry_after >= 1 and service.tally.refused == 1
    service.cancel(waiting[0])
    assert [service.view(id).position for id in waiting] == [None, 1, 2]
    with service.place() as submit:  # a place that is kept counts as taken
        with pytest.raises(Busy):
            service.submit(task(service, 5))
        submit(task(service, 4))
    service.cancel(waiting[1])
    with pytest.raises(ZeroDivisionError), service.place():
        raise ZeroDivisionError
    service.submit(task(service, 6))


def test_cancelling_frees_the_worker_at_once(service: Service, pipeline: HeldPipeline) -> None:
    held, waiting = hold(pipeline, service), service.submit(task(service, 1))
    changes: list[State] = []
    stop = service.watch(waiting.id, lambda: changes.append(service.view(waiting.id).state))
    assert service.cancel(held).state is State.CANCELLED
    pipeline.begun.clear()
    assert pipeline.begun.wait(30)  # the next has begun, though the first was never let go
    pipeline.go.set()
    assert finished(service, waiting.id).state is State.DONE
    assert service.cancel(waiting.id).state is State.DONE and changes[-1] is State.DONE
    stop()
    with pytest.raises(NotFound):
        service.read_result(held)


def test_what_takes_too_long_is_given_up(service: Service, pipeline: HeldPipeline, clock: Clock) -> None:
    held = hold(pipeline, service)
    clock.now += service.limits.seconds + 1
    pipeline.begun.clear()
    waiting = service.submit(task(service, 1)).id
    service.tidy()
    view = service.view(held)
    assert view.state is State.FAILED and view.failure is not None and view.failure.kind == "timeout"
    assert "took more than 120 s" in view.failure.detail
    assert pipeline.begun.wait(30)  # the worker has let go of it
    pipeline.go.set()
    assert finished(service, waiting).state is State.DONE


def test_who_waits_too_long_is_told(service: Service, pipeline: HeldPipeline, clock: Clock) -> None:
    hold(pipeline, service)
    waiting = service.submit(task(service, 1)).id
    clock.now += service.limits.wait_seconds + 1
    service.tidy()
    failure = service.view(waiting).failure
    assert failure is not None and failure.kind == "timeout" and "waited for more than 600 s" in failure.detail


def test_results_are_kept_for_their_time_and_then_gone(service: Service, clock: Clock) -> None:
    wanted = task(service, 1)
    id = finished(service, service.submit(wanted).id).id
    files = [file.path for file in service.view(id).files.values()]
    clock.now += service.limits.keep_seconds / 2
    service.tidy()
    file, handle = service.open_result(id)
    clock.now += service.limits.keep_seconds
    service.tidy()
    assert not any(path.exists() for path in files) and not wanted.picture.path.exists()
    with handle:
        assert len(handle.read()) == file.bytes  # who reads goes on reading
    with pytest.raises(Gone):
        service.view(id)
    with pytest.raises(NotFound):
        service.view("never-was")
    with pytest.raises(FieldError, match="no longer kept"):
        service.submit(wanted)


def test_the_oldest_results_make_room(pipeline: HeldPipeline, service: Service, clock: Clock) -> None:
    ids = []
    for seed in range(3):
        clock.now += 1
        ids.append(finished(service, service.submit(task(service, seed)).id).id)
    sizes = [sum(file.bytes for file in service.view(id).files.values()) for id in ids]
    service.board.limits = dataclasses.replace(service.limits, keep_bytes=sizes[1] + sizes[2])
    service.tidy()
    with pytest.raises(Gone):
        service.view(ids[0])
    assert service.view(ids[1]).state is State.DONE


def test_uploads_of_one_edit_go_with_it_others_stay(service: Service) -> None:
    kept, other = task(service, 1), task(service, 2)
    once = dataclasses.replace(other, picture=service.take(encoded(portrait(seed=2)), once=True))
    for each in (kept, once):
        finished(service, service.submit(each).id)
    assert kept.picture.path.exists() and not once.picture.path.exists()
    assert finished(service, service.submit(kept).id).state is State.DONE


def bomb() -> bytes:
    """Return a PNG whose header claims 3.6 gigapixels, with nothing behind it."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", FieldError, "empty"),
        (b"hello", FieldError, "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", FieldError, "not a picture"),
        (b"\xff" * 200_001, TooLarge, "200001 bytes"),
        (encoded(Image.new("1", (2000, 1000))), TooLarge, "1 megapixels"),
        (bomb(), TooLarge, "50 megapixels"),
    ],
)
def test_what_is_no_portrait_is_refused_before_it_is_decoded(
    service: Service, data: bytes, error: type[FieldError], words: str
) -> None:
    with pytest.raises(error, match=words) as refused:
        service.take(data, "mask")
    assert refused.value.field == "mask" and str(service.folder.path) not in str(refused.value)
    assert not any(service.folder.path.iterdir())


def test_a_damaged_picture_fails_its_own_edit_in_the_senders_words(service: Service) -> None:
    data = encoded(portrait(200, 200))
    upload = service.take(data[: len(data) // 2])
    view = finished(service, service.submit(EditTask(upload, service.request("laughing", {}))).id)
    assert view.failure is not None and (view.failure.kind, view.failure.field) == ("input", "picture")
    assert view.failure.detail.startswith("the picture is") and str(service.folder.path) not in view.failure.detail


def test_a_mask_of_another_size_names_the_field(service: Service) -> None:
    mask = service.take(encoded(Image.new("L", (10, 12))), "mask")
    view = finished(service, service.submit(dataclasses.replace(task(service), mask=mask)).id)
    assert view.failure is not None and view.failure.field == "mask"
    assert view.failure.detail == "the mask is 10x12 pixels, the picture is 96x80. Give a mask of 96x80 pixels."


def test_a_painted_mask_comes_back_exactly(service: Service) -> None:
    painted = np.zeros((80, 96), np.uint8)
    painted[20:40, 30:50] = 255
    mask = service.take(encoded(Image.fromarray(painted)), "mask")
    view = finished(service, service.submit(dataclasses.replace(task(service), mask=mask)).id)
    assert np.array_equal(decoded(service.read_result(view.id, "mask")), painted)


@pytest.mark.parametrize(
    ("effect", "options", "field"),
    [
        ("sant", {}, "effect"),
        ("/etc/passwd.yaml", {}, "effect"),
        ("../effects/", {}, "effect"),
        ("santa", {"strength": 3.0}, "strength"),
        ("santa", {"seed": -1}, "seed"),
        ("santa", {"steps": 101}, "steps"),
        ("santa", {"resolution": 2048}, "resolution"),
        ("santa", {"design": "gren"}, "design"),
        ("laughing", {"design": "green"}, "design"),
        ("santa", {"crop": "1,2"}, "crop"),
        ("santa", {"crop": "0,0,9", "face": "1"}, "crop"),
        ("santa", {"draft": "/etc/passwd"}, "draft"),
        ("santa", {"mask": "/etc/passwd"}, "mask"),
        ("santa", {"variables": {"colour": "red"}}, "variables"),
        ("santa", {"official": True}, "official"),
        ("santa", {"nudge": "shoe:1,2"}, "nudge"),
    ],
)
def test_a_wrong_option_is_named(service: Service, effect: str, options: dict[str, object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        service.request(effect, options)
    assert refused.value.field == field


def test_an_error_that_nobody_foresaw_tells_nothing_of_the_inside(
    service: Service, pipeline: HeldPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "mask_of", lambda pixels: 1 / 0)
    view = finished(service, service.submit(task(service)).id)
    assert view.failure is not None and view.failure.kind == "internal" and "division" not in view.failure.detail
    monkeypatch.undo()
    assert finished(service, service.submit(task(service)).id).state is State.DONE


def located() -> bytes:
    """Return a JPEG that says where it was taken, in EXIF and XMP."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 29.52), 3: "E", 4: (2.0, 17.0, 40.2)}
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    xmp += b'<rdf:Description exif:GPSLatitude="48,51.492N" dc:title="me"><photoshop:City>Paris</photoshop:City>'
    xmp += b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    return encoded(portrait(), "JPEG", exif=exif.tobytes(), xmp=xmp)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff", "same"])
@pytest.mark.parametrize(("keep", "mark"), [(False, True), (True, False)])
def test_the_place_goes_and_the_note_comes_unless_asked_otherwise(
    service: Service, kind: str, keep: bool, mark: bool
) -> None:
    wish = OutputWish(kind, keep_location=keep, mark=mark)
    request = service.request("laughing", {"crop": "0,0,80"})
    view = finished(service, service.submit(EditTask(service.take(located()), request, output=wish)).id)
    data = service.read_result(view.id)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == {"same": "JPEG"}.get(kind, kind.upper())
        exif, xmp = image.getexif(), image.info.get("xmp") or image.info.get("XML:com.adobe.xmp", b"")
        assert exif[0x010F] == "Maker" and bool(exif.get_ifd(0x8825)) == keep
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    assert (COMPOSITE.encode() in xmp) == mark
    assert (b"Paris" in xmp and b"48,51" in xmp) == keep and b'dc:title="me"' in xmp


def test_files_are_private_and_go_with_the_service(service: Service) -> None:
    finished(service, service.submit(task(service)).id)
    assert stat.S_IMODE(os.stat(service.folder.path).st_mode) == 0o700
    service.close()
    assert not service.folder.path.exists() and not service.alive


def test_leftovers_of_a_killed_server_are_removed_those_of_living_ones_stay(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from stillyou.app.service.folder import PrivateFolder\n"
        "folder = PrivateFolder(Path(sys.argv[1])); folder.new().write_bytes(b'a face'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(PREFIX) and any(left.iterdir())
    first = PrivateFolder(tmp_path)
    second = PrivateFolder(tmp_path)
    assert not left.exists() and first.path.exists() and second.path.exists()
    second.close()
    first.close()
    assert not any(tmp_path.iterdir())


def test_thumbnails_wait_a_little_after_an_edit(service: Service, pipeline: HeldPipeline, tmp_path: Path) -> None:
    class Script:
        """A board whose one edit is over before it is carried out."""

        closed, said = False, list[float]()

        def take(self, timeout: float) -> list[Job]:
            self.said.append(timeout)
            self.closed = len(self.said) == 3
            return [job] if len(self.said) == 1 else []

    job = Job("a", task(service), 0.0, State.CANCELLED)
    board, idled = Script(), []
    Worker(board, service.editor, PrivateFolder(tmp_path), lambda: bool(idled.append(1)) or True).run()
    assert board.said == [0.0, 2.0, 0.0] and len(idled) == 1
