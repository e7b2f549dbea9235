"""Names of the face mesh's points that expressions move. Left and right are the picture's."""

from __future__ import annotations

from typing import Final

UPPER_LIDS: Final = ((246, 161, 160, 159, 158, 157, 173), (466, 388, 387, 386, 385, 384, 398))
LOWER_LIDS: Final = ((7, 163, 144, 145, 153, 154, 155), (249, 390, 373, 374, 380, 381, 382))
"""From the outer to the inner corner, of the left and the right eye."""
EYE_CORNERS: Final = ((33, 133), (263, 362))
"""Outer and inner."""
BROWS: Final = (
    ((46, 53, 52, 65, 55), (70, 63, 105, 66, 107)),
    ((276, 283, 282, 295, 285), (300, 293, 334, 296, 336)),
)
"""Lower and upper edge from the outer to the inner end."""
UPPER_LIP: Final = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
)
LOWER_LIP: Final = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
"""From the outer to the inner edge, each from the left to the right corner: both lips share their ends."""
OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
    *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Clockwise around the face from the middle of the forehead; its 18th is the chin."""
FOREHEAD, CHIN, NOSE_TIP, NOSE_BASE = 10, 152, 4, 2
