"""Choosing faces."""

import pytest

from stillyou.editing.scene.face_choice import MOST_EDITED, FaceChoice, choose, parse_face
from stillyou.errors import StillYouError, UsageError
from stillyou.images.faces import Face

FACES = [Face(50, 60, 20), Face(120, 50, 40), Face(200, 60, 30)]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("largest", [1]), ("LARGEST", [1]), ("all", [0, 1, 2]), ("1", [0]), (3, [2]), (" 2 ", [1]),
        ("200,60", [2]), ("130,65", [1]), ("80,60", [0]), ("0,99", [0]), ("90.5,55", [1]), ("299,0", [2]),
    ],
)  # fmt: skip
def test_words_numbers_and_points(text, chosen):
    assert choose(FACES, parse_face(text), (300, 100)) == chosen


@pytest.mark.parametrize("text", ["", "left", "0", "-1", "1.5", "1,2,3", "nan,1", "inf,2", "a,b", "1;2", "²"])
def test_what_is_no_choice(text):
    with pytest.raises(UsageError, match="largest, all, a number"):
        parse_face(text)


def test_a_face_that_is_not_there_is_told_with_how_many_there_are():
    with pytest.raises(StillYouError, match=r"there is no face 4: 3 faces were found\. Choose 1 to 3"):
        choose(FACES, parse_face("4"), (300, 100))
    with pytest.raises(StillYouError, match=r"there is no face 2: 1 face was found\. Choose 1, counted"):
        choose(FACES[:1], parse_face(2), (300, 100))
    with pytest.raises(StillYouError, match="outside the picture of 300x100"):
        choose(FACES, parse_face("300,5"), (300, 100))


def test_a_doubtful_face_is_not_the_largest():
    assert choose([Face(10, 10, 50, score=0.25), Face(90, 10, 40)], FaceChoice(), (100, 100)) == [1]


def test_all_has_a_limit_and_keeps_the_largest():
    crowd = [Face(10.0 * i, 10, 5 + (i % 30)) for i in range(30)]
    chosen = choose(crowd, FaceChoice("all"), (300, 100))
    assert len(chosen) == MOST_EDITED
    assert chosen == sorted(chosen)
    assert min(crowd[i].size for i in chosen) > max(crowd[i].size for i in range(30) if i not in chosen)
