"""The teacher `instruct` on tiny pipelines of the real classes: batches, seeds, what is refused, what fits."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

import stillyou
from stillyou.cli import main
from stillyou.effects.lookup import load_effect, load_effects
from stillyou.errors import StillYouError, UsageError
from stillyou.machine import PRECISION_VARIABLE
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.pair import Pixels
from stillyou.pairs.teachers.instruct.config import InstructConfig
from stillyou.pairs.teachers.instruct.families import FAMILIES, Editor, find_family, load_editor
from stillyou.pairs.teachers.instruct.memory import place, weigh
from stillyou.pairs.teachers.instruct.teacher import UNREGISTERED, InstructTeacher
from stillyou.pairs.teachers.protocol import PairRequest
from stillyou.pairs.teachers.sources.sitter import NO_FACE
from tests.pairs.tiny_editors import build_kontext, build_pix2pix
from tests.sd_tiny import build_base

ASTRONAUT = Path(stillyou.__file__).parent / "samples" / "astronaut.jpg"
SIZE, SIDE = 128, 64
SANTA, ANGRY = load_effects("santa,angry")
BUILT = {"pix2pix": build_pix2pix, "kontext": build_kontext}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("editors")
    return {name: build(root / name) for name, build in BUILT.items()}


@pytest.fixture(scope="module")
def squares() -> list[Pixels]:
    draws = np.random.default_rng(3)
    coarse = draws.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    return [np.asarray(Image.fromarray(each).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for each in coarse]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    with Image.open(ASTRONAUT) as image:
        image.save(folder / "a.png")
    Image.new("RGB", (200, 200), (90, 120, 90)).save(folder / "b-wall.png")
    return folder


@pytest.mark.parametrize("name", list(BUILT))
def test_each_family_edits_by_instruction_and_seed(
    folders: dict[str, Path], squares: list[Pixels], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRECISION_VARIABLE, "fp32")  # batches round otherwise in bf16
    editor = load_editor(str(folders[name]), "cpu", 2, None, SIDE)
    assert editor.guidance == editor.family.guidance and not editor.note
    words = ["put on a hat", "smile", "put on a hat"]
    together = editor.edit(squares, words, [1, 2, 3])
    assert [each.shape for each in together] == [(SIDE, SIDE, 3)] * 3 and together[0].dtype == np.uint8

    def alone(number: int, instruction: str, seed: int) -> Pixels:
        return editor.edit([squares[number]], [instruction], [seed])[0]

    assert np.abs(alone(1, "smile", 2).astype(int) - together[1]).max() <= 1, "batches equal singles"
    assert not np.array_equal(alone(1, "smile", 9), together[1]), "the noise follows from the seed"
    assert not np.array_equal(alone(1, "a red nose", 2), together[1]), "the instruction matters"
    assert not np.array_equal(alone(0, "smile", 2), together[1]), "the source matters"


class Stub:
    """Stands for an editor: paints a hat over what it is shown, enlarged a little; or gives a stranger."""

    def __init__(self, stranger: bool = False) -> None:
        self.stranger, self.seen = stranger, list[tuple[str, int]]()

    def edit(self, squares: Sequence[Pixels], instructions: Sequence[str], seeds: Sequence[int]) -> list[Pixels]:
        self.seen += list(zip(instructions, seeds, strict=True))
        return [self._one(square) for square in squares]

    def _one(self, square: Pixels) -> Pixels:
        side = len(square)
        if self.stranger:
            return np.ascontiguousarray(square[::-1, ::-1])
        painted = square.copy()
        painted[: side // 5, side // 4 : side * 3 // 4] = (200, 20, 40)
        box = (0.02 * side, 0.02 * side, 0.98 * side, 0.98 * side)
        return np.asarray(Image.fromarray(painted).resize((2 * side, 2 * side), Image.Resampling.BICUBIC, box))


def _teacher(editor: Stub, sources: Path) -> InstructTeacher:
    stand_in: Editor = editor  # type: ignore[assignment]
    return InstructTeacher(stand_in, sorted(sources.iterdir()), SIZE, 4)


def test_outputs_are_laid_over_their_sources_and_unusable_sources_recorded(sources: Path) -> None:
    editor = Stub()
    pairs = _teacher(editor, sources).make(
        [PairRequest(SANTA, 5, 0), PairRequest(SANTA, 6, 1), PairRequest(ANGRY, 5, 0)]
    )
    assert len(editor.seen) == 2 and editor.seen[0] != editor.seen[1], "a wall is not shown to the editor"
    first, wall, second = pairs
    assert wall.attributes["refused"] == NO_FACE and not any(pair.problem() for pair in pairs)
    assert "refused" not in first.attributes and np.array_equal(first.source, second.source)
    assert abs(float(first.attributes["registered_scale"]) - 1 / 0.96) < 0.01
    assert (
        0.05 < (first.mask > 0).mean() < 0.25 and first.mask[SIZE // 10, SIZE // 2] and not first.mask[SIZE // 2].any()
    )
    assert str(first.attributes["instruction"]).startswith("Dress the person as follows: santa claus costume.")


def test_strangers_are_refused_with_the_residual(sources: Path) -> None:
    pair = _teacher(Stub(stranger=True), sources).make([PairRequest(SANTA, 5, 0)])[0]
    assert pair.attributes["refused"] == UNREGISTERED and float(pair.attributes["registration_residual"]) > 0
    assert not pair.problem() and (pair.mask == 255).all()


def test_the_command_makes_refuses_and_resumes(
    folders: dict[str, Path], sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Random weights draw no portrait: what comes out is refused or changes all; the rows are there and stay."""
    command = ["pairs", "make", "--teacher", "instruct", "--base", str(folders["pix2pix"]), "--sources", str(sources)]
    command += ["-e", "santa", "-n", "2", "-o", str(tmp_path / "p"), "--size", str(SIZE), "--shard-size", "1"]
    codes = []
    for _ in range(2):
        with pytest.raises(SystemExit) as stop:
            main([*command, "--steps", "1"])
        codes.append(stop.value.code)
        made = (tmp_path / "p" / "pairs-00000.parquet").read_bytes()
        (tmp_path / "p" / "pairs-00000.parquet").unlink()
    (tmp_path / "p" / "pairs-00000.parquet").write_bytes(made)
    assert "InstructPix2Pix; 2 sources" in capsys.readouterr().err
    data = PairDataset(tmp_path / "p", status="any")
    assert len(data) == 2 and NO_FACE in [row["reason"] for row in data.rows()]
    assert codes == 2 * [int(all(row["status"] != "accepted" for row in data.rows()))]


