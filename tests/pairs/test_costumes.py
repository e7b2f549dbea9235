"""Costumes: deterministic, well formed, varied, on the head and never over the face, in every style."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.drafts.vector.costume_fit import CostumeFit
from stillyou.drafts.vector.costumes import CostumeLayers, dress
from stillyou.draws import generator
from stillyou.effects.lookup import catalogue
from stillyou.errors import UsageError
from stillyou.evaluation.known_truth.held_out import HELD_OUT_STYLES
from stillyou.evaluation.known_truth.held_out_fits import HELD_OUT_FITS
from stillyou.pairs.teachers.cartoon.costume_fits import FITS
from stillyou.pairs.teachers.cartoon.spec import StyleSpec
from stillyou.pairs.teachers.cartoon.studio import CartoonStudio
from stillyou.pairs.teachers.cartoon.styles import TRAIN_STYLES

ALL_FITS = {**FITS, **HELD_OUT_FITS}
STYLES = (*TRAIN_STYLES, *HELD_OUT_STYLES)
COSTUMES = ("santa", "flower", "sheep", "royal")
ATTRIBUTES = {
    "santa": {"cloth", "fur", "hat", "trim", "belt"},
    "flower": {"petals", "leaf", "middle", "kinds", "flowers", "dress", "collar"},
    "sheep": {"wool", "ear", "ears", "horns", "bell"},
    "royal": {"gold", "gems", "crown", "robe", "collar", "embroidery"},
}
PIXELS = 160

everywhere = pytest.mark.parametrize(("style", "costume"), [(s, c) for s in ALL_FITS for c in COSTUMES])


def _dress(style: str, costume: str, seed: int) -> CostumeLayers:
    return dress(ALL_FITS[style], costume, generator(seed, costume))


def _alpha(fit: CostumeFit, layers: CostumeLayers) -> np.ndarray:
    """Opacity of what a costume draws over the character, in the fit's frame."""
    x, y, side = fit.frame
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PIXELS}" height="{PIXELS}" '
        f'viewBox="{x} {y} {side} {side}"><defs>{layers.defs}</defs>{layers.top}</svg>'
    )
    return np.asarray(pyvips.Image.svgload_buffer(svg.encode()).numpy())[..., 3]


def _canvas(fit: CostumeFit) -> tuple[np.ndarray, np.ndarray]:
    """Canvas coordinates of the pixel centres of the frame."""
    x, y, side = fit.frame
    ys, xs = np.mgrid[0:PIXELS, 0:PIXELS]
    return x + (xs + 0.5) * side / PIXELS, y + (ys + 0.5) * side / PIXELS


def _face(fit: CostumeFit, share: float) -> np.ndarray:
    """Where eyes, nose and mouth are: the opening of the hood without its upper quarter."""
    xs, ys = _canvas(fit)
    cx, cy, rx, ry = fit.face
    turn = math.radians(fit.tilt)
    ox, oy = fit.hood[:2]  # a hood turns about its own centre, and its opening with it
    dx, dy = xs - ox, ys - oy
    xs = ox + dx * math.cos(turn) + dy * math.sin(turn)
    ys = oy - dx * math.sin(turn) + dy * math.cos(turn)
    return (((xs - cx) / rx) ** 2 + ((ys - cy) / ry) ** 2 < share**2) & (ys > cy - ry / 2)


def test_every_style_has_a_fit_and_held_out_fits_stay_apart() -> None:
    assert set(FITS) == {s.name for s in TRAIN_STYLES}
    assert set(HELD_OUT_FITS) == {s.name for s in HELD_OUT_STYLES}
    assert not set(FITS) & set(HELD_OUT_FITS)


