"""Official mode against a straight-line implementation of the release (`reference`), in fp32 to 1e-5.

Given are the same weights, initial latents and posterior draws. The latents of a trained model have unit variance;
those of random weights are some ten times as large, so that differences are counted in standard deviations.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stillyou.config import GuidanceScales
from stillyou.diffusion.conditions import EncodedSource, NullTokens
from stillyou.diffusion.official import demo, released
from stillyou.diffusion.official.demo import DemoSettings, edit_as_released, make_draws, squash
from stillyou.diffusion.official.mask import ReleasedMask, released_mask
from stillyou.diffusion.official.numerics import blend, record, sample_released, stack_branches
from stillyou.effects.spec import Prompts
from stillyou.errors import UsageError
from stillyou.images.tensors import to_pictures

TARGET, SOURCE = "a man, santa claus costume", "a man"
RELEASED = (3, 2, 4)


def run(pipeline, square, *, scales=RELEASED, **options):
    image, source, text = scales
    chosen = GuidanceScales(image=image, source=source, text=text)
    mask = ReleasedMask(options.pop("maps", 10)) if options.pop("with_mask", False) else None
    settings = DemoSettings(chosen, options.pop("steps", 20), mask)
    return edit_as_released(pipeline, square, Prompts(SOURCE, TARGET), settings, **options)


def close(found, wanted):
    """Differences are below 1e-5 of the standard deviation, or of 1 if that is more."""
    assert found.dtype == wanted.dtype == torch.float32
    torch.testing.assert_close(found, wanted, atol=1e-5 * max(1.0, float(wanted.std())), rtol=0)


@pytest.fixture
def decoded(monkeypatch):
    """Collect what official mode decodes: its final latents, before they become pixels."""
    seen, decode = [], demo.decode

    def keep(vae, latents):
        seen.append(latents.clone())
        return decode(vae, latents)

    monkeypatch.setattr(demo, "decode", keep)
    return seen


def pair(noise):
    return noise.source, noise.black


@pytest.mark.parametrize("scales", [RELEASED, (1.5, 1, 2.5), (0.5, 3, 0), (1, 1, 4)])
def test_official_demo_equals_the_straight_line(imported, reference, square, decoded, scales):
    draws = make_draws(imported)
    edit = run(imported, square, scales=scales)
    wanted = reference.sample(square, TARGET, pair(draws.scene), draws.latents, *scales, steps=20)[-1:]
    close(decoded[-1], wanted)
    assert np.abs(edit.pixels.astype(int) - reference.picture(wanted)).max() <= 1  # a level, where rounding turns
    # The release evaluates `full` alone, and ignores s3, unless s1 or s2 is above 1.
    assert edit.evaluations == 20 * (4 if max(scales[:2]) > 1 else 1)
    assert edit.mask is None


@pytest.mark.parametrize("maps", [1, 10])
@pytest.mark.parametrize("scales", [RELEASED, (1, 1, 4), (1, 1, 1)])
def test_official_mask_equals_the_straight_line(imported, reference, square, maps, scales):
    draws = make_draws(imported).mask
    rec = torch.zeros(1, 4, 8, 8)
    edit = run(imported, square, scales=scales, steps=1, with_mask=True, maps=maps, rec_latents=rec)
    wanted = reference.mask(square, SOURCE, TARGET, pair(draws.scene), draws.posterior, draws.noise, *scales, maps=maps)
    close(torch.from_numpy(edit.mask)[None], wanted)
    assert wanted.std() > 0.05  # it is a map, not a constant
    assert edit.evaluations == (4 if max(scales[:2]) > 1 else 1) + maps * (8 if max(scales) > 1 else 2)


@pytest.mark.parametrize("maps", [1, 10])
def test_official_latent_blending_equals_the_straight_line(imported, reference, square, decoded, maps):
    draws = make_draws(imported)
    rec = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(8))
    edit = run(imported, square, steps=6, with_mask=True, maps=maps, rec_latents=rec)
    mask = torch.from_numpy(edit.mask)[None]  # compared above
    wanted = reference.sample(
        square, TARGET, pair(draws.scene), draws.latents, *RELEASED, steps=6, mask=mask, rec_latents=rec
    )
    close(decoded[-1], wanted[-1:])
    assert np.abs(edit.pixels.astype(int) - reference.picture(wanted[-1:])).max() <= 1


def test_official_reconstruction_latents_are_those_of_the_source_prompt(imported, reference, square, decoded):
    draws = make_draws(imported)
    rec = reference.sample(square, SOURCE, pair(draws.scene), draws.latents, *RELEASED, steps=4)
    edit = run(imported, square, steps=4, with_mask=True, maps=1)
    mask = torch.from_numpy(edit.mask)[None]
    wanted = reference.sample(
        square, TARGET, pair(draws.scene), draws.latents, *RELEASED, steps=4, mask=mask, rec_latents=rec
    )
    close(decoded[-1], wanted[-1:])
    assert edit.evaluations == 4 * 4 + 4 * 4 + 8


class Recorder:
    """A denoiser that notes which conditions each row has and answers with a number for them."""

    def __init__(self):
        self.rows = []

    def predict(self, noisy, t, conditions):
        answers = []
        for z, source, tokens in zip(noisy, conditions.source, conditions.tokens, strict=True):
            seen = (bool(source.any()), float(tokens[0, 0]), float(tokens[1, 0]), z[0, 0, 0].item())
            self.rows.append(seen)
            answers.append(torch.full_like(z, sum(seen[:3])))
        return torch.stack(answers)


SEEN, BLACK, TARGET_TEXT, SOURCE_TEXT, EMPTY = (torch.full((1, 1, 2), value) for value in (5.0, 7.0, 2.0, 1.0, 0.0))
ENCODED = EncodedSource(torch.ones(1, 4, 8, 8), SEEN, TARGET_TEXT, SOURCE_TEXT, NullTokens(image=BLACK, text=EMPTY))
SCALES = released.GUIDANCE


def mask_rows(scheduler, maps):
    recorder, noise = Recorder(), torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    released_mask(recorder, scheduler, ENCODED, torch.ones(1, 4, 8, 8), noise, SCALES, ReleasedMask(maps))
    return recorder.rows


def test_official_mask_defects_are_those_listed(imported):
    rows = mask_rows(imported.scheduler, maps=10)
    assert len(rows) == 80
    assert len({row[3] for row in rows}) == 1  # one noise for all maps
    full = [row for row in rows if row[1] == 2.0]
    assert len(full) == 10
    assert sum(not row[0] for row in full) == 5  # without source latents
    assert sum(row[2] == 7.0 for row in full) == 2  # without image tokens
    for block in range(4):  # what the names say holds for one map
        source, text, image, _ = mask_rows(imported.scheduler, maps=1)[4 + block]
        assert (source, text, image) == [(0, 0, 7), (1, 2, 5), (0, 0, 5), (1, 0, 5)][block]


def test_official_batches_are_ordered_none_full_image_source(imported):
    recorder = Recorder()
    start = torch.ones(1, 4, 8, 8)
    sample_released(recorder, imported.scheduler, stack_branches(ENCODED, SCALES), start, SCALES, 1)
    assert [row[:3] for row in recorder.rows] == [(False, 0, 7), (True, 2, 5), (False, 0, 5), (True, 0, 5)]


def test_official_fast_latents_are_one_a_step(imported):
    start = torch.ones(1, 4, 8, 8)
    kept = []
    conditions = stack_branches(ENCODED, SCALES, source_prompt=True)
    last = sample_released(Recorder(), imported.scheduler, conditions, start, SCALES, 3, record(kept))
    assert torch.cat(kept).shape == (3, 4, 8, 8) and torch.equal(kept[-1], last)


def test_official_blending_by_hand():
    z, rec, mask = torch.full((1, 1, 1, 2), 4.0), torch.tensor([1.0, 2.0]).view(2, 1, 1, 1), torch.tensor([[[0.25, 1]]])
    assert blend(mask, rec)(2, 2, torch.tensor(1), z).flatten().tolist() == [0.25 * 4 + 0.75 * 2, 4]


def test_official_seed_and_draws(imported, square):
    assert torch.equal(make_draws(imported).latents, make_draws(imported, 3407).latents)
    first = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3407))
    assert torch.equal(make_draws(imported).latents, first)
    tensors = [make_draws(imported).latents, *pair(make_draws(imported).scene), make_draws(imported).mask.noise]
    assert len({float(tensor[0, 0, 0, 0]) for tensor in tensors}) == 4
    same, again = (run(imported, square, steps=2).pixels for _ in range(2))
    other = run(imported, square, steps=2, draws=make_draws(imported, 1)).pixels
    assert np.array_equal(same, again) and not np.array_equal(same, other)


def test_official_per_step_latents_of_another_shape_are_refused(imported, square):
    with pytest.raises(UsageError, match=r"rec_latents has shape \(3, 4, 8, 8\), the steps need \(2, 4, 8, 8\)"):
        run(imported, square, steps=2, with_mask=True, maps=1, rec_latents=torch.zeros(3, 4, 8, 8))


@pytest.mark.parametrize(("maps", "strength"), [(0, 0.5), (1, 0.001), (1, 1.5)])
def test_official_masks_that_make_no_sense_are_refused(imported, maps, strength):
    noise = torch.zeros(1, 4, 8, 8)
    with pytest.raises(UsageError, match="make no mask"):
        released_mask(
            Recorder(), imported.scheduler, ENCODED, noise, noise, SCALES, ReleasedMask(maps, encode_strength=strength)
        )


def test_official_mode_needs_a_posterior(tiny_pipeline):
    with pytest.raises(UsageError, match="LatentAutoencoderTiny"):
        make_draws(tiny_pipeline)


def test_official_squash_ignores_the_aspect_ratio():
    from PIL import Image

    wide = Image.new("RGB", (90, 30), "red")
    assert squash(wide, 64).shape == (64, 64, 3) and (squash(wide, 64) == (255, 0, 0)).all()


def test_the_benchs_released_path_is_official_modes_own(imported):
    """On a model with a posterior its pictures are those that official mode gives."""
    from stillyou.bench.editing import edit_released
    from stillyou.bench.sizes import PROMPTS

    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    (found,) = edit_released(imported, picture, 2)
    wanted = edit_as_released(imported, to_pictures(picture)[0], PROMPTS, DemoSettings(steps=2))
    assert (found.pixels == wanted.pixels).all() and found.evaluations == 8
