"""Stable Diffusion 1.x, 2.x and XL as bases: diffusers' pipelines hold the networks and encode prompts.

The steps are ours (`sampling`), since no pipeline of diffusers takes all conditions at once. ControlNets and
IP-Adapters that conditions name are loaded when an effect first asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from stillyou.diffusion.autoencoder import to_latents, to_pixels
from stillyou.effects.conditions import Conditions
from stillyou.effects.domains import Domain
from stillyou.errors import StillYouError, UsageError
from stillyou.images.tensors import to_pictures
from stillyou.machine import pick_device, pick_dtype, quiet_libraries
from stillyou.models.fits import check_finite, missing_weights
from stillyou.models.hub import download, is_hub_id
from stillyou.pairs.teachers.conditioning.attention import AttentionState, install
from stillyou.pairs.teachers.conditioning.base import Family
from stillyou.pairs.teachers.conditioning.inputs import Branch, Branches, Inputs
from stillyou.pairs.teachers.diffusion.bases.extras import Extras
from stillyou.pairs.teachers.diffusion.bases.find import SUITABLE, family_of
from stillyou.pairs.teachers.diffusion.bases.room import check_room
from stillyou.untrusted.model_folder import check_model_folder, components, read_index
from stillyou.untrusted.rules import Rules, told

_KINDS = ("json", "txt", "safetensors", "model")
_PARTS = ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")
_UNWANTED = ["*.fp16.safetensors", "*.non_ema.safetensors"]
_NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")
_RULES = Rules("Download or copy the base again.")


class StableBase:
    """A Stable Diffusion as text-to-image model; see `conditioning.base.Base`.

    Args:
        pipeline: A `StableDiffusionPipeline` or `StableDiffusionXLPipeline` on its device.
        family: Which of the two, by version.
        domain: What its pictures are to show.
        side: At which it draws.
        name: For licences and messages.
    """

    def __init__(self, pipeline: Any, family: Family, domain: Domain, side: int, name: str = "base") -> None:
        self.pipeline, self.family, self.domain, self.side = pipeline, family, domain, side
        self.licence = f"see the model card of {name}"
        self.latent_shape = (int(pipeline.unet.config.in_channels), side // 8, side // 8)
        self.scheduler: Any = pipeline.scheduler
        self.attention = AttentionState()
        self.extras = Extras(pipeline)
        install(pipeline.unet, self.attention)

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        device: torch.device = self.pipeline.unet.device
        return device

    def load_for(self, conditions: Conditions) -> None:
        """Load what conditions name: a ControlNet, a depth estimator, an IP-Adapter; see `Extras.load`."""
        if self.extras.load(conditions):
            install(self.pipeline.unet, self.attention)

    @property
    def depth(self) -> Any:
        """The estimator of depth that was loaded last, or None."""
        return self.extras.depth

    @torch.inference_mode()
    def branches(self, prompts: Sequence[str], guidance: float) -> Branches:
        """Return the branches of the empty prompt and of the prompts."""
        texts = self._encode_xl(prompts) if self.family == "sdxl" else self._encode(prompts)
        empty, prompted = texts
        return Branch(empty, 1 - guidance, False), Branch(prompted, guidance, True)

    def _encode(self, prompts: Sequence[str]) -> tuple[Inputs, Inputs]:
        text, empty = self.pipeline.encode_prompt(list(prompts), self.device, 1, True)
        return Inputs(empty), Inputs(text)

    def _encode_xl(self, prompts: Sequence[str]) -> tuple[Inputs, Inputs]:
        text, empty, pooled, pooled_empty = self.pipeline.encode_prompt(
            list(prompts), device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=True
        )
        return Inputs(empty, pooled_empty), Inputs(text, pooled)

    @torch.inference_mode()
    def with_looks(self, branches: Branches, pixels: torch.Tensor, scale: float) -> Branches:
        """Let all branches read image tokens: of black in the empty prompt's, as IP-Adapters are trained."""
        seen = self.extras.look(to_pictures(pixels))
        unseen = self.extras.blank().expand_as(seen)
        self.attention.looks_scale = scale
        return tuple(
            replace(each, inputs=replace(each.inputs, looks=seen if each.prompted else unseen)) for each in branches
        )

    def token_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the prompts' tokens, padded."""
        tokenizer = self.pipeline.tokenizer
        encoded = tokenizer(list(prompts), padding="max_length", truncation=True, max_length=tokenizer.model_max_length)
        ids: list[list[int]] = encoded.input_ids
        return ids

    @torch.inference_mode()
    def predict(self, z: torch.Tensor, t: torch.Tensor, inputs: Inputs) -> torch.Tensor:
        """Call the UNet, with a ControlNet's residuals for the rows that have some."""
        unet = self.pipeline.unet
        x, tokens = z.to(unet.dtype), inputs.tokens.to(unet.dtype)
        added = self._added(inputs, len(z))
        residuals = {} if inputs.control is None else self.extras.residuals(x, t, inputs, added)
        if self.extras.has_adapter:
            added["image_embeds"] = [self._looks(inputs, len(z)).to(unet.dtype)]
        e: torch.Tensor = unet(
            x, t, encoder_hidden_states=tokens, added_cond_kwargs=added or None, return_dict=False, **residuals
        )[0]
        return e.float()

    def _added(self, inputs: Inputs, rows: int) -> dict[str, Any]:
        """Return what XL reads besides: pooled tokens, and sizes as if the picture had been cut from nothing larger."""
        if inputs.pooled is None:
            return {}
        dtype = self.pipeline.unet.dtype
        sizes = torch.tensor([[self.side, self.side, 0, 0, self.side, self.side]], dtype=dtype, device=self.device)
        return {"text_embeds": inputs.pooled.to(dtype), "time_ids": sizes.repeat(rows, 1)}

    def _looks(self, inputs: Inputs, rows: int) -> torch.Tensor:
        """Return the image embeddings of all rows, and tell the attention which of them are seen."""
        looks = inputs.looks
        self.attention.looks = 0 if looks is None else len(looks)
        blank = self.extras.blank()
        if looks is None:
            return blank.expand(rows, *blank.shape[1:])
        return torch.cat([looks, blank.expand(rows - len(looks), *blank.shape[1:])])

    @torch.inference_mode()
    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Encode pixels (of another size if need be, scaled) to the posterior's mean."""
        if pixels.shape[-1] != self.side:
            pixels = functional.interpolate(pixels, (self.side, self.side), mode="bicubic", antialias=True).clamp(-1, 1)
        return to_latents(self.pipeline.vae, pixels)

    @torch.inference_mode()
    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Decode latents; see `to_pixels`."""
        return to_pixels(self.pipeline.vae, z)


def load_stable(base: str, domain: Domain, device: str, resolution: int | None) -> StableBase:
    """Load a Stable Diffusion from a folder or the hub.

    Raises:
        UsageError: No such model or device, or one of another kind.
        StillYouError: Damaged or incomplete, too little memory on the GPU, or the hub cannot be reached.
    """
    chosen = pick_device(device)
    folder = Path(base)
    if not folder.is_dir():
        if not is_hub_id(base):
            raise UsageError(f"there is no base '{base}'", SUITABLE)
        wanted = ["model_index.json", *(f"{part}/*.{kind}" for part in _PARTS for kind in _KINDS)]
        folder = download(base, wanted, without=_UNWANTED)
    family = family_of(folder)
    check_model_folder(folder, _RULES)
    dtype = pick_dtype("auto", chosen) if chosen.type == "cuda" else torch.float32
    check_room(folder, dtype, chosen, resolution)
    pipeline = _load(folder, family, dtype).to(chosen)
    side = resolution or 8 * int(pipeline.unet.config.sample_size)
    return StableBase(pipeline, family, domain, side, base)


def _load(folder: Path, family: Family, dtype: torch.dtype) -> Any:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    quiet_libraries()
    missing = [
        part
        for part in _PARTS
        if part in components(read_index(folder / "model_index.json", _RULES)) and not (folder / part).is_dir()
    ]
    if missing:
        raise StillYouError(f"the base {folder} lacks {', '.join(missing)}", "Download or copy it whole.")
    # XL's autoencoder overflows in fp16, and all of them lose a level of 255 in bf16
    options: dict[str, Any] = {"dtype": {"default": dtype, "vae": torch.float32}}
    options |= {"use_safetensors": True, "local_files_only": True}
    if family != "sdxl":
        options |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    kind = StableDiffusionXLPipeline if family == "sdxl" else StableDiffusionPipeline
    try:
        pipeline = kind.from_pretrained(folder, **options)
        pipeline.set_progress_bar_config(disable=True)
        for name in _NETWORKS:
            network = getattr(pipeline, name, None)
            if network is None:
                continue
            if lacking := missing_weights(folder / name, network):
                raise ValueError(f"{name} lacks {len(lacking)} weights, '{lacking[0]}' first")
            check_finite(name, network.state_dict())
        return pipeline
    except Exception as error:  # configs can be wrong in as many ways as there are keys
        raise StillYouError(
            f"the base {folder} is damaged or incomplete ({told(error, 160)})",
            "Download it again, with safetensors weights.",
        ) from error
