"""Styles of creatures: a body with a face on it."""

from __future__ import annotations

from stillyou.pairs.teachers.cartoon.costume_fits import FITS
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, StyleSpec, look

CRITTERS = StyleSpec(
    name="critters",
    looks={
        "neutral": [
            look(eyes="round dots bigPupils uneven close sideeye", mouth="line tinySmile smirk catMouth"),
        ],
        "angry": [
            look(eyes="angry", mouth="frown zigzag teeth slant line"),
            look(eyes="angry", mouth="frown zigzag teeth sad"),
            look("brows", eyes="round dots bigPupils", mouth="frown zigzag teeth"),
        ],
        "shocked": [look(eyes="wide round bigPupils", mouth="open ooh")],
        "laughing": [look(eyes="happy squint", mouth="laugh grin")],
        "crying": [
            look("tears", eyes="closedLine bigPupils dots", mouth="frown sad wavy"),
            look("tears", eyes="closedLine squint", mouth="frown sad wavy open"),
        ],
    },
    face=FaceGeometry("eyes", (11.5, 12), (34.5, 12), 6.4, (23.5, 32), 8, ("eyes", "mouth")),
    costume=FITS["critters"],
    identity={"animationVariant": "none"},
    colours={"body": "creature", "accent": "creature", "ink": "ink"},
    hair=("top",),
    bust=True,
)

MOODS = StyleSpec(
    name="moods",
    looks={
        "neutral": [
            look(eyes="pupils bigPupils sparkle small tallPupils uneven lookSide", mouth="line smirk cat smile"),
        ],
        "angry": [
            look(eyes="angry", mouth="frown teeth wavy line"),
            look("brows", eyes="pupils bigPupils tallPupils", mouth="frown teeth wavy"),
        ],
        "shocked": [
            look(eyes="bigPupils small pupils tallPupils", mouth="open gasp"),
            look("raised-brows", eyes="small pupils", mouth="open"),
        ],
        "laughing": [look(eyes="happy squint", mouth="laugh bigSmile smileOpen")],
        "crying": [
            look("tears", eyes="closed bigPupils", mouth="frown wavy"),
            look("tears", eyes="closed squint lookDown", mouth="frown wavy"),
        ],
    },
    face=FaceGeometry("eyes", (12.5, 9.5), (37.5, 9.5), 7, (25, 31.5), 9, ("eyes", "mouth")),
    costume=FITS["moods"],
    identity={"animationVariant": "none"},
    colours={"face": "creature", "ink": "ink"},
    hair=(),
)

CLAY = StyleSpec(
    name="clay",
    looks={
        "neutral": [look(eyes="even dots tiny googly side", mouth="line smirk cat smile")],
        "angry": [look("brows", eyes="even dots big googly", mouth="frown zigzag grin line")],
        "shocked": [
            look(eyes="big pinprick even", mouth="o"),
            look("open-mouth", eyes="big pinprick dots", mouth=()),
            look("raised-brows", "open-mouth", eyes="dots tiny even", mouth=()),
        ],
        "laughing": [look(eyes="happy", mouth="laugh openSmall open toothy")],
        "crying": [look("tears", eyes="dots down even", mouth="wavy pout frown")],
    },
    face=FaceGeometry("eyes", (10.5, 10), (31.5, 10), 5.9, (21, 25), 7, ("eyes", "mouth")),
    costume=FITS["clay"],
    identity={"animationVariant": "none"},
    colours={"body": "creature", "accent": "creature", "ink": "ink"},
    hair=("top",),
)