def test_an_effect_says_its_own_instruction(tmp_path: Path) -> None:
    (tmp_path / "nose.yaml").write_text(
        "id: nose\ntitle: Red nose\ngroup: other\nsource_prompt: 'a {subject}'\n"
        "target_prompt: 'a {subject}, red nose'\nkeeps: [face]\ninstruction: Paint the nose red.\n"
    )
    assert load_effect(str(tmp_path / "nose.yaml")).instruct() == "Paint the nose red."
    assert ANGRY.instruct().startswith("Change the expression: ")


def test_what_follows_no_instructions_is_refused(tmp_path: Path, sources: Path) -> None:
    base = build_base(tmp_path / "base")
    with pytest.raises(UsageError, match="is a StableDiffusionPipeline, which follows no instructions.*Kontext"):
        find_family(str(base))
    with pytest.raises(UsageError, match="there is no editor 'nowhere'"):
        find_family("nowhere")
    with pytest.raises(UsageError, match="needs an editor. Give --base"):
        InstructConfig(sources=sources).prepare()
    (tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"no")
    with pytest.raises(StillYouError, match="is damaged"):
        weigh(base)


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_family_is_called_by_arguments_that_its_class_has(name: str, squares: list[Pixels]) -> None:
    """For Qwen-Image-Edit, whose processor needs torchvision, this stands for a run."""
    asked: list[dict[str, Any]] = []

    def pipeline(**options: Any) -> SimpleNamespace:
        asked.append(options)
        count = len(options["image"]) if isinstance(options["image"], list) else 1
        assert count == len(options["prompt"]) == len(options["generator"])
        return SimpleNamespace(images=[Image.new("RGB", (SIDE, SIDE))] * count)

    family = FAMILIES[name]
    outputs = Editor(family, pipeline, 3, 2.0, SIDE).edit(squares, ["a", "b", "c"], [1, 2, 3])
    known = inspect.signature(getattr(diffusers, name).__call__).parameters
    assert len(outputs) == 3 and len(asked) == (1 if family.batched else 3)
    assert asked[0].keys() <= known.keys() and asked[0][family.scale] == 2.0


def test_a_library_that_an_editor_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "QwenImageEditPipeline"}')
    monkeypatch.setattr("stillyou.pairs.teachers.instruct.families.find_spec", lambda name: None)
    with pytest.raises(StillYouError, match="Qwen-Image-Edit needs torchvision. Install with: pip install torchvision"):
        find_family(str(tmp_path))


@pytest.mark.parametrize(
    ("free", "how"), [(40e9, "whole"), (26e9, "components"), (5e9, "layers")], ids=["whole", "components", "layers"]
)
def test_what_does_not_fit_goes_by_parts(free: float, how: str) -> None:
    counts = {"transformer": 11_000_000_000, "text_encoder": 5_000_000_000}
    found = place(counts, torch.device("cuda:0"), 2, free)
    assert found.how == how and bool(found.note) == (how != "whole")


def test_what_fits_nowhere_is_refused_before_it_is_loaded() -> None:
    with pytest.raises(StillYouError, match=r"needs 3.0 GB of the GPU cuda, of which 2.0 GB are free"):
        place({"unet": 10**9}, torch.device("cuda"), 2, 2e9)
    with pytest.raises(StillYouError, match=r"needs 5.0 GB of the machine's memory, of which 3.0 GB are free"):
        place({"unet": 10**9}, torch.device("cpu"), 4, 3e9)


def test_weights_are_counted_from_their_headers(folders: dict[str, Path]) -> None:
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(folders["pix2pix"] / "unet")
    assert weigh(folders["pix2pix"])["unet"] == sum(value.numel() for value in unet.parameters())
