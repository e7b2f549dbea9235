"""Which kind of model a base is, told from its small files, and the base itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stillyou.effects.domains import Domain
from stillyou.errors import UsageError, nearest
from stillyou.models.find import shipped_models
from stillyou.models.hub import download, is_hub_id
from stillyou.pairs.teachers.conditioning.base import Base, Family
from stillyou.untrusted.model_folder import components, read_config, read_index

SUITABLE: Final = "Give a folder or hub id of Stable Diffusion 1.x, 2.x or XL in diffusers layout, or 'embedded'."
_SMALL = ("model_index.json", "unet/config.json")
_OTHERS = {
    "transformer": "a diffusion transformer",
    "prior": "a two-stage model",
    "image_encoder": "a model with image conditions already",
}


def find_family(base: str) -> Family:
    """Tell which kind of model a base is; of a hub id two small files are fetched.

    Raises:
        UsageError: No such model, or one of another kind.
        StillYouError: The hub cannot be reached, or a file is damaged.
    """
    folder = shipped_models().get(base) or Path(base)
    if not folder.is_dir():
        if not is_hub_id(base):
            raise UsageError(f"there is no base '{base}'", f"{nearest(base, shipped_models())} {SUITABLE}")
        folder = download(base, _SMALL)
    return family_of(folder)


def family_of(folder: Path) -> Family:
    """Tell which kind of model lies in a folder; raises UsageError if it is none of `Family`."""
    for name in _SMALL:
        if not (folder / name).is_file():
            raise UsageError(f"{folder} is no model in diffusers layout: it has no {name}", SUITABLE)
    parts = components(read_index(folder / "model_index.json"))
    if "adapter" in parts:
        return "embedded"
    for part, kind in _OTHERS.items():
        if part in parts:
            raise UsageError(f"the base {folder} is {kind}, not a text-to-image Stable Diffusion", SUITABLE)
    config = read_config(folder / "unet" / "config.json")
    if config.get("in_channels", 4) != 4:
        raise UsageError(f"the base {folder} is an inpainting or editing model", SUITABLE)
    if "text_encoder_2" in parts:
        if "text_encoder" not in parts:
            raise UsageError(f"the base {folder} is the refiner of Stable Diffusion XL", "Give the base model.")
        return "sdxl"
    return "sd2" if config.get("cross_attention_dim") == 1024 else "sd1"


def load_base(base: str, domain: Domain, device: str = "auto", resolution: int | None = None) -> Base:
    """Load a base.

    Args:
        base: See `DiffusionConfig`.
        domain: What its pictures are to show.
        device: ``auto``, ``cpu``, ``cuda`` ...
        resolution: Side at which it draws; None is its own.

    Raises:
        UsageError: No such model or device, one of another kind, or a side that it cannot draw.
        StillYouError: A damaged folder, or too little memory on the GPU.
    """
    if find_family(base) == "embedded":
        from stillyou.models.load import load_pipeline
        from stillyou.pairs.teachers.diffusion.bases.embedded import EmbeddedBase

        made = EmbeddedBase(load_pipeline(base, device), domain)
        if resolution not in (None, made.side):
            raise UsageError(f"the base '{base}' draws {made.side} px, not {resolution}", "Leave --resolution out.")
        return made
    from stillyou.pairs.teachers.diffusion.bases.stable import load_stable

    return load_stable(base, domain, device, resolution)
