"""The split of people: groups, identity, and pairs that nothing else has."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from stillyou.effects.lookup import catalogue, load_effect
from stillyou.errors import StillYouError
from stillyou.evaluation.figures import Answer
from stillyou.evaluation.known_truth.benchmark import Settings, evaluate
from stillyou.evaluation.known_truth.curves import measure_curves
from stillyou.evaluation.known_truth.groups import AXES
from stillyou.evaluation.known_truth.splits import PairSample, cases, evaluation_seed
from stillyou.evaluation.known_truth.subject import ModelSubject
from stillyou.evaluation.report.folder import axes, group_rows, markdown, rows, write_report
from tests.editing.fakes import PEOPLE_CARD, RedPipeline
from tests.evaluation.people import SIDE, ColourReader, RedJudge, person

EFFECTS = [load_effect("santa"), load_effect("angry")]
PAIRS = {
    effect.id: [
        *(person(effect.id, index, age_band="young", gender="male") for index in range(6)),
        *(person(effect.id, index, skin_tone=9) for index in range(6, 8)),
    ]
    for effect in EFFECTS
}


class FailsTheOld:
    """Gives the true target of the young, and the source of the old."""

    resolution = SIDE

    def __init__(self):
        self.truth = {pair.source.tobytes(): pair for pairs in PAIRS.values() for pair in pairs}

    def answer(self, batch):
        pairs = [self.truth[picture.tobytes()] for picture in batch.pictures]
        young = [pair.attributes["age_band"] == "young" for pair in pairs]
        return [
            Answer(p.target if y else p.source, p.mask if y else p.mask * 0) for p, y in zip(pairs, young, strict=True)
        ]


@pytest.fixture(scope="module")
def found():
    return evaluate(
        FailsTheOld(), RedJudge(), PairSample("people", 8, effects=EFFECTS, pairs=PAIRS), faces=ColourReader()
    )


def test_the_worst_group_comes_first_with_its_number(found):
    document = found.document
    assert list(document["groups"]) == list(AXES)
    ages = document["groups"]["age band"]
    assert list(ages) == ["old", "young"]
    assert [table["edit_success"] for table in ages.values()] == [0, 1]
    assert [table["edits"] for table in ages.values()] == [4, 12]
    assert list(document["groups"]["skin tone"]) == ["dark (7-10)", "medium (4-6)"]
    assert all(table["few"] for table in ages.values())
    for answer, success in (("lazy", 0), ("oracle", 1)):
        other = document[answer]["groups"]["age band"]
        assert list(other) == list(ages)
        assert {table["edit_success"] for table in other.values()} == {success}
    assert "styles" not in document and document["judge_fit"] is True


def test_errors_and_masks_of_a_group_are_those_of_its_answers(found):
    old, young = found.document["groups"]["age band"].values()
    assert old["mask_recall"] == old["mask_area_ratio"] == 0 and young["mask_recall"] == young["mask_area_ratio"] == 1
    assert young["inside_target_error"] == 0 < old["inside_target_error"]
    assert old["outside_true_error"] == young["outside_true_error"] == 0


def test_identity_stands_beside_different_people(found):
    document = found.document
    assert document["identity_similarity"] == document["lazy"]["identity_similarity"] == 1  # the last row never changes
    assert document["identity_nearest"] == 1 and document["faces"] == 16
    colours = [pair.source[-1, 0] / 255 for pairs in PAIRS.values() for pair in pairs]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(colours) for b in colours[:i]]
    assert document["different_people"]["mean"] == pytest.approx(1 - np.mean(apart))
    assert document["different_people"]["people"] == 16


def test_a_stranger_for_an_answer_is_no_longer_nearest_to_the_source():
    pairs = {"santa": [person("santa", index) for index in range(2)]}

    class Swaps(FailsTheOld):
        def answer(self, batch):
            return [Answer(picture, picture[..., 0]) for picture in reversed(batch.pictures)]

    found = evaluate(
        Swaps(), RedJudge(), PairSample("people", 2, effects=EFFECTS[:1], pairs=pairs), faces=ColourReader()
    )
    assert found.document["identity_nearest"] == 0 and found.document["lazy"]["identity_nearest"] == 1
    apart = np.linalg.norm(pairs["santa"][0].source[0, 0] / 255.0 - pairs["santa"][1].source[0, 0] / 255.0)
    assert found.document["identity_similarity"] == pytest.approx(1 - apart)


def test_sources_without_a_face_have_no_identity_and_are_counted():
    pairs = {"santa": [person("santa", index) for index in range(3)]}
    pairs["santa"][1].source[:, :, 0] = pairs["santa"][1].target[SIDE // 2 :, :, 0] = 0

    class Lazy(FailsTheOld):
        def answer(self, batch):
            return [Answer(picture, np.zeros((SIDE, SIDE), np.uint8)) for picture in batch.pictures]

    found = evaluate(
        Lazy(), RedJudge(), PairSample("people", 3, effects=EFFECTS[:1], pairs=pairs), faces=ColourReader()
    )
    assert found.document["faces"] == 2 and found.document["edits"] == 3
    assert found.document["identity_similarity"] == 1 and found.document["different_people"]["people"] == 2
    assert "of 2 faces" in markdown(found.document)


def test_without_a_face_reader_there_is_no_figure_of_identity(found):
    document = evaluate(FailsTheOld(), RedJudge(), PairSample("people", 8, effects=EFFECTS, pairs=PAIRS)).document
    assert "identity_similarity" not in document and "different_people" not in document
    assert not any("identity" in cell for table in [rows(document), group_rows(document, "hair")] for cell in table[0])
    same = {"edit_success", "mask_recall", "inside_target_error"}
    assert {name: document[name] for name in same} == {name: found.document[name] for name in same}


def test_the_report_has_groups_and_effects_beside_both_references(found, tmp_path):
    document = found.document = {"model": "embedded", **found.document}
    names = {path.name for path in write_report(tmp_path, found)}
    assert names == {"success.png", "masks.png", "groups.png", "sheet.jpg", "evaluation.md", "evaluation.json"}
    assert json.loads((tmp_path / "evaluation.json").read_text()) == document
    assert axes(document) == ["effect", *AXES]
    head, first, second = group_rows(document, "age band")
    assert len(head) == len(first) == len(second)
    assert first[:3] == ["old", "4*", "0.0%"] and second[:3] == ["young", "12*", "100.0%"]
    assert first[4] == "0.0% / 100.0%" and first[-1] == "1.00 / 1.00"
    text = markdown(document)
    assert text.index("| old | 4* |") < text.index("| young | 12* |")
    assert "a star marks fewer than 20 edits" in text and "Different people:" in text
    assert [row[0] for row in group_rows(document, "effect")] == ["effect", "angry", "santa"]


def test_curves_make_the_pairs_once(monkeypatch):
    made = []

    def few(effect, split, n, *, size, seed, designs=False, drift=0.0):
        made.append((effect.id, split, n))
        return iter(PAIRS[effect.id][:n])

    monkeypatch.setattr("stillyou.evaluation.known_truth.splits.cases", few)
    found = measure_curves(FailsTheOld(), RedJudge(), PairSample("people", 2, effects=EFFECTS), settings=Settings())
    assert made == [("santa", "people", 2), ("angry", "people", 2)]
    assert found["text"][0]["edit_success"] == 1


def test_a_model_is_asked_about_people_in_their_words_and_with_their_settings():
    pipeline = RedPipeline(PEOPLE_CARD)
    subject = ModelSubject(SimpleNamespace(pipeline=pipeline, model="fake"), "people")
    santa = next(effect for effect in subject.effects() if effect.id == "santa")
    assert santa.prompts().target == "a person, santa claus costume"
    assert not subject.notes()
    cartoons = ModelSubject(SimpleNamespace(pipeline=RedPipeline(), model="fake"), "people")
    assert "trained on cartoon alone" in cartoons.notes()[0]
    assert cartoons.effects()[0].prompts().source == "a cartoon character"  # the only word that it knows


def test_people_come_from_seeds_of_their_own():
    seeds = {evaluation_seed("people", 0, effect, index) for effect in catalogue() for index in range(64)}
    others = {evaluation_seed("unseen-characters", 0, effect, index) for effect in catalogue() for index in range(64)}
    assert len(seeds) == 8 * 64 and not seeds & others


def test_the_studio_makes_the_same_people_again():
    pytest.importorskip("moderngl", reason="needs pip install 'stillyou[people]'")
    try:
        first, again = (list(cases(load_effect("royal"), "people", 2, size=64)) for _ in range(2))
    except StillYouError as error:
        pytest.skip(str(error))
    assert [pair.source.tobytes() for pair in first] == [pair.source.tobytes() for pair in again]
    assert first[0].source.tobytes() != first[1].source.tobytes()
    for pair in first:
        assert not pair.problem() and pair.attributes["target_costume"] == "royal"
        assert all(group(pair.attributes) for group in AXES.values())
