"""Costume art for photographs: sprites rendered ahead, warped onto a fit, lit like it (docs/reference/drafts.md).

From art to draft: `sprites` finds the sprite nearest in turn, `warp` moves it onto the square, `hair` hides what sticks
out, `light` makes it belong, `place` puts the draft together.
"""

from stillyou.drafts.people.place import draw_costume

__all__ = ["draw_costume"]
