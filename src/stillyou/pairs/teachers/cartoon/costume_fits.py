"""Where costumes sit on the studio's train styles, measured on their bald characters (canvas units)."""

from __future__ import annotations

from stillyou.drafts.vector.costume_fit import CostumeFit

# Each body of clay has its eyes elsewhere; the fit is measured on the pear.
_CLAY_SHIFTS = {
    "boulder": (0.0, 3.0), "loaf": (0.0, 5.0), "column": (0.0, -8.0), "stack": (0.0, -11.0), "gumdrop": (0.0, 1.0),
    "dollop": (0.0, 4.0), "slug": (-3.0, 2.0), "egg": (0.0, -2.0), "blob": (0.0, 2.0), "bell": (0.0, -1.0),
    "cube": (0.0, -2.0), "squat": (0.0, 8.0), "lean": (2.0, 0.0),
}  # fmt: skip

FITS: dict[str, CostumeFit] = {
    "adventurer": CostumeFit(
        head=(368, 262, 205), neck=(368, 600, 280), face=(335, 428, 188, 168), hood=(368, 392, 255, 255),
        frame=(-63, -72, 872), collar=0.40, sag=0.1, ink="#000000", ink_width=9,
    ),
    "toon-head": CostumeFit(
        head=(384, 262, 182), neck=(384, 606, 262), face=(384, 405, 168, 185), hood=(384, 398, 222, 236),
        frame=(-18, -36, 804), ink="#4a3524", ink_width=3,
    ),
    "micah": CostumeFit(
        head=(161, 103, 88), neck=(178, 287, 146), face=(172, 182, 78, 83), hood=(168, 176, 103, 112),
        frame=(-20, -40, 400), tilt=-9, ink="#000000", ink_width=4,
    ),
    "big-ears": CostumeFit(
        head=(220, 226, 104), neck=(220, 392, 155), face=(220, 320, 80, 80), hood=(220, 310, 122, 122),
        frame=(-20, 40, 480), collar=0.40, sag=0.1,
    ),
    "lorelei": CostumeFit(
        head=(486, 298, 245), neck=(478, 800, 330), face=(500, 520, 195, 195), hood=(488, 490, 290, 300),
        frame=(-50, -100, 1080), collar=0.42, sag=0.12, front=True, ink="#000000", ink_width=14,
    ),
    "personas": CostumeFit(
        head=(32, 21.3, 14.6), neck=(32, 49.2, 18.6), face=(32, 33.2, 12.6, 13.4), hood=(32, 32.6, 16.4, 17.2),
        frame=(-1, -2, 66),
    ),
    "big-smile": CostumeFit(
        head=(220, 163, 136), neck=(225, 400, 165), face=(322, 285, 100, 106), hood=(258, 258, 197, 178),
        frame=(-52, -62, 570), collar=0.42, sag=0.1,
    ),
    "critters": CostumeFit(
        head=(50, 33.5, 27.5), neck=(50, 79, 39), face=(50, 57, 26, 21), hood=(50, 54, 38, 35),
        frame=(-6, -12, 112), collar=0.74, sag=0.12, front=True,
    ),
    "moods": CostumeFit(
        head=(50, 23, 32), neck=(50, 85, 44), face=(50, 53, 30, 22), hood=(50, 50, 44, 42),
        frame=(-17, -25, 134), collar=0.45, sag=0.1,
    ),
    "clay": CostumeFit(
        head=(50, 35, 22.5), neck=(50, 76, 32), face=(50, 56, 18, 16), hood=(50, 53, 28, 26),
        frame=(1, -2, 98), collar=0.7, sag=0.12, front=True, hem=93, anchor="body", shifts=_CLAY_SHIFTS,
    ),
    "dylan": CostumeFit(
        head=(40.7, 22.5, 22), neck=(40.7, 64, 28), face=(41, 45.5, 17.5, 18.5), hood=(40.7, 41.5, 28, 30),
        frame=(-8, -13, 99), collar=0.40, sag=0.1,
    ),
}  # fmt: skip
