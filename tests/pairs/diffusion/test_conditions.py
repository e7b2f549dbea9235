"""Each condition acts: what it shares is nearer to the source than without it, on networks with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillyou.diffusion.schedule import make_scheduler
from stillyou.drafts.fit import Fit
from stillyou.effects.conditions import CONDITIONS, Conditions
from stillyou.effects.lookup import load_effect
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import UsageError
from stillyou.images.tensors import to_pictures, to_pixels
from stillyou.pairs.teachers.conditioning.attention import Place
from stillyou.pairs.teachers.conditioning.base import Base
from stillyou.pairs.teachers.conditioning.build import build, chosen
from stillyou.pairs.teachers.conditioning.identity import AGES, balanced, described, draw_person
from stillyou.pairs.teachers.conditioning.protocol import Job
from stillyou.pairs.teachers.conditioning.region import Region, face, outfit
from stillyou.pairs.teachers.conditioning.sharing import _SourceMaps, aligned
from stillyou.pairs.teachers.conditioning.structure import edges, pose
from stillyou.pairs.teachers.diffusion.bases.embedded import EmbeddedBase
from stillyou.pairs.teachers.diffusion.bases.stable import load_stable
from stillyou.pairs.teachers.diffusion.choose import Worth, best, changes, gains
from stillyou.pairs.teachers.diffusion.sampling import draw_sources, draw_targets, make_schedule, path_of
from tests.conftest import build_tiny_pipeline
from tests.drafts.test_vector_place import FIT
from tests.pairs.diffusion.tiny_bases import build_controlnet, build_ip_adapter, make_attention_matter
from tests.sd_tiny import build_base, make_prompts_matter

SANTA, LAUGHING = load_effect("santa"), load_effect("laughing")
SOURCE, TARGET = "a person", "a person, santa claus costume"
STEPS, GUIDANCE = 6, 4.0


@pytest.fixture(scope="module")
def embedded() -> EmbeddedBase:
    pipeline = build_tiny_pipeline()
    make_prompts_matter(pipeline.text_encoder)
    make_attention_matter(pipeline.unet)
    return EmbeddedBase(pipeline, "people")


@pytest.fixture(scope="module")
def sd1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_base(tmp_path_factory.mktemp("sd1"))


@pytest.fixture(scope="module")
def stable(sd1: Path) -> Base:
    base = load_stable(str(sd1), "people", "cpu", None)
    base.scheduler = make_scheduler("ddim", base.scheduler)
    make_attention_matter(base.pipeline.unet)
    return base


def job_of(base: Base, effect: EffectSpec = SANTA, rows: int = 1, fit: Fit | None = FIT, first: int = 0) -> Job:
    seeds = [7 + first + row for row in range(rows)]
    schedule = make_schedule(base.scheduler, STEPS, base.device)
    path = draw_sources(base, schedule, base.branches([SOURCE] * rows, GUIDANCE), seeds)
    pictures = to_pictures(base.decode(path.latents[-1]))
    own = [1000 + seed for seed in seeds]
    return Job(base, schedule, path, pictures, [fit] * rows, effect, [Prompts(SOURCE, TARGET)] * rows, seeds, own)


def drawn(job: Job, said: Mapping[str, object], hold: float = 1.0) -> torch.Tensor:
    conditions = build(Conditions.model_validate(said), job.base.depth)
    return draw_targets(job, [each.eased(hold) for each in conditions], GUIDANCE)


def distance(job: Job, said: Mapping[str, object]) -> float:
    """Mean distance of a target from its source."""
    return float((drawn(job, said) - to_pixels(list(job.pictures))).abs().mean())


@pytest.mark.parametrize("name", ["embedded", "stable"])
@pytest.mark.parametrize(
    ("without", "condition"),
    [
        ({}, {"noise": True}),
        ({}, {"renoise": {"level": 0.3}}),
        ({"noise": True}, {"renoise": {"level": 0.3}}),
        ({"noise": True}, {"prompts": {"cross": 1.0}}),
        ({}, {"region": {"by": "face"}}),
    ],
)
def test_a_condition_brings_the_target_nearer(
    name: str, without: dict[str, object], condition: dict[str, object], request: pytest.FixtureRequest
) -> None:
    job = job_of(request.getfixturevalue(name))
    assert distance(job, without | condition) < 0.9 * distance(job, without)


@pytest.mark.parametrize("name", ["embedded", "stable"])
def test_a_layer_that_reads_the_sources_keys_says_what_is_nearer_to_the_source(
    name: str, request: pytest.FixtureRequest
) -> None:
    job, apart = job_of(request.getfixturevalue(name)), []
    layer = next(m for n, m in job.base.pipeline.unet.named_modules() if n.startswith("up") and n.endswith("attn1"))
    said: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda module, given, out: said.append(out))
    other = {"renoise": {"level": 0.1}}  # one step: what layers read is then the same but for the rule
    # the second rule calls the sources too, and shares nothing of this layer
    for layers in (["up"], ["down"]):
        said.clear()
        drawn(job, other | {"attention": {"first": 0.0, "layers": layers}})
        target, source = said[0].chunk(2)
        apart.append(float((target - source).abs().mean()))
    hook.remove()
    assert apart[0] < 0.9 * apart[1]


def test_coarse_maps_of_the_source_are_taken_in_the_prompted_branch_alone() -> None:
    rule = _SourceMaps(branch=1, branches=2, positions=4)
    maps = torch.rand(8, 2, 4, 4)  # targets without and with the prompt, then sources, two pairs each
    taken = rule.maps(Place("up", cross=False), maps)
    assert torch.equal(taken[2:4], maps[6:8])
    assert torch.equal(taken[[0, 1, 4, 5, 6, 7]], maps[[0, 1, 4, 5, 6, 7]])
    assert rule.wants_maps(Place("up", cross=False), 4) and not rule.wants_maps(Place("up", cross=False), 16)


def test_words_that_both_prompts_have_take_the_sources_columns() -> None:
    rule = _SourceMaps(branch=0, branches=1, positions=0, shared=torch.tensor([[0, -1, 1]]))
    maps = torch.rand(2, 1, 2, 5)  # three text tokens and two image tokens
    taken = rule.maps(Place("mid", cross=True), maps)
    assert torch.equal(taken[0, ..., [0, 2]], maps[1, ..., [0, 1]])
    assert torch.equal(taken[0, ..., [1, 3, 4]], maps[0, ..., [1, 3, 4]])


def test_shared_maps_of_equal_prompts_change_nothing(embedded: EmbeddedBase) -> None:
    job = job_of(embedded)
    same = replace(job, prompts=[Prompts(SOURCE, SOURCE)])
    shared = {"noise": True, "prompts": {"cross": 1.0, "own": 1.0}, "attention": {"first": 0.0}}
    assert torch.allclose(drawn(same, shared), to_pixels(list(job.pictures)), atol=1.5 / 127.5)


def test_more_of_the_noise_is_nearer(embedded: EmbeddedBase) -> None:
    job = job_of(embedded)
    apart = [distance(job, {"noise": {"share": share}}) for share in (0.0, 0.7, 0.95, 1.0)]
    assert apart == sorted(apart, reverse=True)


def test_outside_a_region_the_target_is_the_source(embedded: EmbeddedBase) -> None:
    job = job_of(embedded)
    said = Conditions.model_validate({"region": {"by": "face", "grow": 0.05}})
    assert said.region is not None
    mask = Region(said.region).masks(job)[0, 0].numpy()
    target = to_pictures(drawn(job, {"region": {"by": "face", "grow": 0.05}}))[0]
    changed = (target != job.pictures[0]).any(-1)
    assert not changed[mask == 0].any()
    assert changed[mask == 1].any()


def test_a_draft_is_nearer_to_its_art_than_noise_is(embedded: EmbeddedBase) -> None:
    from stillyou.pairs.teachers.conditioning.starts import draft_on

    job = job_of(embedded)
    art = draft_on(job.pictures[0], FIT, job.seeds[0], job)
    assert (art != job.pictures[0]).any()
    wanted = embedded.decode(embedded.encode(to_pixels([art])))
    far, near = ((drawn(job, said) - wanted).abs().mean() for said in ({}, {"draft": {"level": 0.2}}))
    assert near < far


def test_appearance_of_the_embedded_base_is_its_image_tokens(embedded: EmbeddedBase) -> None:
    job = job_of(embedded)
    plain, shared = drawn(job, {"noise": True}), drawn(job, {"noise": True, "appearance": {"scale": 1.0}})
    assert (plain - shared).abs().mean() > 1e-3
    nothing = drawn(job, {"noise": True, "appearance": {"scale": 1e-6}})
    assert (plain - nothing).abs().mean() < 1e-4


def test_structure_and_appearance_act_beside_shared_attention(sd1: Path, tmp_path: Path) -> None:
    base = load_stable(str(sd1), "people", "cpu", None)
    extras = Conditions.model_validate(
        {
            "structure": {"model": str(build_controlnet(tmp_path / "control", sd1)), "scale": 1.0},
            "appearance": {"model": str(build_ip_adapter(tmp_path / "adapter", sd1)), "scale": 0.8},
        }
    )
    base.load_for(extras)
    job = job_of(base)
    tied: dict[str, object] = {"noise": True, "attention": {"first": 0.0}}
    plain = drawn(job, tied)
    for name in ("structure", "appearance"):
        alone = getattr(extras, name)
        assert (drawn(job, tied | {name: alone}) - plain).abs().mean() > 1e-3
        weak = alone.model_copy(update={"scale": 1e-6})
        assert torch.allclose(drawn(job, tied | {name: weak}), plain, atol=1e-4)


def test_a_batch_equals_its_singles(sd1: Path) -> None:
    said: dict[str, object] = {"noise": True, "renoise": True, "prompts": True, "attention": True}
    # as they are built: where attention is enlarged so are the last bits of a batched product
    for base in (EmbeddedBase(build_tiny_pipeline(), "people"), load_stable(str(sd1), "people", "cpu", None)):
        base.scheduler = make_scheduler("ddim", base.scheduler)
        jobs = [job_of(base, rows=2), job_of(base), job_of(base, first=1)]
        for more, tolerance in (({}, 1e-4), ({"region": {"by": "outfit"}}, 1.01 / 127.5)):  # sources are 8-bit pictures
            both, *singles = (drawn(job, said | more) for job in jobs)
            assert torch.allclose(both, torch.cat(singles), atol=tolerance)


def test_a_looser_hold_goes_further(embedded: EmbeddedBase) -> None:
    job = job_of(embedded)
    said = {"noise": True, "renoise": {"level": 0.3}, "attention": {"first": 0.0}}
    apart = [(drawn(job, said, hold) - to_pixels(list(job.pictures))).abs().mean() for hold in (1.0, 0.0)]
    assert apart[0] < apart[1]


def test_a_picture_of_ones_own_has_a_path_that_ends_at_it(stable: Base) -> None:
    pixels = to_pixels([np.full((64, 64, 3), 90, np.uint8)])
    schedule = make_schedule(stable.scheduler, STEPS, stable.device)
    path = path_of(stable, schedule, stable.branches([SOURCE], GUIDANCE), pixels, [3])
    assert len(path.latents) == STEPS + 1
    assert torch.equal(path.latents[-1], stable.encode(pixels))


def test_the_gain_of_the_source_itself_is_nothing(embedded: EmbeddedBase) -> None:
    job = job_of(embedded, rows=2)
    told = gains(job, embedded.decode(job.path.latents[-1]))
    again = gains(
        replace(job, path=replace(job.path, latents=(embedded.encode(to_pixels(list(job.pictures))),))),
        to_pixels(list(job.pictures)),
    )
    assert again == pytest.approx([0.0, 0.0], abs=1e-5)
    assert len(told) == 2


def test_the_best_candidate_shows_the_effect_and_keeps_the_rest() -> None:
    assert best([Worth(0.0, 0.0), Worth(0.2, 30.0), Worth(0.15, 2.0)]) == 2
    assert best([Worth(-0.1, 9.0), Worth(-0.1, 3.0)]) == 1
    sources, targets = np.zeros((1, 4, 4, 3), np.uint8), np.zeros((1, 4, 4, 3), np.uint8)
    targets[0, 0, 0] = 12
    inside = np.zeros((1, 4, 4), bool)
    assert changes(sources, targets, inside) == [12 / 16]
    inside[0, 0, 0] = True
    assert changes(sources, targets, inside) == [0.0]


def test_conditions_are_chosen_by_effect_then_group_and_refused_by_base() -> None:
    assert chosen(LAUGHING, "sd1").names == ("noise", "renoise", "identity", "attention", "region")
    assert "identity" not in chosen(LAUGHING, "embedded").names  # left out of a group's
    own = LAUGHING.model_copy(update={"conditions": Conditions.model_validate({"noise": {"share": 0.5}})})
    assert chosen(own, "sdxl").names == ("noise",)
    assert chosen(own, "sdxl", ["noise", "region"]).noise == own.conditions.noise
    with pytest.raises(UsageError, match=r"cannot do the condition 'identity'.*Stable Diffusion 1.x"):
        chosen(LAUGHING, "embedded", ["identity"])
    with pytest.raises(UsageError, match="cannot do the condition 'structure'"):
        chosen(LAUGHING, "embedded", ["structure"])
    with pytest.raises(UsageError, match="has no art to draft with"):
        chosen(LAUGHING, "embedded", ["draft"])
    with pytest.raises(UsageError, match="needs an IP-Adapter"):
        chosen(LAUGHING, "sd2", ["appearance"])
    with pytest.raises(UsageError, match="needs a ControlNet"):
        chosen(LAUGHING, "sd1", ["structure"])
    with pytest.raises(UsageError, match="unknown condition 'noize'"):
        chosen(LAUGHING, "sd1", ["noize"])
    with pytest.raises(UsageError, match="both say where the target starts"):
        chosen(SANTA, "embedded", ["draft", "renoise"])


def test_tokens_that_both_prompts_have_are_found() -> None:
    start, end = 100, 101
    source, target = [start, 1, 2, end, end, end], [start, 1, 2, 7, 8, end]
    assert aligned([source], [target]).tolist() == [[0, 1, 2, -1, -1, 3]]
    assert aligned([source], [source]).tolist() == [[0, 1, 2, 3, 4, 5]]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.text(min_size=1), min_size=1, max_size=9, unique=True))
def test_lists_are_balanced(run: int, values: list[str]) -> None:
    count = len(values)
    assert sorted(balanced("list", tuple(values), run * count + n) for n in range(count)) == sorted(values)


def test_one_person_in_both_prompts() -> None:
    person = draw_person(5, "people")
    assert person == draw_person(5, "people")
    prompts = described(SANTA.for_domain("people"), person, named=True)
    assert prompts.source.startswith(f"a {person.subject(True)}, portrait, ")
    assert prompts.target == prompts.source.replace(", portrait", ", santa claus costume, portrait")
    assert {draw_person(n, "people").traits["age"] for n in range(len(AGES))} == set(AGES)
    assert "style" in draw_person(5, "cartoon").traits and "lens" not in draw_person(5, "cartoon").traits


def test_edges_are_lines_where_colours_meet() -> None:
    picture = np.full((64, 64, 3), 20, np.uint8)
    picture[20:44, 24:50] = 220
    rows, columns = np.nonzero(edges(picture)[..., 0])
    assert rows.min() in (19, 20) and rows.max() in (43, 44)
    assert columns.min() in (23, 24) and columns.max() in (49, 50)
    assert not edges(picture)[26:40, 30:44].any()
    assert not edges(np.full((32, 32, 3), 90, np.uint8)).any()


def test_a_pose_is_drawn_where_the_fit_says() -> None:
    drawn_pose = pose(FIT, 100)
    x, y = (np.asarray(FIT["eye_left"]) * 100).astype(int)
    assert tuple(drawn_pose[y, x]) == (170, 0, 255)
    assert not pose(None, 32).any()


def test_regions_of_a_face_and_of_an_outfit() -> None:
    inside, worn = face(FIT, 100), outfit(FIT, 100)
    mouth, crown, chest = ((np.asarray(FIT[name]) * 100).astype(int) for name in ("mouth", "crown", "shoulder_left"))
    assert inside[mouth[1], mouth[0]] and not worn[mouth[1], mouth[0]]
    for x, y in (crown, chest):
        assert worn[y, x] and not inside[y, x]


def test_every_condition_is_told_of() -> None:
    told = (Path(__file__).parents[3] / "docs/reference/diffusion-teacher.md").read_text("utf-8")
    assert [name for name in CONDITIONS if f"`{name}`" not in told] == []
