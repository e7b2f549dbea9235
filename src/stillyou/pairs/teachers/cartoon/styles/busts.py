"""Styles that draw a head and shoulders."""

from __future__ import annotations

from stillyou.pairs.teachers.cartoon.costume_fits import FITS
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, StyleSpec, look, numbered

TOON_HEAD = StyleSpec(
    name="toon-head",
    looks={
        "neutral": [look(eyes="happy", eyebrows="neutral happy", mouth="smile")],
        "angry": [look(eyes="happy wide", eyebrows="angry", mouth="angry sad")],
        "shocked": [look(eyes="wide", eyebrows="raised happy", mouth="agape")],
        "laughing": [look(eyes="bow", eyebrows="happy neutral raised", mouth="laugh")],
        "crying": [
            look("tears", eyes="humble bow happy", eyebrows="sad", mouth="sad angry"),
            look("tears", eyes="humble", eyebrows="sad", mouth="sad angry"),
            look("tears", eyes="bow happy", eyebrows="sad", mouth="sad angry"),
            look("tears", eyes="humble", eyebrows="sad", mouth="angry"),
            look(eyes="humble", eyebrows="sad", mouth="angry"),
        ],
    },
    face=FaceGeometry("eyes", (62, 36), (198, 36), 30, (131, 145), 55),
    costume=FITS["toon-head"],
    identity={"beardProbability": 30},
    colours={"clothes": "clothes", "hair": "hair", "skin": "skin"},
    hair=("hair", "rearHair", "beard"),
    clothes="clothes",
    bust=True,
    swaps={"#4B2422": "iris"},
)

MICAH = StyleSpec(
    name="micah",
    looks={
        "neutral": [look(eyes="eyes round eyesShadow", eyebrows="up eyelashesUp", mouth="smirk smile pucker")],
        "angry": [look("brows", eyes="eyes round", eyebrows=(), mouth="frown nervous sad")],
        "shocked": [look(eyes="round eyes eyesShadow", eyebrows="up eyelashesUp", mouth="surprised")],
        "laughing": [look(eyes="smiling smilingShadow", eyebrows="up eyelashesUp", mouth="laughing")],
        "crying": [
            look("tears", eyes="smiling eyes round", eyebrows="down eyelashesDown", mouth="sad frown"),
            look("tears", eyes="smiling smilingShadow", eyebrows="down", mouth="sad frown nervous"),
        ],
    },
    face=FaceGeometry("eyes", (50, 46), (118, 32), 10, (99, 104), 28),
    costume=FITS["micah"],
    identity={"glassesProbability": 12, "facialHairProbability": 15},
    colours={
        "base": "skin",
        "hair": "hair",
        "shirt": "clothes",
        "earring": "accent",
        "glasses": "accent",
        "facialHair": "hair",
        "eyeShadow": "accent",
    },
    clothes="clothes",
    bust=True,
)

PERSONAS = StyleSpec(
    name="personas",
    looks={
        "neutral": [look(eyes="open", mouth="smirk smile lips")],
        "angry": [look("brows", eyes="open", mouth="frown")],
        "shocked": [look(eyes="open", mouth="surprise"), look("raised-brows", eyes="open", mouth="surprise")],
        "laughing": [look(eyes="happy", mouth="bigSmile")],
        "crying": [look("tears", eyes="sleep open", mouth="frown")],
    },
    face=FaceGeometry("eyes", (4, 4.5), (18, 4.5), 2.2, (12, 17), 4, ("eyes", "mouth")),
    costume=FITS["personas"],
    colours={"clothing": "clothes", "hair": "hair", "skin": "skin", "facialHair": "hair"},
    clothes="clothes",
    bust=True,
)

LORELEI = StyleSpec(
    name="lorelei",
    looks={
        "neutral": [
            look(
                eyes=numbered(2, 4, 6, 10, 12, 20, 24),
                eyebrows=numbered(5, 6, 9),
                mouth="happy01 happy02 happy03 happy14 sad09",
            ),
        ],
        "angry": [look(eyes=numbered(4, 7, 8), eyebrows=numbered(11, 13), mouth="sad04 sad05 sad06")],
        "shocked": [
            look(eyes=numbered(9, 16, 21), eyebrows=numbered(5, 7), mouth="sad01"),
            look("open-mouth", eyes=numbered(9, 16, 5), eyebrows=numbered(5, 7), mouth=()),
        ],
        "laughing": [
            look(
                eyes=numbered(1, 15, 22),
                eyebrows=numbered(5, 6, 9),
                mouth="happy05 happy06 happy07 happy12 happy16",
            ),
        ],
        "crying": [
            look("tears", eyes=numbered(3, 19), eyebrows=numbered(1, 12), mouth="sad03 sad04 sad05 sad07"),
        ],
    },
    face=FaceGeometry("eyes", (85, 55), (275, 50), 35, (195, 235), 70),
    costume=FITS["lorelei"],
    identity={"glassesProbability": 12, "beardProbability": 3},
    colours={"skin": "light-skin", "hair": "hair", "hairAccessories": "accent", "earrings": "accent", "glasses": "ink"},
    hair=("hair", "hairAccessories"),
    bust=True,
)
