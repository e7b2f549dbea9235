"""The released equations once more, in a straight line: raw networks, a row at a time, nothing of stillyou.

It reads the released files and the base itself, so that it also checks what the importer makes of them. Rows are built
as the release builds them, by concatenating and repeating whole batches.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel, UniPCMultistepScheduler
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModel

try:
    from transformers import CLIPImageProcessorPil
except ImportError:  # older versions have it under the plain name
    from transformers import CLIPImageProcessor as CLIPImageProcessorPil


def _bare(state):
    return {name.removeprefix("module."): tensor.float() for name, tensor in state.items()}


class Reference:
    def __init__(self, base: Path, clip: Path, released: Path) -> None:
        self.vae = AutoencoderKL.from_pretrained(base / "vae")
        self.text_encoder = CLIPTextModel.from_pretrained(base / "text_encoder", dtype=torch.float32)
        self.tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
        self.clip = CLIPVisionModel.from_pretrained(clip, dtype=torch.float32)
        side = self.clip.config.image_size
        self.processor = CLIPImageProcessorPil(
            size={"shortest_edge": side}, crop_size={"height": side, "width": side}, resample=Image.Resampling.BICUBIC
        )
        config = UNet2DConditionModel.load_config(base / "unet")
        self.unet = UNet2DConditionModel.from_config({**config, "in_channels": 8})
        self.unet.load_state_dict(_bare(torch.load(released / "unet.pth", weights_only=True)))
        self.adapter = _bare(torch.load(released / "adapter.pth", weights_only=True))
        self.schedule = {**UniPCMultistepScheduler.load_config(base / "scheduler"), "steps_offset": 1}
        for network in (self.vae, self.text_encoder, self.clip, self.unet):
            network.eval().requires_grad_(False)

    def scheduler(self):
        return UniPCMultistepScheduler.from_config(self.schedule)

    def text(self, prompt):
        ids = self.tokenizer(
            prompt, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).input_ids
        return self.text_encoder(ids)[0]

    def vae_sample(self, pixels, noise):
        moments = self.vae.quant_conv(self.vae.encoder(pixels))
        mean, logvar = moments.chunk(2, dim=1)
        return (mean + torch.exp(0.5 * logvar.clamp(-30, 20)) * noise) * 0.18215

    def adapt(self, hidden, latents):
        pooled = latents.unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(-1, -2)).flatten(2)
        mapped = pooled @ self.adapter["vae2clip.weight"].T + self.adapter["vae2clip.bias"]
        both = torch.cat([hidden, mapped], dim=1)
        return self.adapter["linear1.weight"] @ both + self.adapter["linear1.bias"][:, None]

    def hidden(self, picture):
        return self.clip(self.processor(images=picture, return_tensors="pt").pixel_values)[0]

    def encode_image(self, square, noise_source, noise_black):
        """Return embeddings of (black, source) and the source latents."""
        x = (torch.tensor(square.transpose(2, 0, 1))[None].float() / 255.0 - 0.5) / 0.5
        black = np.zeros_like(square)
        z_s = self.vae_sample(x, noise_source)
        z_black = self.vae_sample(torch.full_like(x, -1.0), noise_black)
        return self.adapt(self.hidden(black), z_black), self.adapt(self.hidden(square), z_s), z_s

    def rows(self, noisy, t, sources, tokens):
        """Run the UNet a row at a time."""
        return torch.cat(
            [
                self.unet(torch.cat([noisy[r : r + 1], sources[r : r + 1]], 1), t, tokens[r : r + 1]).sample
                for r in range(len(tokens))
            ]
        )

    def sample(self, square, prompt, noises, latents, s1, s2, s3, steps, mask=None, rec_latents=None):
        """The release's `__call__`; returns the latents after every step."""
        none, image, z = self.encode_image(square, *noises)
        guided = s1 > 1 or s2 > 1
        prompt_embeds, empty = self.text(prompt), self.text("")
        sources, embeddings = z, image
        if guided:
            embeddings = torch.cat([none, image, image, image])
            prompt_embeds = torch.cat([empty, prompt_embeds, empty, empty])
            sources = torch.cat([torch.zeros_like(z), z, torch.zeros_like(z), z])
        tokens = torch.cat([prompt_embeds, embeddings], dim=1)
        scheduler, kept = self.scheduler(), []
        scheduler.set_timesteps(steps)
        for i, t in enumerate(scheduler.timesteps):
            pred = self.rows(torch.cat([latents] * len(tokens)), t, sources, tokens)
            if guided:
                uncond, everything, img, img_concat = pred.chunk(4)
                pred = uncond + s1 * (img - uncond) + s2 * (img_concat - img) + s3 * (everything - img_concat)
            latents = scheduler.step(pred, t, latents).prev_sample
            if mask is not None:
                latents = latents * mask + rec_latents[i : i + 1] * (1 - mask)
            kept.append(latents)
        return torch.cat(kept)

    def picture(self, latents):
        image = self.vae.decoder(self.vae.post_quant_conv(latents / 0.18215))
        image = (image / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
        return (image[0] * 255).round().astype(np.uint8)

    def mask(self, square, source_prompt, target_prompt, noises, posterior, noise, s1, s2, s3, maps):
        """The release's `generate_mask` with its tiling; returns (1, h, w)."""
        none, image, z = self.encode_image(square, *noises)
        guided = s1 > 1 or s2 > 1 or s3 > 1
        empty = self.text("").repeat(maps, 1, 1)
        source, target = (self.text(prompt).repeat(maps, 1, 1) for prompt in (source_prompt, target_prompt))
        sources, embeddings = z, image
        if guided:
            source = torch.cat([empty, source, empty, empty])
            target = torch.cat([empty, target, empty, empty])
            embeddings = torch.cat([none, image, image, image])
            sources = torch.cat([torch.zeros_like(z), z, torch.zeros_like(z), z])
        scheduler = self.scheduler()
        scheduler.set_timesteps(50)
        t = scheduler.timesteps[50 - int(50 * 0.5)]
        x = (torch.tensor(square.transpose(2, 0, 1))[None].float() / 255.0 - 0.5) / 0.5
        a_t = scheduler.alphas_cumprod[t]
        z_m = torch.cat([self.vae_sample(x, posterior)] * maps)
        noisy = torch.cat([a_t.sqrt() * z_m + (1 - a_t).sqrt() * noise] * (8 if guided else 2))
        sources = sources.repeat(len(noisy) // len(sources), 1, 1, 1)
        embeddings = embeddings.repeat(len(source) // len(embeddings), 1, 1)
        tokens = torch.cat([torch.cat([source, embeddings], 1), torch.cat([target, embeddings], 1)])
        pred = self.rows(noisy, t, sources, tokens)
        if guided:
            u_s, a_s, i_s, c_s, u_t, a_t_, i_t, c_t = pred.chunk(8)
            before = u_s + s1 * (i_s - u_s) + s2 * (c_s - i_s) + s3 * (a_s - c_s)
            after = u_t + s1 * (i_t - u_t) + s2 * (c_t - i_t) + s3 * (a_t_ - c_t)
        else:
            before, after = pred.chunk(2)
        guidance_map = (after - before).abs().reshape(1, maps, *before.shape[-3:]).mean([1, 2])
        ceiling = guidance_map.mean() * 3.0
        return guidance_map.clamp(0, ceiling) / ceiling