@everywhere
def test_layers_are_well_formed_small_and_name_their_colours(style: str, costume: str) -> None:
    for seed in range(8):
        layers = _dress(style, costume, seed)
        text = layers.defs + layers.back + layers.body + layers.top
        root = ET.fromstring(f"<svg>{text}</svg>")
        assert sum(1 for _ in root.iter()) < 250
        assert "nan" not in text and "inf" not in text
        assert set(layers.attributes) == ATTRIBUTES[costume]
        assert all(isinstance(v, str) and v for v in layers.attributes.values())
        for key in {"cloth", "wool", "dress", "robe"} & set(layers.attributes):
            assert layers.attributes[key] in text
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert ids == ([layers.hair_clip] if layers.hair_clip else [])
        assert (layers.hair_clip is not None) == (costume in {"santa", "sheep"})
        assert bool(layers.body) != ALL_FITS[style].front


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**40), costume=st.sampled_from(COSTUMES), style=st.sampled_from(sorted(ALL_FITS)))
def test_the_same_generator_gives_the_same_costume(seed: int, costume: str, style: str) -> None:
    assert _dress(style, costume, seed) == _dress(style, costume, seed)


@pytest.mark.parametrize("costume", COSTUMES)
def test_seeds_differ_in_drawing_and_in_cut(costume: str) -> None:
    many = [_dress("micah", costume, seed) for seed in range(40)]
    assert len({layers.top for layers in many}) == 40
    cut = {"santa": "hat", "flower": "collar", "sheep": "ears", "royal": "crown"}[costume]
    assert len({layers.attributes[cut] for layers in many}) >= 3


@everywhere
def test_nothing_is_drawn_over_the_face(style: str, costume: str) -> None:
    fit = ALL_FITS[style]
    face = _face(fit, 0.95)
    assert face.any()
    for seed in range(12):
        assert not _alpha(fit, _dress(style, costume, seed))[face].any(), seed


@everywhere
def test_head_wear_sits_on_the_head(style: str, costume: str) -> None:
    fit = ALL_FITS[style]
    xs, ys = _canvas(fit)
    x, y, unit = fit.head
    turn = math.radians(fit.tilt)
    u = ((xs - x) * math.cos(turn) + (ys - y) * math.sin(turn)) / unit
    v = (-(xs - x) * math.sin(turn) + (ys - y) * math.cos(turn)) / unit
    band = (np.abs(v + 0.15) < 0.35) & (np.abs(u) < 0.8)
    across = np.floor((u + 0.8) / 0.2)
    for seed in range(4):
        alpha = _alpha(fit, _dress(style, costume, seed))
        covered = [(alpha[band & (across == k)] > 200).any() for k in range(8)]
        assert all(covered) if costume != "sheep" else sum(covered) >= 6


@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.name)
def test_dressed_characters_change_visibly_but_not_in_the_face(style: StyleSpec) -> None:
    fit = style.costume
    assert fit is not None
    studio = CartoonStudio([style], size=PIXELS, augment=False, neutral_sources=True)
    face = _face(fit, 0.5) if fit.anchor == "" else np.zeros((PIXELS, PIXELS), bool)
    shares = {"santa": (0.1, 0.5), "flower": (0.07, 0.4), "sheep": (0.18, 0.8), "royal": (0.08, 0.45)}
    for costume, (low, high) in shares.items():
        pair = studio.pair(catalogue()[costume], 5)
        assert low < (pair.mask > 0).mean() < high
        assert not pair.mask[face].any()


def test_a_shifted_fit_moves_head_wear_and_leaves_the_robe() -> None:
    fit = FITS["clay"]
    moved = fit.shifted("squat")
    assert moved.head[1] - fit.head[1] == moved.face[1] - fit.face[1] == moved.hood[1] - fit.hood[1] == 8
    assert moved.neck == fit.neck
    assert fit.shifted("pear") is fit and fit.shifted(None) is fit
    assert dress(moved, "santa", generator(1)).top != dress(fit, "santa", generator(1)).top


def test_an_unknown_costume_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="santa"):
        dress(FITS["micah"], "sanat", generator(1))
