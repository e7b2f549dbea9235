"""`stillyou models`: what is listed and told, what verify finds, what pull brings, exports that cannot be written."""

import json
import shutil

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tests.conftest import build_tiny_pipeline
from tests.sd_tiny import build_base, build_clip

from stillyou.cli import main
from stillyou.diffusion.pipeline import MultiConditionedPipeline
from stillyou.models import load as models
from stillyou.models.compact import save_compact
from stillyou.models.from_base import load_base


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["models", *map(str, arguments)])
    return stop.value.code


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch, tmp_path):
    """An empty cache, and a hub that cannot be reached."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "no-cache"))

    def unreachable(*_, **__):
        raise ConnectionError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A tiny model in the plain layout and in the int8 form; tests copy what they change."""
    root, pipeline = tmp_path_factory.mktemp("saved"), build_tiny_pipeline()
    pipeline.card = pipeline.card.model_copy(
        update={"name": "tiny", "licence": "Apache-2.0", "training": {"base": "b"}}
    )
    pipeline.save_pretrained(root / "plain")
    save_compact(pipeline, root / "compact")
    return root


@pytest.fixture
def plain(saved, tmp_path):
    return shutil.copytree(saved / "plain", tmp_path / "model")


def weights(folder, part="unet"):
    (path,) = (folder / part).glob("*.safetensors")
    return path


def verified(folder, capsys):
    code = run("verify", folder, "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["whole"] is (code == 0)
    return found


def test_the_embedded_model_is_listed(capsys):
    assert run("list", "--json") == 0
    assert "embedded" in json.loads(capsys.readouterr().out)["models"]


def test_models_and_loras_of_folders_are_listed(saved, tmp_path, capsys):
    lora = tmp_path / "runs" / "lora"
    lora.mkdir(parents=True)
    save_file({"unet.x.lora_A.weight": torch.zeros(4, 8)}, lora / "pytorch_lora_weights.safetensors")
    (lora / "stillyou.json").write_text('{"format_version": 1, "training": {"base": "somewhere/sd"}}')
    assert run("list", "--root", saved, "--root", tmp_path, "--json") == 0
    found = json.loads(capsys.readouterr().out)["models"]
    assert found[str(saved / "plain")]["kind"] == "model"
    assert found[str(saved / "plain")]["licence"] == "Apache-2.0"
    assert found[str(lora)]["lora"] == {"rank": 4, "parameters": 32, "base": "somewhere/sd"}
    assert run("list", "--root", tmp_path) == 0
    assert "LoRA  rank 4" in capsys.readouterr().out
    assert run("list", "--root", tmp_path / "nowhere") == 2


def test_the_hubs_cache_is_listed_without_a_network(saved, tmp_path, monkeypatch, capsys):
    from huggingface_hub import constants

    snapshot = tmp_path / "hub" / "models--me--mine" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(saved / "plain", snapshot)
    refs = tmp_path / "hub" / "models--me--mine" / "refs"
    refs.mkdir()
    (refs / "main").write_text(snapshot.name)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert run("list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["models"]["me/mine"]["name"] == "tiny"
    (snapshot / "stillyou.json").write_text("{")  # one damaged card hides no other model
    assert run("list", "--json") == 0
    assert "embedded" in json.loads(capsys.readouterr().out)["models"]


def test_info_counts_parameters(saved, capsys):
    pipeline = build_tiny_pipeline()
    expected = sum(parameter.numel() for parameter in pipeline.unet.parameters())
    for form in ("plain", "compact"):
        assert run("info", saved / form, "--json") == 0
        about = json.loads(capsys.readouterr().out)
        assert about["parameters"]["unet"] == expected and about["licence"] == "Apache-2.0"
    assert run("info", saved / "plain") == 0
    assert "M parameters" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["plain", "compact"])
def test_a_whole_model_verifies(saved, form, capsys):
    found = verified(saved / form, capsys)
    assert found["problems"] == [] and found["checksums"] and found["files"] == 5 and found["tensors"] > 100


def test_the_shipped_model_verifies(capsys):
    assert run("verify") == 0
    assert "is whole" in capsys.readouterr().out


def edit_weights(folder, change, part="unet"):
    path = weights(folder, part)
    state = load_file(path)
    change(state)
    save_file(state, path)


def without_checksums(folder):
    (folder / "checksums.json").unlink()


def flip_a_byte(folder):
    data = bytearray(weights(folder).read_bytes())
    data[-1] ^= 1
    weights(folder).write_bytes(bytes(data))


def cut(folder):
    without_checksums(folder)
    weights(folder).write_bytes(weights(folder).read_bytes()[:5000])


def not_a_number(folder):
    without_checksums(folder)
    edit_weights(folder, lambda state: state["conv_in.bias"].fill_(float("nan")))


def wrong_shape(folder):
    without_checksums(folder)
    edit_weights(folder, lambda state: state.update({"conv_out.bias": torch.zeros(9)}))


def lost_weight(folder):
    without_checksums(folder)
    edit_weights(folder, lambda state: state.pop("conv_out.bias"))


def bad_config(folder):
    without_checksums(folder)
    path = folder / "unet" / "config.json"
    path.write_text(path.read_text().replace('"down_block_types"', '"down_blocks"').replace("DownBlock2D", "Nonsense"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "unet" / "pytorch_model.bin").write_bytes(b"\x80"), "pytorch_model.bin is a pickle"),
        (lambda folder: (folder / "unet" / "x.incomplete").write_bytes(b""), "download or save that stopped"),
        (lambda folder: shutil.rmtree(folder / "adapter"), "adapter/ is missing"),
        (lambda folder: weights(folder, "vae").unlink(), "vae/ has no .safetensors file"),
        (lambda folder: (folder / "model_index.json").unlink(), "model_index.json is missing"),
        (
            lambda folder: weights(folder).write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
            "Git LFS pointer",
        ),
        (flip_a_byte, "is not the file that checksums.json was written for"),
        (cut, "is damaged or only partly there"),
        (not_a_number, "'conv_in.bias' holds numbers that are not finite"),
        (wrong_shape, "'conv_out.bias' has shape (9,), its config says (4,)"),
        (lost_weight, "1 weights are missing, 'conv_out.bias' first"),
        (bad_config, "unet/config.json describes no network"),
        (lambda folder: (folder / "checksums.json").write_text("{"), "checksums.json is damaged"),
        (lambda folder: (folder / "extra.txt").write_text("x"), "extra.txt is not in checksums.json"),
    ],
)
def test_verify_names_what_is_wrong(plain, capsys, damage, told):
    damage(plain)
    found = verified(plain, capsys)
    assert any(told in problem for problem in found["problems"]), found["problems"]


