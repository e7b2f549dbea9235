"""Giving a model an autoencoder that draws details: what is learned, kept, repeated and refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stillyou.diffusion.autoencoder import to_latents
from stillyou.diffusion.folded import FoldedAutoencoder
from stillyou.diffusion.network import Architecture, build_autoencoder
from stillyou.errors import StillYouError, UsageError
from stillyou.images.tensors import to_signed
from stillyou.models.load import load_pipeline
from stillyou.training.autoencoder.learn import PictureBatch
from stillyou.training.details import __main__ as command
from stillyou.training.details.first import CopyObjective, start_at_regression
from stillyou.training.details.lesson import DetailRun
from stillyou.training.details.run import give_details
from stillyou.training.loop.checkpoint import newest_state
from stillyou.training.loop.trainer import Outcome
from tests.conftest import build_tiny_pipeline
from tests.diffusion.test_details import CHANNELS, detailed, layer_of
from tests.training.test_folded import pictures


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    build_tiny_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def run(model: Path, painted_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> DetailRun:
    torch.set_num_threads(1)
    asked = DetailRun(
        str(model), (painted_folder,), tmp_path_factory.mktemp("run"), (2, 2, 2), 5, answers=4, device="cpu"
    )
    assert give_details(asked) is Outcome.FINISHED
    return asked


def test_the_model_has_details_and_its_own_denoiser(run: DetailRun, model: Path) -> None:
    before = load_pipeline(str(model), "cpu", torch.float32)
    for form in ("model", "compact"):
        made = load_pipeline(str(run.folder / form), "cpu", torch.float32)
        assert isinstance(made.vae, FoldedAutoencoder) and layer_of(made.vae).channels == 5
        assert made.unet.config.in_channels == before.unet.config.in_channels
    made = load_pipeline(str(run.folder / "model"), "cpu", torch.float32)
    for name in ("unet", "adapter", "image_encoder"):
        theirs = getattr(made, name).state_dict()
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in getattr(before, name).state_dict().items())


def test_both_layers_tell_how_far_they_are(run: DetailRun) -> None:
    for layer in ("first", "copies", "looks"):
        assert (run.folder / layer / "validation.json").is_file()
        state = newest_state(run.folder / layer)
        assert state is not None and state.step == 2


def test_the_same_call_goes_on_and_the_same_seed_gives_the_same_weights(run: DetailRun, tmp_path: Path) -> None:
    again = replace(run, folder=tmp_path)
    assert give_details(again) is Outcome.FINISHED
    one, other = (load_pipeline(str(each.folder / "model"), "cpu", torch.float32).vae for each in (run, again))
    assert all(torch.equal(tensor, other.state_dict()[key]) for key, tensor in one.state_dict().items())
    assert give_details(again) is Outcome.FINISHED


def test_a_model_with_details_is_trained_on(run: DetailRun, tmp_path: Path) -> None:
    on = replace(run, model=str(run.folder / "model"), folder=tmp_path)
    assert give_details(on) is Outcome.FINISHED
    before, after = (load_pipeline(str(each.folder / "model"), "cpu", torch.float32).vae for each in (run, on))
    assert torch.equal(after.decoder.out.weight, before.decoder.out.weight)
    assert not torch.equal(after.details.decoder.out.weight, before.details.decoder.out.weight)


def test_regression_finds_linear_latents() -> None:
    """A teacher that is a linear code of patches is copied exactly, and decoded as well as a linear map can."""
    teacher = build_autoencoder(Architecture(autoencoder="folded", latent_channels=4, folded_channels=8))
    vae, seen = detailed(4), pictures(32)
    assert isinstance(teacher, FoldedAutoencoder)
    start_at_regression(vae, teacher, seen)
    x = to_signed(seen)
    assert torch.allclose(vae.encoder(x), to_latents(teacher, x), atol=0.05)
    error = (vae.decoder(vae.encoder(x)) - x).square().mean()
    assert error < (x - x.mean(dim=(0, 2, 3), keepdim=True)).square().mean()


def test_bad_input_is_one_line(model: Path, tmp_path: Path, painted_folder: Path) -> None:
    command = [sys.executable, "-m", "stillyou.training.details"]
    done = subprocess.run(
        [*command, str(tmp_path / "none"), "-o", str(tmp_path / "run"), "--model", str(model)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr and "none" in done.stderr
    assert not (tmp_path / "run").exists()
    with pytest.raises(UsageError):
        give_details(DetailRun("no such model", (painted_folder,), tmp_path / "run"))


def test_an_interruption_between_parts_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(run: DetailRun) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "give_details", interrupted)
    monkeypatch.setattr(sys, "argv", ["details", "pairs", "-o", "run"])
    assert command.main() == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_what_cannot_be_done_is_refused_before_anything_is_written(run: DetailRun, model: Path, tmp_path: Path) -> None:
    fresh = replace(run, folder=tmp_path / "run")
    for change, said in (
        ({"channels": 0}, "--channels 0"),
        ({"channels": 500}, "--channels 500"),
        ({"steps": (2, 0, 1)}, "--steps 2 0 1"),
        ({"steps": (2, 2, -1)}, "--steps 2 2 -1"),
        ({"answers": 0}, "--answers 0"),
        ({"model": str(run.folder / "model"), "channels": 7}, "have 5 channels, not 7"),
        ({"photographs": tmp_path / "no"}, "photographs"),
    ):
        with pytest.raises(UsageError, match=said):
            give_details(replace(fresh, **change))
    assert not fresh.folder.exists()
    with pytest.raises(UsageError, match="would replace the model"):
        give_details(replace(run, model=str(run.folder / "model")))
    (tmp_path / "file").write_text("")
    with pytest.raises(StillYouError, match="cannot write"):
        give_details(replace(run, folder=tmp_path / "file"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="stillyou train"):
        give_details(replace(run, folder=tmp_path / "other"))


def test_a_folder_that_was_begun_otherwise_is_refused_by_name(run: DetailRun, tmp_path: Path) -> None:
    build = build_tiny_pipeline()
    with torch.no_grad():
        next(iter(build.vae.parameters())).add_(1)
    build.save_pretrained(tmp_path / "model")
    for change, said in (
        ({"seed": 5}, "seed"),
        ({"channels": 6}, "channels"),
        ({"answers": 5}, "answers"),
        ({"model": str(tmp_path / "model")}, "autoenc"),
    ):
        with pytest.raises(UsageError, match=f"begun with another value of: {said}"):
            give_details(replace(run, **change))


def test_a_damaged_part_is_told(run: DetailRun, tmp_path: Path) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / "copies" / "vae" / "config.json").write_text("{}")
    with pytest.raises(StillYouError, match="damaged"):
        give_details(replace(run, folder=tmp_path / "run"))


@pytest.mark.parametrize(("part", "later"), [("copies", ("looks",)), ("looks", ())])
def test_a_part_that_was_stopped_ends_as_if_it_had_not_been(
    run: DetailRun, tmp_path: Path, part: str, later: tuple[str, ...]
) -> None:
    shutil.copytree(run.folder, tmp_path / "run")
    for name in ("model", f"{part}/vae", *later):
        shutil.rmtree(tmp_path / "run" / name)
    stopped = newest_state(tmp_path / "run" / part)
    assert stopped is not None and stopped.step == 2
    assert give_details(replace(run, folder=tmp_path / "run")) is Outcome.FINISHED
    one, other = (
        load_pipeline(str(each / "model"), "cpu", torch.float32).vae for each in (run.folder, tmp_path / "run")
    )
    assert all(torch.equal(tensor, other.state_dict()[key]) for key, tensor in one.state_dict().items())


def test_copies_learn_places_without_details() -> None:
    """Where the noise says so, the decoder sees no details: what is coded of the picture then changes nothing."""
    vae, x = detailed(trained=True), to_signed(pictures(1))
    noise = torch.zeros(1, 4 + CHANNELS, 4, 4)
    batch = PictureBatch(x, noise, torch.zeros(1, dtype=torch.long), torch.ones(1, 1, 1, 1))
    seen = CopyObjective(vae)(batch)[0].item()
    noise[:, 0, 0, 0] = -1
    left_out = CopyObjective(vae)(batch)[0].item()
    with torch.no_grad():
        layer_of(vae).code.weight.mul_(5)
    assert CopyObjective(vae)(batch)[0].item() == pytest.approx(left_out, rel=1e-5)
    noise[:, 0, 0, 0] = 0
    assert CopyObjective(vae)(batch)[0].item() != pytest.approx(seen, rel=1e-3)
