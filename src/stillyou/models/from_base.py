"""A text-to-image Stable Diffusion becomes a multi-conditioned model before its first training step.

    conv_in   (O, 4, 3, 3) -> (O, 8, 3, 3): W' = [W, 0], so that the source's channels change nothing at the start
    adapter   fresh: token mixing starts as eye(N, N + C), that is, CLIP's tokens unchanged

Autoencoder, text encoder, tokenizer and noise schedule are the base's; CLIP's image encoder comes from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel, UniPCMultistepScheduler
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, CLIPVisionConfig, CLIPVisionModel

from stillyou.diffusion.adapter import ImageAdapter
from stillyou.diffusion.card import ModelCard
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.draws import stable_seed
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import quiet_libraries
from stillyou.models.hub import download, is_hub_id
from stillyou.untrusted.model_folder import check_model_folder, components, read_config, read_index
from stillyou.untrusted.rules import Rules, told

_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
_FILES = [f"{part}/*.{kind}" for part in _PARTS for kind in ("json", "txt", "safetensors", "model")]
_PLAIN: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
_UNWANTED = ["*.fp16.safetensors", "*.non_ema.safetensors"]
_RULES = Rules("Download or copy the base again.")
IMAGE_ENCODER = "openai/clip-vit-base-patch32"
"""The released models' image encoder; for Stable Diffusion 2.x the adapter maps its width to the text's."""
_PARTS_OF_OTHERS = {
    "text_encoder_2": "a Stable Diffusion XL model",
    "transformer": "a diffusion transformer",
    "prior": "a two-stage model",
    "image_encoder": "a model with image conditions already",
}


def find_base(base: str) -> Path:
    """Return the folder of a text-to-image base, given by folder or hub id (downloaded: safetensors and texts only).

    Raises:
        UsageError: No such folder, or a model of another kind.
        StillYouError: The hub cannot be reached, or the folder is incomplete.
    """
    folder = Path(base)
    if not folder.is_dir():
        if not is_hub_id(base):
            raise UsageError(f"there is no base '{base}'", "Name a folder in diffusers layout, or a hub id OWNER/NAME.")
        folder = download(base, ["model_index.json", *_FILES], without=_UNWANTED)
    check_base(folder)
    return folder


def check_base(folder: Path) -> None:
    """Refuse what is no plain text-to-image Stable Diffusion 1.x or 2.x.

    Raises:
        UsageError: Another kind of model; the message says which.
        StillYouError: A part of the folder is missing.
    """
    index = _read_json(folder / "model_index.json")
    for part, kind in _PARTS_OF_OTHERS.items():
        if part in components(index):
            raise UsageError(
                f"{folder} is {kind}, not a text-to-image Stable Diffusion 1.x or 2.x",
                "A model that was trained by stillyou goes on with --init.",
            )
    channels = base_config(folder, "unet").get("in_channels", 4)
    if channels != 4:
        raise UsageError(
            f"the base {folder} takes {channels} channels (an inpainting or editing model), not 4",
            "Name the text-to-image model it was made from.",
        )
    missing = [part for part in _PARTS if not (folder / part).is_dir()]
    if missing:
        raise StillYouError(f"the base {folder} lacks {', '.join(missing)}", "Download or copy it whole.")
    predicts = _read_json(folder / "scheduler" / "scheduler_config.json").get("prediction_type", "epsilon")
    if predicts not in ("epsilon", "v_prediction"):
        raise UsageError(
            f"the base {folder} predicts '{predicts}', neither noise nor velocity",
            "Name one whose scheduler says epsilon or v_prediction.",
        )


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UsageError(
            f"{path.parent} has no {path.name}", "Name a folder in diffusers layout, with model_index.json."
        )
    return read_index(path, _RULES) if path.name == "model_index.json" else read_config(path, _RULES)


def base_config(folder: Path, part: str) -> dict[str, Any]:
    """Return the configuration of a part of a base, without its weights."""
    return _read_json(folder / part / "config.json")


def find_image_encoder(name: str, fetch: Callable[[str], Path] | None = None) -> Path:
    """Return the folder of a CLIP image encoder or of a whole CLIP, given by folder or hub id.

    Args:
        name: Folder or hub id.
        fetch: Downloads what is needed of a repository; safetensors and texts unless the caller knows better.

    Raises:
        UsageError: No such folder, or another kind of model.
        StillYouError: The hub cannot be reached.
    """
    folder = Path(name)
    if not folder.is_dir():
        if not is_hub_id(name):
            raise UsageError(f"there is no image encoder '{name}'", "Name a folder, or a hub id OWNER/NAME.")
        folder = fetch(name) if fetch else download(name, ["*.json", "*.safetensors"], without=_UNWANTED)
    config = folder / "config.json"
    if not config.is_file() or _read_json(config).get("model_type") not in ("clip", "clip_vision_model"):
        raise UsageError(f"{name} is no CLIP image encoder", "Name another with --image-encoder.")
    return folder


def load_base(
    base: str, image_encoder: str = IMAGE_ENCODER, *, resolution: int | None = None, seed: int = 0
) -> MultiConditionedPipeline:
    """Build a multi-conditioned pipeline from a text-to-image base, in fp32 on the CPU.

    Args:
        base: Folder or hub id, see `find_base`.
        image_encoder: CLIP, see `find_image_encoder`.
        resolution: Side of the pictures; None takes the base's own. The adapter's latent grid follows from it.
        seed: Of the adapter's fresh weights.

    Raises:
        UsageError: No such base or image encoder, or a base of another kind.
        StillYouError: Damaged or incomplete, or the hub cannot be reached.
    """
    folder = find_base(base)
    quiet_libraries()
    parts, encoder = _load_parts(folder), _load_image_encoder(find_image_encoder(image_encoder))
    unet = parts["unet"]
    widen_conv_in(unet)
    side = resolution or 8 * int(unet.config.sample_size)
    pipeline = MultiConditionedPipeline(
        **parts, image_encoder=encoder, adapter=fresh_adapter(unet.config, encoder.config, side // 8, seed)
    )
    pipeline.card = ModelCard(resolution=side)
    return pipeline


def _load_parts(folder: Path) -> dict[str, Any]:
    check_model_folder(folder, _RULES)
    try:
        return {
            "unet": whole(*UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32, **_PLAIN)),
            "vae": whole(*AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32, **_PLAIN)),
            "text_encoder": whole(
                *CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32, **_PLAIN)
            ),
            "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            "scheduler": UniPCMultistepScheduler.from_config(
                UniPCMultistepScheduler.load_config(folder / "scheduler", local_files_only=True)
            ),
        }
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        raise StillYouError(
            f"the base {folder} is damaged or incomplete ({told(error, 160)})",
            "Download it again, with safetensors weights.",
        ) from error


def whole(network: Any, info: Mapping[str, Any]) -> Any:
    """Return a network as loaded, in evaluation mode.

    Args:
        network: From a library's `from_pretrained`.
        info: What that says with `output_loading_info`.

    Raises:
        ValueError: Weights were not in the file (the libraries make those up), or are not finite.
    """
    missing = sorted(key for key in info["missing_keys"] if not key.endswith("position_ids"))
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")
    bad = next((name for name, weights in network.named_parameters() if not bool(weights.isfinite().all())), None)
    if bad is not None:
        raise ValueError(f"'{bad}' holds numbers that are not finite")
    return network.eval()


def _load_image_encoder(folder: Path) -> CLIPVisionModel:
    check_model_folder(folder, _RULES)
    try:
        encoder: CLIPVisionModel = whole(*CLIPVisionModel.from_pretrained(folder, dtype=torch.float32, **_PLAIN))
    except Exception as error:  # as above
        raise StillYouError(
            f"{folder} is no CLIP image encoder with safetensors weights ({told(error, 160)})",
            "Name another with --image-encoder, or download it again.",
        ) from error
    return encoder


def sketch_base(
    base: str, image_encoder: str = IMAGE_ENCODER, *, resolution: int | None = None
) -> tuple[dict[str, Any], int]:
    """Build the networks of `load_base` without weights, on PyTorch's meta device, from the configs alone.

    Returns:
        Networks by name, and the side of the pictures.
    """
    folder, encoder = find_base(base), find_image_encoder(image_encoder)
    unet_config = {**base_config(folder, "unet"), "in_channels": 8}
    side = resolution or 8 * int(unet_config["sample_size"])
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(unet_config)
        vision = CLIPVisionModel(CLIPVisionConfig.from_pretrained(encoder, local_files_only=True))
        text = CLIPTextConfig.from_pretrained(folder / "text_encoder", local_files_only=True)
        networks = {
            "vae": AutoencoderKL.from_config(base_config(folder, "vae")),
            "text_encoder": CLIPTextModel(text),
            "image_encoder": vision,
            "adapter": fresh_adapter(unet.config, vision.config, side // 8, 0),
            "unet": unet,
        }
    return networks, side


def widen_conv_in(unet: UNet2DConditionModel) -> None:
    """Double the input channels of a UNet in place: W' = [W, 0].

    Its answer to (noisy latents, anything) is what it was to the noisy latents.
    """
    old = unet.conv_in
    channels = old.in_channels
    new = nn.Conv2d(2 * channels, old.out_channels, old.kernel_size, old.stride, old.padding).to(old.weight)
    with torch.no_grad():
        new.weight.zero_()
        new.weight[:, :channels] = old.weight
        assert new.bias is not None and old.bias is not None
        new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=2 * channels)


def fresh_adapter(unet: Any, encoder: Any, latent_size: int, seed: int) -> ImageAdapter:
    """Build the adapter in the released layout, with weights that follow from the seed.

    Args:
        unet: Configuration of the UNet.
        encoder: Configuration of the image encoder.
        latent_size: Side of the latents in training.
        seed: Of the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stable_seed(seed, "adapter weights"))
        return ImageAdapter(
            latent_channels=unet.out_channels,
            latent_size=latent_size,
            image_tokens=(encoder.image_size // encoder.patch_size) ** 2 + 1,
            width=unet.cross_attention_dim,
            image_width=encoder.hidden_size,
        )
