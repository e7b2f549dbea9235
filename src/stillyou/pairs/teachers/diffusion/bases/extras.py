"""What conditions add to a Stable Diffusion: a ControlNet, a depth estimator, an IP-Adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stillyou.effects.conditions import AppearanceSettings, Conditions
from stillyou.errors import StillYouError, UsageError
from stillyou.models.hub import download, is_hub_id
from stillyou.pairs.teachers.conditioning.inputs import Inputs
from stillyou.untrusted.model_folder import check_model_folder
from stillyou.untrusted.rules import told

_FILES = ["config.json", "preprocessor_config.json", "*.safetensors"]
_UNWANTED = ["*.fp16.safetensors"]


class Extras:
    """Networks beside the base's own.

    Args:
        pipeline: The base's.

    Attributes:
        depth: The estimator of depth, or None.
    """

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self._control: tuple[str, Any] | None = None
        self._adapter: AppearanceSettings | None = None
        self._estimator: str | None = None
        self._blank: torch.Tensor | None = None
        self.depth: DepthEstimator | None = None

    @property
    def has_adapter(self) -> bool:
        """Whether an IP-Adapter is loaded."""
        return self._adapter is not None

    def load(self, conditions: Conditions) -> bool:
        """Load what conditions name, and tell whether the UNet's attention was changed by it.

        Raises:
            UsageError: No such model, or one that does not go with the base.
            StillYouError: Damaged, or the hub cannot be reached.
        """
        structure, appearance = conditions.structure, conditions.appearance
        if structure is not None:
            if self._control is None or self._control[0] != structure.model:
                self._control = structure.model, self._load_control(structure.model)
            if structure.by == "depth" and self._estimator != structure.depth_model:
                assert structure.depth_model is not None
                self._estimator, self.depth = structure.depth_model, self._load_depth(structure.depth_model)
        if appearance is None or (self._adapter is not None and _same_adapter(self._adapter, appearance)):
            return False
        if self._adapter is not None:
            raise UsageError("two effects name different IP-Adapters", "Make their pairs in two runs.")
        self._load_adapter(appearance)
        self._adapter = appearance
        return True

    def residuals(self, x: torch.Tensor, t: torch.Tensor, inputs: Inputs, added: dict[str, Any]) -> dict[str, Any]:
        """Return what a ControlNet adds to the UNet's layers, 0 for the rows that it does not see."""
        assert inputs.control is not None and self._control is not None
        network, rows = self._control[1], len(inputs.control.pictures)
        down, mid = network(
            x[:rows],
            t,
            encoder_hidden_states=inputs.tokens[:rows].to(x.dtype),
            controlnet_cond=inputs.control.pictures.to(x.dtype),
            conditioning_scale=inputs.control.scale,
            added_cond_kwargs={name: value[:rows] for name, value in added.items()},
            return_dict=False,
        )
        padded = [torch.cat([each, each.new_zeros(len(x) - rows, *each.shape[1:])]) for each in (*down, mid)]
        return {"down_block_additional_residuals": tuple(padded[:-1]), "mid_block_additional_residual": padded[-1]}

    def look(self, pictures: NDArray[np.uint8]) -> torch.Tensor:
        """Return the image embeddings of pictures (B, H, W, 3): (B, 1, w), or their hidden states (B, 1, n, w)."""
        return self._look(self._pipeline.feature_extractor(list(pictures), return_tensors="pt").pixel_values)

    def blank(self) -> torch.Tensor:
        """Return the embedding of rows that see no picture, (1, 1, w) or (1, 1, n, w), as IP-Adapters are trained."""
        if self._blank is None:
            side = self._pipeline.image_encoder.config.image_size
            seen = self._look(torch.zeros(1, 3, side, side))
            self._blank = torch.zeros_like(seen) if _is_plain(self._pipeline.unet) else seen
        return self._blank

    @torch.inference_mode()
    def _look(self, pixels: torch.Tensor) -> torch.Tensor:
        encoder, plain = self._pipeline.image_encoder, _is_plain(self._pipeline.unet)
        said = encoder(pixels.to(encoder.device, encoder.dtype), output_hidden_states=not plain)
        embeds: torch.Tensor = said.image_embeds if plain else said.hidden_states[-2]
        return embeds[:, None]

    def _load_control(self, name: str) -> Any:
        from diffusers import ControlNetModel

        folder = _found(name, _FILES, "ControlNet")
        network = _loaded(ControlNetModel, folder, name, torch_dtype=self._pipeline.unet.dtype)
        own, width = self._pipeline.unet.config, network.config.cross_attention_dim
        if width != own.cross_attention_dim or network.config.block_out_channels != own.block_out_channels:
            raise UsageError(f"the ControlNet '{name}' was made for another kind of base", "Name one for this base.")
        return network.to(self._pipeline.unet.device).eval()

    def _load_depth(self, name: str) -> DepthEstimator:
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation

        folder = _found(name, _FILES, "depth estimator")
        network = _loaded(AutoModelForDepthEstimation, folder, name)
        processor = _loaded(AutoImageProcessor, folder, name)
        return DepthEstimator(network.to(self._pipeline.unet.device).eval(), processor)

    def _load_adapter(self, settings: AppearanceSettings) -> None:
        """Load an IP-Adapter into the UNet, whose attention must be diffusers' own meanwhile."""
        from diffusers.models.attention_processor import AttnProcessor2_0

        assert settings.model is not None
        if not settings.weights.endswith(".safetensors"):
            raise UsageError(f"'{settings.weights}' is no safetensors file", "Name the IP-Adapter's safetensors.")
        below = f"{settings.subfolder}/" if settings.subfolder else ""
        files = [f"{below}{settings.weights}", f"{below}image_encoder/*.json", f"{below}image_encoder/*.safetensors"]
        folder = _found(settings.model, files, "IP-Adapter")
        pipeline = self._pipeline
        pipeline.unet.set_attn_processor(AttnProcessor2_0())
        try:
            pipeline.load_ip_adapter(
                str(folder), settings.subfolder, settings.weights, local_files_only=True, low_cpu_mem_usage=False
            )
        except Exception as error:  # the library's own classes differ with what is wrong
            raise StillYouError(
                f"the IP-Adapter '{settings.model}' cannot be used with this base ({told(error, 160)})",
                "Check subfolder and weights: each kind of base has files of its own.",
            ) from error
        pipeline.image_encoder.to(pipeline.unet.device).eval()


