"""Everything that can be wrong with a released checkpoint, its base, or the way to them: one line, nothing written."""

from __future__ import annotations

import os
import pickle
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from stillyou.errors import StillYouError, UsageError
from stillyou.models import hub
from stillyou.models.official import importer
from stillyou.models.official.checkpoint import find_checkpoint
from stillyou.models.official.importer import import_official
from stillyou.models.official.shapes import WrongCheckpoint, compare, explain
from tests.sd_tiny import build_base, build_clip


def convert(source, output, parts, **options):
    return import_official(str(source), output, **{**parts, **options})


def respell(path, change):
    """Load a file, change its state dict and write it back."""
    state = torch.load(path, weights_only=True)
    torch.save(change(state), path)


def refused(source, tmp_path, parts, match, kind=StillYouError, **options):
    """The import fails with one line, and nothing is left behind."""
    output = tmp_path / "out" / "model"
    with pytest.raises(kind, match=match) as error:
        convert(source, output, parts, **options)
    assert "\n" not in str(error.value)
    assert not output.exists() and not list(tmp_path.glob("out/*"))
    return error.value


class Code:
    def __reduce__(self):
        return (os.mkdir, ("ran",))


@pytest.mark.parametrize("name", ["unet.pth", "adapter.pth"])
def test_official_import_refuses_pickles_with_code(checkpoint, tmp_path, parts, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.ones(2), "extra": Code()}, checkpoint / name)
    refused(checkpoint, tmp_path, parts, rf"{name} holds code or Python objects beside tensors; it was not run")
    (checkpoint / name).write_bytes(pickle.dumps(Code()))
    refused(checkpoint, tmp_path, parts, "it was not run")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", ["vae", "text_encoder"])
def test_official_import_runs_no_code_of_a_base(release, tmp_path, parts, part, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = build_base(tmp_path / "base", safetensors=False)
    (weights,) = (base / part).glob("*.bin")
    torch.save({**torch.load(weights, weights_only=True), "extra": Code()}, weights)
    refused(release.folder, tmp_path, {**parts, "base": str(base)}, f"in .*{part} cannot be read")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "is a Git LFS pointer"),
        (b"<!DOCTYPE html><html>404</html>", "it is a web page"),
        (b"no weights at all", "cannot be read"),
    ],
)
def test_official_import_names_what_a_failed_download_left(checkpoint, tmp_path, parts, content, match):
    (checkpoint / "unet.pth").write_bytes(content)
    refused(checkpoint, tmp_path, parts, match)


