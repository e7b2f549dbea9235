"""Importing released checkpoints: every layout they come in."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPConfig, CLIPModel

from stillyou.cli import main
from stillyou.diffusion.card import read_card
from stillyou.editing.effect_lookup import resolve_effect
from stillyou.models.load import load_pipeline
from stillyou.models.official.checkpoint import find_checkpoint, read_state
from stillyou.models.official.importer import import_official
from tests.sd_tiny import build_base, build_released, released_states


def convert(source, output, parts, **options):
    return import_official(str(source), output, **{**parts, **options})


def test_official_import_writes_one_safe_folder(release, model_folder, imported):
    files = {path.suffix for path in model_folder.rglob("*") if path.is_file()}
    assert files == {".json", ".safetensors"}
    index = json.loads((model_folder / "model_index.json").read_text())
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    assert index["adapter"] == ["stillyou.diffusion.adapter", "ImageAdapter"]
    assert index["scheduler"] == ["diffusers", "UniPCMultistepScheduler"]
    wanted = torch.load(release.checkpoint / "unet.pth", weights_only=True)
    found = imported.unet.state_dict()
    assert {f"module.{name}" for name in found} == set(wanted)
    assert all(torch.equal(found[name.removeprefix("module.")], wanted[name]) for name in wanted)
    adapter = torch.load(release.checkpoint / "adapter.pth", weights_only=True)
    assert torch.equal(imported.adapter.vae2clip.weight, adapter["module.vae2clip.weight"])
    assert not any(str(release.folder) in path.read_text() for path in model_folder.rglob("*.json"))


def test_official_card_has_prompts_scales_provenance_and_licence(model_folder, release):
    card = read_card(model_folder)
    assert card.effect_ids == ("flower", "santa", "sheep", "royal")
    assert "OpenRAIL-M" in card.licence
    assert card.training["official"] == "outfit"
    assert card.training["base"] == "base"
    digest = hashlib.sha256((release.checkpoint / "unet.pth").read_bytes()).hexdigest()
    assert card.training["unet.pth sha256"] == digest
    for name, words in {
        "flower": "cute flower costume",
        "santa": "santa claus costume",
        "sheep": "cute white sheep costume",
        "royal": "traditional golden palace costume",
    }.items():
        spec = resolve_effect(name, card, "model")
        assert spec.prompts({"subject": "woman"}).target == f"a woman, {words}"
        assert spec.prompts().source == "a man"
        assert (spec.guidance.image, spec.guidance.source, spec.guidance.text) == (3, 2, 4)
        assert not spec.domains  # scales tuned on other models must not replace the release's
    assert card.resolution == 64  # the tiny base's; 512 of the real one


def test_official_import_takes_the_other_task_and_half_precision(release, parts, tmp_path):
    folder = build_released(tmp_path / "dl" / "cartoon" / "checkpoint-200000", release.base, dtype=torch.float16)
    card = convert(tmp_path / "dl", tmp_path / "model", parts)
    assert card.effect_ids == ("angry", "shocked", "laughing", "crying")
    assert card.training["official"] == "cartoon"
    stored = load_file(tmp_path / "model" / "unet" / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert load_pipeline(str(tmp_path / "model"), "cpu", torch.float32).unet.dtype == torch.float32
    assert find_checkpoint(str(folder)).task == "cartoon"


def test_official_import_takes_old_layouts(release, parts, tmp_path):
    """A checkpoint in torch's old format, a base with .bin weights and vocab.json, a whole CLIP as .bin."""
    old = tmp_path / "outfit"
    old.mkdir()
    for name in ("unet.pth", "adapter.pth"):
        state = torch.load(release.checkpoint / name, weights_only=True)
        torch.save(state, old / name, _use_new_zipfile_serialization=False)
    base = build_base(tmp_path / "base", safetensors=False)
    model = json.loads((base / "tokenizer" / "tokenizer.json").read_text())["model"]
    (base / "tokenizer" / "tokenizer.json").unlink()
    (base / "tokenizer" / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (base / "tokenizer" / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    vision = json.loads((release.clip / "config.json").read_text())
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    whole = CLIPModel(CLIPConfig(text_config={**text, "vocab_size": 64}, vision_config=vision))
    whole.save_pretrained(tmp_path / "clip")
    (tmp_path / "clip" / "model.safetensors").unlink()
    torch.save(whole.state_dict(), tmp_path / "clip" / "pytorch_model.bin")
    convert(old, tmp_path / "model", {"base": str(base), "image_encoder": str(tmp_path / "clip")})
    pipeline, same = (
        load_pipeline(str(tmp_path / "model"), "cpu", torch.float32),
        load_file(convert_again(release, parts, tmp_path) / "unet" / "diffusion_pytorch_model.safetensors"),
    )
    assert all(torch.equal(tensor, same[name]) for name, tensor in pipeline.unet.state_dict().items())
    prompt = ["a man, santa claus costume"]
    reference = load_pipeline(str(tmp_path / "again"), "cpu", torch.float32)
    assert torch.equal(pipeline.token_ids(prompt), reference.token_ids(prompt))
    place = "embeddings.position_embedding.weight"
    (position,) = (t for name, t in pipeline.image_encoder.state_dict().items() if name.endswith(place))
    assert torch.equal(position, whole.state_dict()[f"vision_model.{place}"])


def convert_again(release, parts, tmp_path):
    convert(release.folder, tmp_path / "again", parts)
    return tmp_path / "again"


def test_official_import_by_hub_id_fetches_only_what_it_needs(release, tmp_path, monkeypatch):
    repositories = {
        "Owner/release": release.folder,
        "owner/base": release.base,
        "owner/clip": release.clip,
    }
    fetched = []

    def repository_files(hub_id):
        folder = repositories[hub_id]
        return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]

    def fetch(hub_id, names):
        fetched.extend(names)
        target = tmp_path / "hub" / hub_id
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repositories[hub_id] / name, target / name)
        return target

    for module in ("checkpoint", "parts"):
        monkeypatch.setattr(f"stillyou.models.official.{module}.repository_files", repository_files)
        monkeypatch.setattr(f"stillyou.models.official.{module}.download_files", fetch)
    card = convert("Owner/release", tmp_path / "model", {"base": "owner/base", "image_encoder": "owner/clip"})
    assert card.training["source"] == "Owner/release/portrait_editing_models/outfit/checkpoint-200000"
    assert card.training["base"] == "owner/base"
    assert "unet/diffusion_pytorch_model.safetensors" not in fetched  # the base's own UNet is not needed
    assert load_pipeline(str(tmp_path / "model"), "cpu").card.training["official"] == "outfit"


def test_official_import_maps_weights_instead_of_loading_them(release):
    state = read_state(release.checkpoint / "unet.pth")
    assert all(not name.startswith("module.") for name in state)
    assert set(state) == set(released_states(release.base)[0])


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def test_official_import_command(release, parts, tmp_path, capsys):
    options = ("--base", release.base, "--image-encoder", release.clip)
    assert run("models", "import-official", release.folder, "-o", tmp_path / "model", *options, "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["training"]["official"] == "outfit"
    assert "Traceback" not in told.err
    base = build_base(tmp_path / "sd2", cross_dim=128)
    wrong = ("--base", base, "--image-encoder", release.clip)
    assert run("models", "import-official", release.folder, "-o", tmp_path / "other", *wrong) == 1
    told = capsys.readouterr()
    assert told.out == "" and "also: " in told.err and "does not fit the base" in told.err
    assert not (tmp_path / "other").exists()
    assert run("models", "import-official", release.folder, "-o", tmp_path / "other", "--task", "outfits") == 2
    assert "Did you mean 'outfit'?" in capsys.readouterr().err
