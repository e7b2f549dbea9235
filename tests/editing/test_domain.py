"""Photographs and drawings told apart."""

import io
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data

from stillyou.diffusion.card import ModelCard
from stillyou.editing.effect_lookup import resolve_effect
from stillyou.editing.scene.domain import parse_domain, recognise, subject
from stillyou.effects.lookup import catalogue
from stillyou.effects.settings import PartialMask, Tuning
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError
from stillyou.images.faces import Face, find_faces
from stillyou.images.shading import shading
from tests.editing.fakes import CARD
from tests.editing.portraits import portrait


def drawing(side=300):
    image = Image.new("RGB", (side, side), (240, 220, 180))
    draw = ImageDraw.Draw(image)
    draw.ellipse((side * 0.2, side * 0.15, side * 0.8, side * 0.85), fill=(230, 150, 110), outline="black", width=4)
    for x in (0.38, 0.62):
        draw.ellipse((side * (x - 0.05), side * 0.4, side * (x + 0.05), side * 0.5), fill="black")
    draw.arc((side * 0.35, side * 0.5, side * 0.65, side * 0.7), 10, 170, fill="black", width=5)
    return image


def squeezed(image, quality=60):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def test_photographs_are_softly_shaded_and_drawings_are_not():
    for picture in (portrait(512), portrait(100), data.chelsea(), data.coffee()):
        assert shading(picture) > 0.3
    for picture in (
        np.asarray(drawing()),
        squeezed(drawing()),
        squeezed(drawing(900)),
        np.full((80, 90, 3), 7, np.uint8),
    ):
        assert shading(picture) < 0.15
    assert shading(np.zeros((63, 500, 3), np.uint8)) == 0


def test_samples_are_cartoons_and_the_astronaut_is_a_person():
    pytest.importorskip("dlib", reason="needs dlib: pip install 'stillyou[faces]'")
    for path in (files("stillyou") / "samples").iterdir():
        if path.name.endswith(".png"):
            picture = np.asarray(Image.open(str(path)).convert("RGB"))
            assert recognise(shading(picture), find_faces(picture)).domain == "cartoon", path.name
    found = recognise(shading(portrait(512)), find_faces(portrait(512)))
    assert (found.domain, found.reason) == ("people", "a face of a person was found")


@pytest.mark.parametrize(
    ("softness", "scores", "domain"),
    [
        (0.0, [2.0], "people"),
        (0.3, [1.0], "people"),
        (0.0, [1.0], "cartoon"),
        (0.3, [0.3], "people"),
        (0.1, [0.3], "cartoon"),
        (0.6, [], "people"),
        (0.3, [], "cartoon"),
        (0.0, [], "cartoon"),
        (0.3, [0.3, 1.0, 0.2], "people"),
    ],
)
def test_faces_and_shading_settle_it_together(softness, scores, domain):
    assert recognise(softness, [Face(1, 1, 1, score=score) for score in scores]).domain == domain


def test_words_of_the_command_line():
    assert [parse_domain(text) for text in (None, "auto", "cartoon", "people")] == [None, None, "cartoon", "people"]
    with pytest.raises(UsageError, match="unknown domain 'photo'"):
        parse_domain("photo")


def test_the_subject_is_a_word_that_the_model_knows():
    santa = catalogue()["santa"]
    assert subject(santa, "people", ("cartoon", "people")) == {"subject": "person"}
    assert subject(santa, "cartoon", ("cartoon", "people")) == {"subject": "cartoon character"}
    assert subject(santa, "people", ("cartoon",)) == {"subject": "cartoon character"}
    assert subject(santa, "cartoon", ("people",)) == {"subject": "person"}


def test_an_effect_with_a_subject_of_its_own_keeps_it():
    own = EffectSpec(
        id="hat",
        title="Hat",
        group="other",
        source_prompt="a {subject}",
        target_prompt="a {subject}, hat",
        variables={"subject": "woman"},
        keeps=["face"],
    )
    spec = resolve_effect("hat", CARD.model_copy(update={"effects": (own,)}), "m")
    assert subject(spec, "people", ("people",)) == {}


def test_a_card_brings_what_is_tuned_for_people() -> None:
    own = catalogue()["santa"].model_copy(update={"domains": {"people": Tuning(mask=PartialMask(ratio=2.75))}})
    card = CARD.model_copy(update={"effects": (own,)})
    spec = resolve_effect("santa", ModelCard.model_validate_json(card.model_dump_json()), "m")
    assert spec == own and spec != catalogue()["santa"]
    assert spec.defaults("people").mask.ratio == 2.75
    assert spec.defaults("cartoon") == catalogue()["santa"].defaults("cartoon")