@pytest.mark.parametrize("zipped", [True, False])
def test_official_import_refuses_files_that_are_cut_off(checkpoint, tmp_path, parts, zipped):
    path = checkpoint / "unet.pth"
    torch.save(torch.load(path, weights_only=True), path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(checkpoint, tmp_path, parts, "cannot be read: .*(cut off|EOF|unexpected)")


def test_official_import_refuses_what_is_no_state_dict(checkpoint, tmp_path, parts):
    torch.save([torch.ones(2)], checkpoint / "unet.pth")
    refused(checkpoint, tmp_path, parts, "it is no state dict of tensors")
    torch.save({"conv_in.weight": torch.ones(2, dtype=torch.int64)}, checkpoint / "unet.pth")
    refused(checkpoint, tmp_path, parts, "'conv_in.weight' holds torch.int64")


def test_official_import_refuses_weights_that_are_not_finite(checkpoint, tmp_path, parts):
    def spoil(state):
        state["module.conv_out.bias"][0] = float("nan")
        return state

    respell(checkpoint / "unet.pth", spoil)
    refused(checkpoint, tmp_path, parts, "'conv_out.bias' in unet.pth holds numbers that are not finite")


def test_official_import_needs_both_files(checkpoint, tmp_path, parts):
    (checkpoint / "adapter.pth").unlink()
    refused(checkpoint, tmp_path, parts, "is incomplete: it has no adapter.pth")
    (checkpoint / "unet.pth").unlink()
    refused(checkpoint, tmp_path, parts, "holds neither unet.pth and adapter.pth nor portrait_editing_models")


def test_official_import_asks_for_the_task_when_it_cannot_tell(checkpoint, tmp_path, parts):
    elsewhere = checkpoint.rename(tmp_path / "weights")
    refused(elsewhere, tmp_path, parts, "the task of weights cannot be told", UsageError)
    assert find_checkpoint(str(elsewhere), "cartoon").task == "cartoon"


def test_official_import_refuses_the_other_task_of_a_named_folder(checkpoint, tmp_path, parts):
    refused(checkpoint, tmp_path, parts, "is the checkpoint of 'outfit', not of 'cartoon'", UsageError, task="cartoon")


def test_official_import_tells_a_wrong_base(release, tmp_path, parts):
    base = build_base(tmp_path / "sd2", cross_dim=128, prediction_type="v_prediction")
    error = refused(
        release.folder, tmp_path, {**parts, "base": str(base)}, "attn2.to_k.weight is 16 x 64 instead of 16 x 128"
    )
    assert isinstance(error, WrongCheckpoint)
    assert "the base is wrong" in str(error) and "--base" in str(error)
    assert any("linear projections" in kind for kind in error.kinds)
    assert len(error.mismatches) > len(error.kinds)


@pytest.mark.parametrize(
    ("name", "found", "wanted", "match"),
    [
        ("conv_in.weight", (320, 4, 3, 3), (320, 8, 3, 3), "plain text-to-image UNet"),
        ("conv_in.weight", (320, 9, 3, 3), (320, 8, 3, 3), "inpainting"),
        ("x.attn2.to_v.weight", (320, 1024), (320, 768), r"Stable Diffusion 2\.x.*base has 768 \(Stable Diffusion 1"),
        ("x.proj_in.weight", (320, 320), (320, 320, 1, 1), "linear projections"),
        ("linear1.weight", (77, 54), (50, 54), "add image tokens"),
        ("linear1.weight", (257, 261), (50, 54), "an image encoder of 257 tokens, this one has 50"),
        ("vae2clip.weight", (768, 256), (768, 1024), "pictures of 256 x 256 pixels, this base has 512"),
        ("vae2clip.weight", (768, 1280), (768, 1024), "other than square"),
        ("vae2clip.weight", (1024, 1024), (768, 1024), "its tokens are 1024 wide, the image encoder's 768"),
        ("conv_norm_out.weight", (64,), (320,), "^$"),
    ],
)
def test_official_shapes_are_explained(name, found, wanted, match):
    assert re.search(match, explain(name, found, wanted))


@pytest.mark.parametrize(
    ("unexpected", "match"),
    [
        ("vae2clip.weight", "the two files are swapped"),
        ("model.diffusion_model.input_blocks.0.weight", "original layout"),
        ("down_blocks.0.attn.lora_A.weight", "LoRA weights"),
        ("add_embedding.linear_1.weight", "Stable Diffusion XL"),
    ],
)
def test_official_names_are_explained(unexpected, match):
    (extra, lacking) = compare({unexpected: (1,)}, {"conv_out.weight": (1,)})
    assert match in extra.meaning and unexpected in extra.what
    assert "conv_out.weight" in lacking.what


def test_official_import_tells_swapped_files(checkpoint, tmp_path, parts):
    (checkpoint / "unet.pth").rename(checkpoint / "x")
    (checkpoint / "adapter.pth").rename(checkpoint / "unet.pth")
    (checkpoint / "x").rename(checkpoint / "adapter.pth")
    refused(checkpoint, tmp_path, parts, "the two files are swapped")


def test_official_import_tells_a_plain_unet(checkpoint, tmp_path, parts):
    respell(
        checkpoint / "unet.pth",
        lambda state: {**state, "module.conv_in.weight": state["module.conv_in.weight"][:, :4].clone()},
    )
    refused(checkpoint, tmp_path, parts, r"conv_in.weight is 16 x 4 x 3 x 3 instead of 16 x 8 x 3 x 3: a plain")


def test_official_import_summarises_missing_weights(checkpoint, tmp_path, parts):
    respell(checkpoint / "unet.pth", lambda state: {k: v for k, v in state.items() if "up_blocks" not in k})
    refused(checkpoint, tmp_path, parts, r"it lacks \d+ tensors such as up_blocks.*incomplete or another network")


def test_official_import_tells_another_image_encoder(release, tmp_path, parts):
    clip = build_clip(tmp_path / "wide", width=128)
    refused(release.folder, tmp_path, {**parts, "image_encoder": str(clip)}, "its tokens are 64 wide")


def test_official_import_refuses_other_kinds_of_base(release, tmp_path, parts):
    inpainting = build_base(tmp_path / "inpainting", in_channels=9)
    refused(release.folder, tmp_path, {**parts, "base": str(inpainting)}, "takes 9 channels", UsageError)
    refused(release.folder, tmp_path, {**parts, "base": str(release.clip)}, "has no model_index.json", UsageError)
    refused(release.folder, tmp_path, {**parts, "base": "no such/base folder"}, "there is no base", UsageError)
    refused(release.folder, tmp_path, {**parts, "image_encoder": str(release.base)}, "is no CLIP", UsageError)


@pytest.mark.parametrize("spoilt", ["vae", "text_encoder"])
def test_official_import_refuses_a_half_downloaded_base(release, tmp_path, parts, spoilt):
    base = Path(shutil.copytree(release.base, tmp_path / "base"))
    (weights,) = (base / spoilt).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(release.folder, tmp_path, {**parts, "base": str(base)}, f"in .*{spoilt} cannot be read")
    weights.unlink()
    refused(release.folder, tmp_path, {**parts, "base": str(base)}, f"has no weights in {spoilt}")


def test_official_import_refuses_a_base_whose_weights_have_holes(release, tmp_path, parts):
    base = Path(shutil.copytree(release.base, tmp_path / "base"))
    (weights,) = (base / "text_encoder").glob("*.safetensors")
    state = load_file(weights)
    state.pop(next(name for name in state if name.endswith("final_layer_norm.weight")))
    save_file(state, weights, metadata={"format": "pt"})
    refused(release.folder, tmp_path, {**parts, "base": str(base)}, "1 weights are missing, such as")


def test_official_import_tells_an_unreachable_hub(release, tmp_path, parts, monkeypatch):
    class Refusal(Exception):
        pass

    def no_network(*_, **__):
        raise Refusal("Name or service not known")

    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", no_network)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    refused("ByteDance/feature-preserve-portrait-editing", tmp_path, parts, "cannot get 'ByteDance/.*Refusal")
    base = {**parts, "base": "stablediffusionapi/realistic-vision-v13"}
    refused(release.folder, tmp_path, base, "cannot get 'stablediffusionapi/realistic-vision-v13' from the hub")


def test_official_import_without_network_uses_what_was_fetched_earlier(release, monkeypatch):
    import huggingface_hub

    def no_network(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", no_network)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(release.clip))
    assert sorted(hub.repository_files("openai/clip")) == ["config.json", "model.safetensors"]


def test_official_import_refuses_an_output_with_contents(release, tmp_path, parts):
    output = tmp_path / "model"
    output.mkdir()
    (output / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="is not an empty folder"):
        convert(release.folder, output, parts)
    assert [path.name for path in output.iterdir()] == ["mine.txt"]


def test_official_import_refuses_before_the_disk_is_full(release, tmp_path, parts, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    refused(release.folder, tmp_path, parts, r"the model needs .* GB .*, 0.0 GB are free")


def test_official_import_leaves_nothing_when_writing_fails(release, tmp_path, parts, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importer, "save_file", full)
    refused(release.folder, tmp_path, parts, "cannot write .*No space left")
