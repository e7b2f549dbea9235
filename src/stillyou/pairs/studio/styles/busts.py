"""Styles that draw a head and shoulders."""

from __future__ import annotations

from stillyou.pairs.studio.costume_fits import FITS
from stillyou.pairs.studio.spec import FaceGeometry, Look, StyleSpec


def numbered(*numbers: int, prefix: str = "variant") -> tuple[str, ...]:
    """Name variants that a definition numbers with two digits."""
    return tuple(f"{prefix}{number:02d}" for number in numbers)


TOON_HEAD = StyleSpec(
    name="toon-head",
    looks={
        "neutral": [Look({"eyes": ("happy",), "eyebrows": ("neutral",), "mouth": ("smile",)})],
        "angry": [Look({"eyes": ("happy", "wide"), "eyebrows": ("angry",), "mouth": ("angry", "sad")})],
        "shocked": [Look({"eyes": ("wide",), "eyebrows": ("raised", "happy"), "mouth": ("agape",)})],
        "laughing": [Look({"eyes": ("bow",), "eyebrows": ("happy", "neutral"), "mouth": ("laugh",)})],
        "crying": [
            Look({"eyes": ("humble", "bow"), "eyebrows": ("sad",), "mouth": ("sad", "angry")}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (62, 36), (198, 36), 30, (131, 145), 55),
    costume=FITS["toon-head"],
    hair=("hair", "rearHair"),
    clothes="clothes",
    colours={"clothes": "clothes", "hair": "hair", "skin": "skin"},
    bust=True,
    swaps={"#4B2422": "iris"},
)  # fmt: skip

MICAH = StyleSpec(
    name="micah",
    looks={
        "neutral": [
            Look({
                "eyes": ("eyes", "round", "eyesShadow"),
                "eyebrows": ("up", "eyelashesUp"),
                "mouth": ("smirk", "smile", "pucker"),
            }),
        ],
        "angry": [Look({"eyes": ("eyes", "round"), "eyebrows": (), "mouth": ("frown", "nervous")}, ("brows",))],
        "shocked": [Look({"eyes": ("round",), "eyebrows": ("up", "eyelashesUp"), "mouth": ("surprised",)})],
        "laughing": [Look({"eyes": ("smiling", "smilingShadow"), "eyebrows": ("up",), "mouth": ("laughing",)})],
        "crying": [
            Look({"eyes": ("smiling", "eyes"), "eyebrows": ("down",), "mouth": ("sad", "frown")}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (50, 46), (118, 32), 10, (99, 104), 28),
    costume=FITS["micah"],
    clothes="clothes",
    identity={"glassesProbability": 15, "facialHairProbability": 15},
    colours={
        "base": "skin", "hair": "hair", "shirt": "clothes", "earring": "accent", "glasses": "accent",
        "facialHair": "hair", "eyeShadow": "accent",
    },
    bust=True,
)  # fmt: skip

PERSONAS = StyleSpec(
    name="personas",
    looks={
        "neutral": [Look({"eyes": ("open",), "mouth": ("smirk", "smile", "lips")})],
        "angry": [Look({"eyes": ("open",), "mouth": ("frown",)}, ("brows",))],
        "shocked": [Look({"eyes": ("open",), "mouth": ("surprise",)})],
        "laughing": [Look({"eyes": ("happy",), "mouth": ("bigSmile",)})],
        "crying": [Look({"eyes": ("sleep", "open"), "mouth": ("frown",)}, ("tears",))],
    },
    face=FaceGeometry("eyes", (4, 4.5), (18, 4.5), 1.7, (12, 17), 4, ("eyes", "mouth")),
    costume=FITS["personas"],
    clothes="clothes",
    colours={"clothing": "clothes", "hair": "hair", "skin": "skin", "facialHair": "hair"},
    bust=True,
)  # fmt: skip

LORELEI = StyleSpec(
    name="lorelei",
    looks={
        "neutral": [
            Look({
                "eyes": numbered(4, 10, 20, 24),
                "eyebrows": numbered(6, 9),
                "mouth": ("happy01", "happy14", "sad09"),
            }),
        ],
        "angry": [
            Look({"eyes": numbered(7, 8), "eyebrows": numbered(13, 11), "mouth": ("sad05", "sad06", "sad04")}),
        ],
        "shocked": [Look({"eyes": numbered(9, 16), "eyebrows": numbered(10, 7), "mouth": ("sad01", "sad02")})],
        "laughing": [
            Look({"eyes": numbered(22, 1), "eyebrows": numbered(6, 9), "mouth": ("happy05", "happy07", "happy16")}),
        ],
        "crying": [
            Look({"eyes": numbered(19, 3), "eyebrows": numbered(12, 10), "mouth": ("sad04", "sad05")}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (85, 55), (275, 50), 35, (195, 235), 70),
    costume=FITS["lorelei"],
    hair=("hair", "hairAccessories"),
    identity={"glassesProbability": 12},
    colours={
        "skin": "light-skin", "hair": "hair", "hairAccessories": "accent", "earrings": "accent", "glasses": "ink",
    },
    bust=True,
)  # fmt: skip
