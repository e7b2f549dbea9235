"""Styles that draw a head without shoulders."""

from __future__ import annotations

from stillyou.pairs.studio.costume_fits import FITS
from stillyou.pairs.studio.spec import FaceGeometry, Look, StyleSpec
from stillyou.pairs.studio.styles.busts import numbered

ADVENTURER = StyleSpec(
    name="adventurer",
    looks={
        "neutral": [Look({"eyes": numbered(24, 25, 26, 1), "eyebrows": numbered(10, 12, 13), "mouth": numbered(9, 2)})],
        "angry": [Look({"eyes": numbered(11, 12), "eyebrows": numbered(1, 2, 7), "mouth": numbered(4, 11, 14)})],
        "shocked": [Look({"eyes": numbered(8, 23), "eyebrows": numbered(11, 15), "mouth": numbered(15, 3, 18)})],
        "laughing": [Look({"eyes": numbered(19), "eyebrows": numbered(10, 12), "mouth": numbered(1, 25, 27, 28, 30)})],
        "crying": [
            Look({"eyes": numbered(15, 16), "eyebrows": numbered(7, 9), "mouth": numbered(4, 14)}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (75, 72), (225, 65), 48, (181, 185), 80),
    costume=FITS["adventurer"],
    hair=("hair", "head"),
    identity={"glassesProbability": 10},
    colours={"hair": "hair", "skin": "skin", "glasses": "accent", "earrings": "accent"},
)  # fmt: skip

BIG_EARS = StyleSpec(
    name="big-ears",
    looks={
        "neutral": [Look({"eyes": numbered(5, 27, 28, 30), "mouth": ("variant0701", "variant0708")})],
        "angry": [
            Look(
                {
                    "eyes": numbered(1, 25),
                    "mouth": ("variant0704", "variant0705", "variant0501", "variant0502"),
                }
            ),
        ],
        "shocked": [
            Look({"eyes": numbered(14, 15, 24, 26), "mouth": ("variant0101", "variant0102", "variant0105")}),
        ],
        "laughing": [
            Look(
                {
                    "eyes": numbered(11, 32),
                    "mouth": ("variant0201", "variant0202", "variant0203", "variant0205", "variant0305"),
                }
            ),
        ],
        "crying": [
            Look({"eyes": numbered(12, 31), "mouth": ("variant0705", "variant0401", "variant0402")}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (45, 55), (145, 55), 20, (95, 158), 40, ("eyes", "mouth")),
    costume=FITS["big-ears"],
    hair=("hair", "frontHair", "sideburns", "ears"),
    colours={"hair": "hair", "skin": "skin"},
)

BIG_SMILE = StyleSpec(
    name="big-smile",
    looks={
        "neutral": [Look({"eyes": ("normal",), "mouth": ("unimpressed", "kawaii")})],
        "angry": [Look({"eyes": ("angry",), "mouth": ("unimpressed", "teethSmile")})],
        "shocked": [Look({"eyes": ("confused",), "mouth": ("openSad",)})],
        "laughing": [Look({"eyes": ("cheery",), "mouth": ("openedSmile", "gapSmile", "teethSmile", "braces")})],
        "crying": [Look({"eyes": ("sad",), "mouth": ("openSad", "unimpressed")}, ("tears",))],
    },
    face=FaceGeometry("eyes", (35, 62), (120, 62), 16, (63, 175), 70, ("eyes", "mouth")),
    costume=FITS["big-smile"],
    hair=("hair", "head"),
    identity={"accessoriesProbability": 0},
    colours={"hair": "hair", "skin": "skin"},
)

DYLAN = StyleSpec(
    name="dylan",
    looks={
        "neutral": [Look({"mood": ("neutral",)})],
        "angry": [Look({"mood": ("angry",)})],
        "laughing": [Look({"mood": ("superHappy",)})],
        "crying": [Look({"mood": ("sad",)}, ("tears",))],
    },
    face=FaceGeometry("mood", (3.5, 9), (22, 9), 1.6, (13.5, 22), 8, ("mood",)),
    costume=FITS["dylan"],
    identity={"facialHairProbability": 10},
    colours={"hair": "hair", "skin": "light-skin"},
)
