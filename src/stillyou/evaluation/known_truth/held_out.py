"""The held-out styles: drawn by the same studio, seen by nothing that trains, tunes or sets thresholds.

They live here, and not with the train styles, because neither `pairs` nor `training` may import `evaluation`.
"""

from __future__ import annotations

from stillyou.evaluation.known_truth.held_out_fits import HELD_OUT_FITS
from stillyou.pairs.teachers.cartoon.spec import FaceGeometry, StyleSpec, look, numbered

OPEN_PEEPS = StyleSpec(
    name="open-peeps",
    looks={
        "neutral": [look(expression="smile serious")],
        "angry": [look(expression="rage veryAngry angryWithFang")],
        "shocked": [look(expression="hectic fear")],
        "laughing": [look(expression="smileBig smileTeethGap")],
        "crying": [look("tears", expression="solemn concerned concernedFear")],
    },
    face=FaceGeometry("expression", (85, 75), (190, 72), 22, (135, 190), 55, ("expression",)),
    costume=HELD_OUT_FITS["open-peeps"],
    identity={"maskProbability": 0, "accessoriesProbability": 0},
    colours={"clothing": "clothes", "headContrast": "hair", "skin": "skin"},
    hair=("head",),
    bust=True,
)

VOXEL_ART = StyleSpec(
    name="voxel-art",
    looks={
        "neutral": [look(eyes="open soft", eyebrows="flat soft", mouth="flat smirk")],
        "angry": [look("brows", eyes="open side", eyebrows=(), mouth="frown grin")],
        "shocked": [look(eyes="wide", eyebrows="raised", mouth="ooh")],
        "laughing": [look(eyes="happy", eyebrows="soft raised", mouth="laugh")],
        "crying": [look("tears", eyes="closed", eyebrows="soft", mouth="frown")],
    },
    face=FaceGeometry("eyes", (13.7, 8), (46.3, 8), 5, (30, 27), 7),
    costume=HELD_OUT_FITS["voxel-art"],
    identity={"glassesProbability": 0, "animationVariant": "none"},
    colours={"skin": "skin", "hair": "hair", "hat": "clothes", "shirt": "clothes", "jacket": "clothes"},
    hair=("top",),
)

NOTIONISTS = StyleSpec(
    name="notionists",
    looks={
        "neutral": [look(eyes=numbered(4, 5), eyebrows=numbered(4, 10, 12), mouth=numbered(13, 21, 22))],
        "angry": [look("brows", eyes=numbered(4, 5), eyebrows=(), mouth=numbered(18, 26))],
        "shocked": [look(eyes=numbered(4), eyebrows=numbered(1, 12), mouth=numbered(15, 29))],
        "laughing": [look(eyes=numbered(3), eyebrows=numbered(1, 12), mouth=numbered(25, 14, 30))],
        "crying": [look("tears", eyes=numbered(3, 5), eyebrows=numbered(6, 13), mouth=numbered(18, 19))],
    },
    face=FaceGeometry("eyes", (60, 30), (250, 30), 34, (113, 217), 60),
    costume=HELD_OUT_FITS["notionists"],
    identity={"glassesProbability": 0, "gestureProbability": 0, "clothesGraphicProbability": 30},
    colours={"paper": "light-skin"},
    clothes="clothes",
    bust=True,
)

SPROUTS = StyleSpec(
    name="sprouts",
    looks={
        "neutral": [look(eyes="round dots bigPupils close", mouth="line tinySmile")],
        "angry": [look(eyes="angry", mouth="frown wavy")],
        "shocked": [look(eyes="wide", mouth="open ooh")],
        "laughing": [look(eyes="happy", mouth="grin")],
        "crying": [look("tears", eyes="closedLine bigPupils", mouth="frown wavy")],
    },
    face=FaceGeometry("eyes", (10, 8.5), (30, 8.5), 5.6, (20, 20), 7, ("eyes", "mouth")),
    costume=HELD_OUT_FITS["sprouts"],
    identity={"animationVariant": "none"},
    colours={"pot": "creature", "plant": "creature", "bloom": "creature", "ink": "ink"},
    hair=("plant",),
)

HELD_OUT_STYLES: tuple[StyleSpec, ...] = (OPEN_PEEPS, VOXEL_ART, NOTIONISTS, SPROUTS)
