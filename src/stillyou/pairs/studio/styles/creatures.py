"""Styles of creatures: a body with a face on it."""

from __future__ import annotations

from stillyou.pairs.studio.costume_fits import FITS
from stillyou.pairs.studio.spec import FaceGeometry, Look, StyleSpec

CRITTERS = StyleSpec(
    name="critters",
    looks={
        "neutral": [Look({"eyes": ("round", "dots", "bigPupils", "uneven"), "mouth": ("line", "tinySmile")})],
        "angry": [Look({"eyes": ("angry",), "mouth": ("frown", "zigzag", "teeth", "slant")})],
        "shocked": [Look({"eyes": ("wide",), "mouth": ("open", "ooh")})],
        "laughing": [Look({"eyes": ("happy", "squint"), "mouth": ("laugh", "grin")})],
        "crying": [
            Look({"eyes": ("closedLine", "sleepy", "bigPupils"), "mouth": ("frown", "sad", "wavy")}, ("tears",)),
        ],
    },
    face=FaceGeometry("eyes", (11.5, 12), (34.5, 12), 6.4, (23.5, 32), 8, ("eyes", "mouth")),
    costume=FITS["critters"],
    hair=("top",),
    identity={"animationVariant": "none"},
    colours={"body": "creature", "accent": "creature", "ink": "ink"},
    bust=True,
)

MOODS = StyleSpec(
    name="moods",
    looks={
        "neutral": [Look({"eyes": ("pupils", "bigPupils", "small", "tallPupils"), "mouth": ("line", "smirk")})],
        "angry": [Look({"eyes": ("angry",), "mouth": ("frown", "teeth", "wavy")})],
        "shocked": [Look({"eyes": ("bigPupils", "small"), "mouth": ("open", "gasp")})],
        "laughing": [Look({"eyes": ("happy", "squint"), "mouth": ("laugh", "bigSmile")})],
        "crying": [Look({"eyes": ("closed", "bigPupils"), "mouth": ("frown", "wavy")}, ("tears",))],
    },
    face=FaceGeometry("eyes", (12.5, 9.5), (37.5, 9.5), 7, (25, 31.5), 9, ("eyes", "mouth")),
    costume=FITS["moods"],
    hair=(),
    identity={"animationVariant": "none"},
    colours={"face": "creature", "ink": "ink"},
)

CLAY = StyleSpec(
    name="clay",
    looks={
        "neutral": [Look({"eyes": ("even", "dots", "tiny"), "mouth": ("line",)})],
        "angry": [Look({"eyes": ("even", "dots"), "mouth": ("frown", "zigzag")}, ("brows",))],
        "shocked": [Look({"eyes": ("big", "pinprick"), "mouth": ("open", "o")})],
        "laughing": [Look({"eyes": ("happy",), "mouth": ("laugh", "openSmall")})],
        "crying": [Look({"eyes": ("dots", "down"), "mouth": ("wavy", "pout")}, ("tears",))],
    },
    face=FaceGeometry("eyes", (10.5, 10), (31.5, 10), 5.9, (21, 25), 7, ("eyes", "mouth")),
    costume=FITS["clay"],
    hair=("top",),
    identity={"animationVariant": "none"},
    colours={"body": "creature", "accent": "creature", "ink": "ink"},
)
