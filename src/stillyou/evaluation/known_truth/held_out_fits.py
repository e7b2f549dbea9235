"""Where costumes sit on the held-out styles (canvas units); kept apart so that training cannot reach them."""

from __future__ import annotations

from stillyou.drafts.vector.costume_fit import CostumeFit

HELD_OUT_FITS: dict[str, CostumeFit] = {
    "open-peeps": CostumeFit(
        head=(392, 232, 178), neck=(375, 600, 290), face=(465, 402, 115, 130), hood=(410, 372, 215, 232),
        frame=(-28, -56, 760), collar=0.43, sag=0.13, front=True, ink="#000000", ink_width=12,
    ),
    "voxel-art": CostumeFit(
        head=(62, 33, 36), neck=(60, 90, 28), face=(59, 64, 30, 22), hood=(62, 57, 44, 40),
        frame=(-12, -22, 150), collar=0.8, sag=0.08, front=True, hem=114,
    ),
    "notionists": CostumeFit(
        head=(855, 610, 245), neck=(870, 1110, 620), face=(925, 830, 190, 190), hood=(865, 800, 310, 310),
        frame=(160, 150, 1390), collar=0.30, sag=0.11, ink="#000000", ink_width=18,
    ),
    "sprouts": CostumeFit(
        head=(50, 63, 27), neck=(50, 94, 36), face=(50, 80, 22, 13), hood=(50, 79, 33, 26),
        frame=(-5, 5, 110), collar=0.72, sag=0.06, front=True,
    ),
}  # fmt: skip
