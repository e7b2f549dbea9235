from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from stillyou.diffusion.conditions import Branch, NullTokens, apply_branches, presence, vision_pixels

# docs/reference/model.md: which of (source latents, image tokens, text tokens) each branch sees.
EXPECTED = {
    Branch.NONE: [False, False, False],
    Branch.IMAGE: [False, True, False],
    Branch.IMAGE_SOURCE: [True, True, False],
    Branch.FULL: [True, True, True],
    Branch.TEXT: [False, False, True],
    Branch.SOURCE: [True, False, False],
    Branch.SOURCE_TEXT: [True, False, True],
    Branch.IMAGE_TEXT: [False, True, True],
}


def test_presence_table():
    for branch, expected in EXPECTED.items():
        assert presence([branch]).tolist() == [expected]


def test_every_branch_replaces_exactly_what_it_lacks():
    order = list(Branch)
    assert set(order) == set(EXPECTED)
    n = len(order)
    source = torch.ones(n, 2, 4, 4)
    nulls = NullTokens(image=torch.full((1, 3, 8), -1.0), text=torch.full((1, 6, 8), -2.0))
    conditions = apply_branches(source, torch.ones(n, 3, 8), torch.full((n, 6, 8), 2.0), torch.tensor(order), nulls)
    assert conditions.tokens.shape == (n, 9, 8)
    for row, branch in enumerate(order):
        has_source, has_image, has_text = EXPECTED[branch]
        assert torch.all(conditions.source[row] == (1.0 if has_source else 0.0))
        assert torch.all(conditions.tokens[row, :6] == (2.0 if has_text else -2.0))  # text tokens come first
        assert torch.all(conditions.tokens[row, 6:] == (1.0 if has_image else -1.0))


def test_vision_pixels_match_clip_preprocessing():
    """Reference: Pillow's bicubic resize and CLIP's published statistics."""
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    pixels = np.asarray(Image.fromarray(pixels).resize((48, 48)).resize((96, 96)))  # no hard noise
    resized = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC), np.float32) / 255
    expected = (resized - [0.48145466, 0.4578275, 0.40821073]) / [0.26862954, 0.26130258, 0.27577711]
    tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    got = vision_pixels(tensor, 32)[0].permute(1, 2, 0).numpy()
    assert np.abs(got - expected).max() < 0.03  # 8-bit rounding of the reference, over a deviation of 0.26
