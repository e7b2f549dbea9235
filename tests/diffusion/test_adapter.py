"""The image adapter away from the grid and the width it was made for."""

import pytest
import torch

from stillyou.diffusion.adapter import ImageAdapter


def adapter(**options):
    torch.manual_seed(0)
    return ImageAdapter(latent_channels=4, latent_size=16, image_tokens=5, width=12, **options).eval()


def tokens(count=1, width=12):
    return torch.randn(count, 5, width, generator=torch.Generator().manual_seed(1))


def test_a_latent_of_one_value_gives_the_same_tokens_at_any_size():
    made_for = adapter()(tokens(), torch.full((1, 4, 16, 16), 0.7))
    for size in ((24, 24), (8, 8), (16, 32), (26, 10)):
        torch.testing.assert_close(adapter()(tokens(), torch.full((1, 4, *size), 0.7)), made_for)


def test_a_smooth_latent_gives_nearly_the_same_tokens_at_twice_the_size():
    with torch.no_grad():
        fitted = adapter()
        fitted.linear1.weight.copy_(torch.randn(5, 9, generator=torch.Generator().manual_seed(2)))
        ramp = torch.linspace(-1, 1, 64).repeat(1, 4, 64, 1)
        small, large = (torch.nn.functional.interpolate(ramp, size=(n, n), mode="area") for n in (16, 32))
        at_16, at_32 = fitted(tokens(), small), fitted(tokens(), large)
        flat = fitted(tokens(), torch.zeros_like(small))
    assert (at_32 - at_16).norm() < 0.1 * (at_16 - flat).norm()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_resamples_on_a_cpu(dtype):
    latents = torch.randn(2, 4, 24, 24, generator=torch.Generator().manual_seed(3))
    exact = adapter()(tokens(2), latents)
    half = adapter().to(dtype)(tokens(2).to(dtype), latents.to(dtype))
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), exact, atol=0.05, rtol=0.05)


def test_hidden_states_of_another_width_start_out_unchanged(tmp_path):
    wider = adapter(image_width=8)
    mixed = wider(tokens(width=8), torch.zeros(1, 4, 16, 16))
    assert mixed.shape == (1, 5, 12)
    torch.testing.assert_close(mixed[..., :8], tokens(width=8))
    torch.testing.assert_close(mixed[..., 8:], torch.zeros(1, 5, 4))
    wider.save_pretrained(tmp_path)
    assert ImageAdapter.from_pretrained(tmp_path).image2text.weight.shape == (12, 8)


def test_the_released_layout_has_no_further_weights():
    shapes = {name: tuple(tensor.shape) for name, tensor in ImageAdapter().state_dict().items()}
    assert shapes == {
        "vae2clip.weight": (768, 1024),
        "vae2clip.bias": (768,),
        "linear1.weight": (50, 54),
        "linear1.bias": (50,),
    }