class DepthEstimator:
    """Tells depth, near being 1.

    Args:
        network: Of transformers, for depth estimation.
        processor: Its image processor.
    """

    def __init__(self, network: Any, processor: Any) -> None:
        self._network, self._processor = network, processor

    @torch.inference_mode()
    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the depth (B, H, W) in [0, 1] of pictures (B, H, W, 3), each stretched to its own range."""
        pixels = self._processor(images=list(pictures), return_tensors="pt").pixel_values.to(self._network.device)
        depth = self._network(pixels).predicted_depth.float()[:, None]
        depth = functional.interpolate(depth, pictures.shape[1:3], mode="bicubic", align_corners=False)[:, 0]
        low, high = depth.amin((1, 2), keepdim=True), depth.amax((1, 2), keepdim=True)
        stretched: NDArray[np.float32] = ((depth - low) / (high - low).clamp(min=1e-6)).cpu().numpy()
        return stretched


def _is_plain(unet: Any) -> bool:
    """Tell whether an IP-Adapter reads the one embedding of a picture rather than its hidden states."""
    from diffusers.models.embeddings import ImageProjection

    return isinstance(unet.encoder_hid_proj.image_projection_layers[0], ImageProjection)


def _same_adapter(one: AppearanceSettings, other: AppearanceSettings) -> bool:
    return (one.model, one.subfolder, one.weights) == (other.model, other.subfolder, other.weights)


def _found(name: str, files: list[str], what: str) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        if not is_hub_id(name):
            raise UsageError(f"there is no {what} '{name}'", "Name a folder, or a hub id OWNER/NAME.")
        folder = download(name, files, without=_UNWANTED)
    check_model_folder(folder)
    return folder


def _loaded(kind: Any, folder: Path, name: str, **options: Any) -> Any:
    try:
        weights = {} if "Processor" in kind.__name__ else {"use_safetensors": True}
        return kind.from_pretrained(folder, local_files_only=True, **weights, **options)
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        raise StillYouError(
            f"'{name}' is damaged or no {kind.__name__} ({told(error, 160)})", "Download it again, or name another."
        ) from error
