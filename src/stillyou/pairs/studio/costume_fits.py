"""Where costumes sit on the studio's train styles, measured on their bald characters (canvas units)."""

from __future__ import annotations

from stillyou.pairs.studio.fit import CostumeFit

FITS: dict[str, CostumeFit] = {
    "adventurer": CostumeFit(
        head=(368, 262, 205), neck=(368, 600, 265), face=(335, 428, 188, 168), hood=(368, 392, 285, 282),
        frame=(-57, -50, 850), collar=0.42, sag=0.1, ink="#000000", ink_width=9,
    ),
    "toon-head": CostumeFit(
        head=(384, 262, 182), neck=(384, 606, 262), face=(384, 405, 168, 185), hood=(384, 398, 222, 236),
        frame=(-15, -30, 798), ink="#4a3524", ink_width=3,
    ),
    "micah": CostumeFit(
        head=(161, 103, 88), neck=(178, 287, 146), face=(172, 182, 78, 83), hood=(168, 176, 103, 112),
        frame=(-12, -30, 390), tilt=-9, ink="#000000", ink_width=4,
    ),
    "big-ears": CostumeFit(
        head=(220, 226, 98), neck=(220, 392, 135), face=(220, 320, 80, 80), hood=(220, 310, 122, 122),
        frame=(-20, 40, 480), collar=0.42, sag=0.1,
    ),
    "lorelei": CostumeFit(
        head=(486, 298, 245), neck=(478, 800, 330), face=(500, 520, 195, 195), hood=(488, 490, 290, 300),
        frame=(-35, -70, 1050), collar=0.42, sag=0.12, front=True, ink="#000000", ink_width=14,
    ),
    "personas": CostumeFit(
        head=(32, 21.3, 14.6), neck=(32, 49.2, 18.6), face=(32, 33.2, 12.6, 13.4), hood=(32, 32.6, 16.4, 17.2),
        frame=(0, 0, 64),
    ),
    "big-smile": CostumeFit(
        head=(220, 163, 136), neck=(225, 400, 160), face=(325, 285, 103, 108), hood=(245, 258, 205, 190),
        frame=(-40, -50, 560), collar=0.42, sag=0.1,
    ),
    "critters": CostumeFit(
        head=(50, 32, 27), neck=(50, 79, 39), face=(50, 57, 26, 21), hood=(50, 54, 38, 35),
        frame=(-6, -12, 112), collar=0.74, sag=0.12, front=True,
    ),
    "moods": CostumeFit(
        head=(50, 22, 29), neck=(50, 86, 40), face=(50, 53, 30, 22), hood=(50, 50, 45, 43),
        frame=(-20, -23, 140), collar=0.45, sag=0.1,
    ),
    "clay": CostumeFit(
        head=(50, 30, 20), neck=(50, 76, 29), face=(50, 54, 18, 15), hood=(50, 51, 28, 26),
        frame=(-2, -4, 104), collar=0.7, sag=0.12, front=True, hem=93,
    ),
    "dylan": CostumeFit(
        head=(40.7, 22.5, 22), neck=(40.7, 64, 27), face=(41, 45.5, 17.5, 18.5), hood=(40.7, 41.5, 28, 30),
        frame=(-8, -12, 98), collar=0.42, sag=0.1,
    ),
}  # fmt: skip
