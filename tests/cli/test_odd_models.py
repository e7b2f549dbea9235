"""Model folders that are not what they claim: `verify` finds it, and loading refuses it in a line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.conftest import build_tiny_pipeline

from stillyou.errors import StillYouError
from stillyou.models.compact import save_compact
from stillyou.models.load import load_pipeline
from stillyou.models.verify import verify_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, pipeline = tmp_path_factory.mktemp("odd"), build_tiny_pipeline()
    pipeline.save_pretrained(root / "plain")
    save_compact(pipeline, root / "compact")
    return root


def config(part: str, **changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / part / "config.json" if part else folder / "model_index.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def text(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_text(content))


def void(_: object) -> None: ...


def link_out(folder: Path) -> None:
    (path,) = (folder / "unet").glob("*.safetensors")
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


def not_finite(folder: Path) -> None:
    (path,) = (folder / "adapter").glob("*.safetensors")
    state = load_file(path)
    key = next(key for key in state if state[key].is_floating_point())
    state[key].view(-1)[0] = float("inf")
    save_file(state, path)


@pytest.mark.parametrize("form", ["plain", "compact"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (link_out, "leads out of"),
        (not_finite, "holds numbers that are not finite"),
        (config("", vae=[]), "has a 'vae' that is no [library, class]"),
        (config("", unet=["diffusers"]), "has a 'unet' that is no [library, class]"),
        (text("text_encoder/config.json", '{"a":' * 9000), "is nested too deeply"),
        (text("tokenizer/tokenizer_config.json", '{"a": 1, "a": 2}'), "has the key 'a' twice"),
        (config("text_encoder", hidden_size="wide"), "text_encoder"),
        (config("image_encoder", num_hidden_layers=[1]), "image_encoder"),
        (config("image_encoder", num_hidden_layers=10**6), "image_encoder"),
        (config("unet", cross_attention_dim=10**9), "larger than any network's"),
    ],
)
def test_it_is_found_and_refused(
    saved: Path, tmp_path: Path, form: str, damage: Callable[[Path], None], told: str
) -> None:
    folder = Path(shutil.copytree(saved / form, tmp_path / "model"))
    (folder / "checksums.json").unlink()
    damage(folder)
    problems = verify_model(folder).problems
    assert problems and any(told in problem for problem in problems)
    with pytest.raises(StillYouError) as caught:
        load_pipeline(str(folder), "cpu", torch.float32)
    assert "\n" not in str(caught.value)
