"""The editors of the claim: the whole method, and the same with one part left out.

Each is trained from the same random weights, on the same pairs, for as many steps. What a part gives is the difference
that leaving it out makes; `absent` says how an edit goes without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stillyou.training.config import BranchShares, EditWeights

Absent = Literal["", "image", "source"]


@dataclass(frozen=True)
class Variant:
    """One editor.

    Attributes:
        part: What it lacks, in words.
        branches: How often each branch is trained; None keeps the method's.
        reconstruction: Share of reconstruction samples; None keeps the method's.
        weighted: Whether the loss is weighted by edits.
        curated: Whether it learns from curated pairs or from all of them.
        released_nulls: Whether absent conditions are trained as in the released code.
        absent: A condition that it has never seen, to be left out of its edits.
    """

    part: str
    branches: BranchShares | None = None
    reconstruction: float | None = None
    weighted: bool = True
    curated: bool = True
    released_nulls: bool = False
    absent: Absent = ""

    @property
    def edit_weights(self) -> EditWeights:
        """The weights of the loss."""
        return EditWeights() if self.weighted else EditWeights(expression=0, costume=0, other=0)


_NO_IMAGE = BranchShares(none=0.08, text=0.08, image=0, image_source=0, full=0, source=0.16, source_text=0.68)
_NO_SOURCE = BranchShares(none=0.08, text=0.08, image=0.16, image_source=0, full=0, image_text=0.68)
_RELEASED = BranchShares(none=0.05, text=0, image=0, image_source=0.05, full=0.8, source_text=0.05, image_text=0.05)
"""As released: 5% without each condition and 5% without all; the branch `image` of guidance is never trained."""
_IP2P = BranchShares(none=0.05, text=0.05, image=0, image_source=0, full=0, source=0.05, source_text=0.85)

VARIANTS: Mapping[str, Variant] = {
    "editor": Variant("nothing: the whole method"),
    "no-curation": Variant("curation: it learns from refused pairs too", curated=False),
    "no-image-tokens": Variant("image tokens", branches=_NO_IMAGE, absent="image"),
    "no-source-latents": Variant("source latents on the UNet's input", branches=_NO_SOURCE, absent="source"),
    "released-nulls": Variant(
        "consistent null conditions: dropped as in the released code", branches=_RELEASED, released_nulls=True
    ),
    "no-reconstruction": Variant("reconstruction samples", reconstruction=0.0),
    "no-edit-weights": Variant("the edit-weighted loss", weighted=False),
    "ip2p": Variant("everything that InstructPix2Pix lacks", branches=_IP2P, reconstruction=0.0, weighted=False),
}
IP2P, PIX2PIX = "ip2p", "pix2pix"
"""Baselines that are trained on the same pairs."""