def test_a_missing_shard_is_named(plain, capsys):
    without_checksums(plain)
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (plain / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert "unet/model-00001-of-00002.safetensors is missing" in verified(plain, capsys)["problems"]


def test_weights_with_the_names_of_older_libraries_verify(plain, capsys):
    without_checksums(plain)

    def rename(state):
        for key in list(state):
            state["text_model." + key] = state.pop(key)

    edit_weights(plain, rename, "text_encoder")
    assert verified(plain, capsys)["problems"] == []


def test_a_card_may_be_edited(plain, capsys):
    card = plain / "stillyou.json"
    card.write_text(card.read_text().replace('"tiny"', '"my own"'))
    assert verified(plain, capsys)["problems"] == []


def test_pull_copies_a_folder_but_nothing_that_could_hold_code(plain, tmp_path, capsys):
    (plain / "readme.md").write_text("hello")
    (plain / ".git").mkdir()
    assert run("pull", plain, "-o", tmp_path / "mine") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mine")
    assert not (tmp_path / "mine" / "readme.md").exists() and not (tmp_path / "mine" / ".git").exists()
    assert verified(tmp_path / "mine", capsys)["checksums"]


def test_pull_writes_checksums_where_there_were_none(plain, tmp_path, capsys):
    without_checksums(plain)
    assert run("pull", plain, "-o", tmp_path / "mine") == 0
    capsys.readouterr()
    assert verified(tmp_path / "mine", capsys)["checksums"]


def test_pull_from_the_hub_asks_for_safe_files_alone(saved, tmp_path, monkeypatch, capsys):
    asked = []

    def download(hub_id, local_dir, allow_patterns, ignore_patterns=()):
        asked.append((hub_id, allow_patterns))
        shutil.copytree(saved / "plain", local_dir, dirs_exist_ok=True)
        (local_dir / ".cache" / "huggingface").mkdir(parents=True)
        return str(local_dir)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert run("pull", "me/mine", "-o", tmp_path / "mine") == 0
    assert asked == [("me/mine", ["*.safetensors", "*.json", "*.txt"])]
    assert not (tmp_path / "mine" / ".cache").exists()
    capsys.readouterr()
    assert verified(tmp_path / "mine", capsys)["problems"] == []


def test_a_half_pulled_model_leaves_nothing(plain, tmp_path, capsys):
    weights(plain).unlink()
    assert run("pull", plain, "-o", tmp_path / "mine") == 1
    assert "is not a whole model" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists() and {path.name for path in tmp_path.iterdir()} == {"model"}


def test_an_unreachable_hub_is_one_line(tmp_path, capsys):
    assert run("pull", "me/mine", "-o", tmp_path / "mine") == 1
    told = capsys.readouterr().err
    assert "cannot get 'me/mine' from the hub (ConnectionError)" in told and "network" in told
    assert list(tmp_path.iterdir()) == []
    assert run("info", "me/mine") == 1
    assert run("pull", "not-a-model", "-o", tmp_path / "mine") == 2


@pytest.mark.parametrize(
    "trouble", [SafetensorError("No space left on device"), OSError(28, "No space left on device")]
)
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, tiny_pipeline, monkeypatch, capsys, trouble):
    def fail(self, folder):
        (folder / "half").write_text("written")
        raise trouble

    monkeypatch.setattr(models, "load_pipeline", lambda *_, **__: tiny_pipeline)
    monkeypatch.setattr(MultiConditionedPipeline, "save_pretrained", fail)
    assert run("export", "embedded", "-o", tmp_path / "plain") == 1
    told = capsys.readouterr().err
    assert "cannot write" in told and "No space left" in told and "Check space" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["unet", "text_encoder", "adapter"])
def test_weights_that_are_missing_are_never_made_up(plain, tmp_path, capsys, part):
    save_file(dict(list(load_file(weights(plain, part)).items())[2:]), weights(plain, part), metadata={"format": "pt"})
    assert run("export", plain, "-o", tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert f"{part} lacks 2 weights" in told and len(told.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_config_that_is_no_text_is_a_damaged_model(plain, tmp_path, capsys):
    (plain / "vae" / "config.json").write_bytes(b"\xff\xfe\x00")
    assert run("export", plain, "-o", tmp_path / "out") == 1
    assert "vae/config.json is damaged: it is not a text file" in capsys.readouterr().err


def test_the_int8_form_of_a_stable_diffusion_sized_model_is_refused(tmp_path, capsys):
    """It could not be loaded again."""
    base, clip = build_base(tmp_path / "base"), build_clip(tmp_path / "clip")
    load_base(str(base), str(clip)).save_pretrained(tmp_path / "model")
    assert run("export", tmp_path / "model", "--compact", "-o", tmp_path / "out") == 2
    assert "small autoencoder" in capsys.readouterr().err and not (tmp_path / "out").exists()
