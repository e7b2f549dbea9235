from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from stillyou.config import GuidanceScales
from stillyou.diffusion.guidance import blend_prompts, guide

finite = st.floats(-10, 10)
scale = st.floats(0, 10)


def test_guidance_by_hand():
    branches = [torch.full((1, 1, 1, 1), value) for value in (1.0, 2.0, 4.0, 8.0)]
    # 1 + 3·(2−1) + 2·(4−2) + 4·(8−4) = 24
    assert guide(*branches, GuidanceScales(image=3, source=2, text=4)).item() == 24.0


def test_unit_scales_give_the_full_branch():
    branches = [torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(i)) for i in range(4)]
    torch.testing.assert_close(guide(*branches, GuidanceScales(image=1, source=1, text=1)), branches[3])


@given(finite, finite, finite, finite, scale, scale, scale)
def test_guidance_equals_its_regrouped_form(none, image, source, full, g_image, g_source, g_text):
    """Independent form: collect the weight of each branch instead of summing differences."""
    expected = none * (1 - g_image) + image * (g_image - g_source) + source * (g_source - g_text) + full * g_text
    got = guide(
        *(torch.tensor(v, dtype=torch.float64) for v in (none, image, source, full)),
        GuidanceScales(image=g_image, source=g_source, text=g_text),
    )
    assert abs(got.item() - expected) < 1e-9


def test_mixing_full_predictions_equals_mixing_guided_ones():
    """The paper mixes guided predictions with the mask; the shared terms cancel."""
    draw = torch.Generator().manual_seed(0)
    none, image, source, target, plain = torch.randn(5, 2, 3, 4, 4, generator=draw, dtype=torch.float64)
    mask = torch.rand(2, 1, 4, 4, generator=draw, dtype=torch.float64)
    scales = GuidanceScales(image=1.2, source=1.7, text=3.3)
    guided = mask * guide(none, image, source, target, scales) + (1 - mask) * guide(none, image, source, plain, scales)
    torch.testing.assert_close(guide(none, image, source, blend_prompts(target, plain, mask), scales), guided)
