"""Styles that draw a head without shoulders."""

from __future__ import annotations

from stillyou.pairs.teachers.cartoon.costume_fits import FITS
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, StyleSpec, look, numbered


def _coded(codes: str) -> tuple[str, ...]:
    """Name the mouths of big-ears, which carry a group and a number of two digits each."""
    return tuple(f"variant{code}" for code in codes.split())


ADVENTURER = StyleSpec(
    name="adventurer",
    looks={
        "neutral": [
            look(
                eyes=numbered(1, 2, 3, 24, 25, 26),
                eyebrows=numbered(6, 10, 12, 13, 14),
                mouth=numbered(2, 6, 8, 9, 10, 19),
            ),
        ],
        "angry": [look(eyes=numbered(11, 12, 13, 24, 26), eyebrows=numbered(1, 2), mouth=numbered(4, 11, 14))],
        "shocked": [
            look(eyes=numbered(8), eyebrows=numbered(5, 6, 11, 15), mouth=numbered(3, 15, 18, 20)),
            look(eyes=numbered(8, 24, 26), eyebrows=numbered(6, 15), mouth=numbered(3, 15, 18)),
        ],
        "laughing": [look(eyes=numbered(19), eyebrows=numbered(6, 10, 12), mouth=numbered(1, 5, 25, 26, 27, 28, 30))],
        "crying": [
            look("tears", eyes=numbered(15, 16, 20), eyebrows=numbered(7, 9), mouth=numbered(4, 14)),
            look("tears", eyes=numbered(15, 16, 19), eyebrows=numbered(7), mouth=numbered(4, 14)),
            look(eyes=numbered(15, 20), eyebrows=numbered(7), mouth=numbered(14)),
        ],
    },
    face=FaceGeometry("eyes", (75, 72), (225, 65), 48, (181, 185), 80),
    costume=FITS["adventurer"],
    identity={"glassesProbability": 8},
    colours={"hair": "hair", "skin": "skin", "glasses": "accent", "earrings": "accent", "eyes": "iris"},
    hair=("hair", "head"),
)

BIG_EARS = StyleSpec(
    name="big-ears",
    looks={
        "neutral": [look(eyes=numbered(3, 4, 5, 23, 27, 28, 29, 30), mouth=_coded("0701 0702 0703 0707 0708"))],
        "angry": [look(eyes=numbered(1, 25), mouth=_coded("0704 0705 0501 0502 0503 0601"))],
        "shocked": [
            look(eyes=numbered(14, 15, 19, 20, 21, 22, 24, 26), mouth=_coded("0101 0102 0103 0105")),
        ],
        "laughing": [
            look(eyes=numbered(11, 32), mouth=_coded("0201 0202 0203 0204 0205 0301 0302 0303 0304 0305")),
        ],
        "crying": [
            look("tears", eyes=numbered(12, 31), mouth=_coded("0704 0705 0401 0402 0405")),
            look("tears", eyes=numbered(5, 6, 31), mouth=_coded("0705 0403 0501")),
        ],
    },
    face=FaceGeometry("eyes", (45, 55), (145, 55), 20, (95, 158), 40, ("eyes", "mouth")),
    costume=FITS["big-ears"],
    colours={"hair": "hair", "skin": "skin"},
    hair=("hair", "frontHair", "sideburns", "ears"),
)

BIG_SMILE = StyleSpec(
    name="big-smile",
    looks={
        "neutral": [look(eyes="normal", mouth="unimpressed kawaii")],
        "angry": [look(eyes="angry", mouth="unimpressed teethSmile openSad")],
        "shocked": [look("open-mouth", eyes="normal", mouth=())],
        "laughing": [look(eyes="cheery", mouth="openedSmile gapSmile teethSmile braces")],
        "crying": [look("tears", eyes="sad sleepy", mouth="openSad unimpressed")],
    },
    face=FaceGeometry("eyes", (35, 70), (120, 70), 16, (88, 165), 52, ("eyes", "mouth")),
    costume=FITS["big-smile"],
    identity={"accessoriesProbability": 0},
    colours={"hair": "hair", "skin": "skin"},
    hair=("hair", "head"),
    lends_face=False,
)

DYLAN = StyleSpec(
    name="dylan",
    looks={
        "neutral": [look(mood="neutral happy")],
        "angry": [look(mood="angry")],
        "shocked": [look("raised-brows", "open-mouth", mood=())],
        "laughing": [look(mood="superHappy")],
        "crying": [look("tears", mood="sad")],
    },
    face=FaceGeometry("mood", (4, 11), (22.3, 11), 2.8, (13.5, 22), 8, ("mood",)),
    costume=FITS["dylan"],
    identity={"facialHairProbability": 10},
    wears_faces=False,
    lends_face=False,
    colours={"hair": "hair", "skin": "light-skin"},
)
