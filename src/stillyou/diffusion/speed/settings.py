"""What makes editing faster or smaller: settings alone, light enough for the command line (docs/reference/speed.md)."""

from __future__ import annotations

from pydantic import Field, model_validator

from stillyou.config import SchedulerName, Strict
from stillyou.machine import Precision


class SpeedSettings(Strict):
    """How a model runs. The first group changes results by no more than rounding, the second trades quality for time.

    Attributes:
        precision: Of the denoiser; `auto` is bf16 where it is fast, see `stillyou.machine`.
        compile: Compile the UNet with `torch.compile`: a minute once, then fewer and larger GPU kernels.
        offload: Keep only the network that is working on the GPU.
        tile_vae: Encode and decode tile by tile, a picture at a time.
        batch: Pictures of a folder that are edited at a time.

        scheduler: Another sampler than the model's own.
        guidance_share: Share of the steps, from the first, that evaluate all guidance branches; the later ones
            evaluate `full` alone and keep the guidance of the last guided step (`sampling.GuidedPrediction`).
        feature_interval: Every how many steps the UNet's deeper levels are computed; in between, their last features
            are used again (`feature_cache`). 1 computes them always.
    """

    precision: Precision = "auto"
    compile: bool = False
    offload: bool = False
    tile_vae: bool = False
    batch: int = Field(1, ge=1, le=256)
    scheduler: SchedulerName | None = None
    guidance_share: float = Field(1.0, gt=0, le=1)
    feature_interval: int = Field(1, ge=1, le=10)

    @model_validator(mode="after")
    def _exclusive(self) -> SpeedSettings:
        if self.compile and self.offload:
            raise ValueError("compiled networks cannot be moved: choose compile or offload")
        return self
