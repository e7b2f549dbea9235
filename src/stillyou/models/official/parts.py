"""What the release takes from elsewhere: autoencoder, text encoder, tokenizer, scheduler, and CLIP's image encoder.

Only these are fetched and loaded; of the base's UNet the configuration alone is read. Repositories of the time often
have `.bin` weights: safetensors are preferred, and the libraries read `.bin` with `weights_only=True`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UniPCMultistepScheduler
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModel

from stillyou.errors import StillYouError, UsageError
from stillyou.machine import quiet_libraries
from stillyou.models.from_base import check_base, whole
from stillyou.models.hub import download_files, is_hub_id, repository_files
from stillyou.untrusted.rules import told

_WEIGHTS = (
    "diffusion_pytorch_model.safetensors",
    "model.safetensors",
    "diffusion_pytorch_model.bin",
    "pytorch_model.bin",
)
_BASE_PARTS = ("vae", "text_encoder")


def find_base_parts(base: str) -> Path:
    """Return the folder of a Stable Diffusion base; of a hub repository only what the importer needs is fetched.

    Raises:
        UsageError: No such folder, or a model of another kind.
        StillYouError: The hub cannot be reached, or the base is incomplete.
    """
    folder = Path(base)
    if not folder.is_dir():
        if not is_hub_id(base):
            raise UsageError(
                f"there is no base '{base}'", "Name a folder in diffusers layout with --base, or a hub id OWNER/NAME."
            )
        names = repository_files(base)
        folder = download_files(
            base, [*_small_files(names), *(name for part in _BASE_PARTS for name in _weights(names, part))]
        )
    check_base(folder)
    for part in _BASE_PARTS:
        if not any((folder / part / name).is_file() for name in _WEIGHTS):
            raise StillYouError(f"the base {base} has no weights in {part}", "Download or copy it whole.")
    return folder


def fetch_image_encoder(hub_id: str) -> Path:
    """Fetch a CLIP's configuration and its one file of weights."""
    return download_files(hub_id, ["config.json", *_weights(repository_files(hub_id), "")])


def _small_files(names: list[str]) -> list[str]:
    """Return the configurations and the tokenizer's files among a repository's."""
    parts = ("unet/config.json", "vae/config.json", "text_encoder/config.json", "model_index.json")
    return [name for name in names if name in parts or name.startswith(("tokenizer/", "scheduler/"))]


def _weights(names: list[str], part: str) -> list[str]:
    """Return the one file with a part's weights, safetensors first; empty if there is none."""
    wanted = [f"{part}/{name}" if part else name for name in _WEIGHTS]
    return [name for name in wanted if name in names][:1]


def load_autoencoder(folder: Path) -> AutoencoderKL:
    """Load the base's autoencoder in fp32 (its encoder is where fp16 overflows)."""
    with _told(folder / "vae", "autoencoder"):
        return whole(
            *AutoencoderKL.from_pretrained(
                folder / "vae",
                torch_dtype=torch.float32,
                use_safetensors=_has_safetensors(folder / "vae"),
                local_files_only=True,
                output_loading_info=True,
            )
        )


def load_text_encoder(folder: Path) -> CLIPTextModel:
    """Load the base's text encoder: CLIP's of SD 1.x, OpenCLIP's of SD 2.x."""
    with _told(folder / "text_encoder", "text encoder"):
        return whole(*CLIPTextModel.from_pretrained(folder / "text_encoder", **_transformers(folder / "text_encoder")))


def load_image_encoder(folder: Path) -> CLIPVisionModel:
    """Load a CLIP's image encoder; the folder may hold the whole CLIP."""
    with _told(folder, "CLIP image encoder"):
        return whole(*CLIPVisionModel.from_pretrained(folder, **_transformers(folder)))


def image_encoder_config(folder: Path) -> CLIPVisionConfig:
    """Read the sizes of a CLIP's image encoder without its weights."""
    with _told(folder, "CLIP image encoder"):
        return CLIPVisionConfig.from_pretrained(folder, local_files_only=True)


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Load the base's tokenizer."""
    with _told(folder / "tokenizer", "tokenizer"):
        return CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)


def load_scheduler(folder: Path) -> UniPCMultistepScheduler:
    """Make UniPC from the base's noise schedule, as the demo does (its pipeline sets `steps_offset` before that)."""
    with _told(folder / "scheduler", "scheduler"):
        config = UniPCMultistepScheduler.load_config(folder / "scheduler", local_files_only=True)
        return UniPCMultistepScheduler.from_config({**config, "steps_offset": 1})


def _transformers(folder: Path) -> dict[str, Any]:
    return {
        "dtype": torch.float32,
        "use_safetensors": _has_safetensors(folder),
        "local_files_only": True,
        "output_loading_info": True,
    }


def _has_safetensors(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


@contextmanager
def _told(folder: Path, part: str) -> Iterator[None]:
    """Turn what the libraries raise into one line, and keep their own lines and bars away."""
    quiet_libraries()
    try:
        yield
    except StillYouError:
        raise
    except Exception as error:  # files can be wrong in as many ways as there are keys
        raise StillYouError(
            f"the {part} in {folder} cannot be read ({told(error, 160)})", "Download or copy it whole."
        ) from error
