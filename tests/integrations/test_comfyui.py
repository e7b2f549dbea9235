"""The ComfyUI nodes keep ComfyUI's conventions for nodes, images and masks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from stillyou.editing.editor import Editor
from stillyou.errors import StillYouError, UsageError
from tests.editing.fakes import RedPipeline

FOLDER = Path(__file__).parents[2] / "integrations" / "comfyui"


@pytest.fixture(scope="module")
def nodes() -> ModuleType:
    """Load the pack as ComfyUI does: its folder, as a package of whatever name."""
    spec = importlib.util.spec_from_file_location(
        "custom_pack", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["custom_pack"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def model() -> Editor:
    return Editor(RedPipeline(), "fake", lambda rgb: [])


def images(count: int = 2, height: int = 40, width: int = 64) -> torch.Tensor:
    levels = torch.randint(0, 256, (count, height, width, 3), generator=torch.Generator().manual_seed(1))
    return levels.float() / 255


def test_nodes_declare_what_comfyui_reads(nodes: ModuleType) -> None:
    assert set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS)
    for node in nodes.NODE_CLASS_MAPPINGS.values():
        inputs = node.INPUT_TYPES()
        assert "required" in inputs and callable(getattr(node(), node.FUNCTION))
        assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES) and node.CATEGORY
        for kind, *more in (*inputs["required"].values(), *inputs.get("optional", {}).values()):
            assert isinstance(kind, (str, list)) and all(isinstance(each, dict) for each in more)


def test_a_batch_is_edited_and_its_masks_say_where(nodes: ModuleType, model: Editor) -> None:
    edit = nodes.NODE_CLASS_MAPPINGS["EditPortraitStillYou"]()
    before = images()
    after, mask = edit.edit(
        model, before, "laughing", "default", 1.0, 7, domain="cartoon", face="", wear="both", steps=3
    )
    assert after.shape == before.shape and after.dtype == torch.float32 and mask.shape == before.shape[:3]
    assert after.min() >= 0 and after.max() <= 1 and 0 < mask.mean() < 1
    assert torch.equal(after[mask == 0], before[mask == 0])
    assert model.pipeline.calls[0].seeds == [7, 8] and model.pipeline.calls[0].steps == 3


@pytest.mark.parametrize("shape", [(2, 40, 64), (1, 40, 64), (40, 64)])
def test_a_connected_mask_is_used(nodes: ModuleType, model: Editor, shape: tuple[int, ...]) -> None:
    edit = nodes.NODE_CLASS_MAPPINGS["EditPortraitStillYou"]()
    given = torch.zeros(shape)
    given[..., 5:20, 15:30] = 1.0
    _, mask = edit.edit(model, images(), "laughing", "default", 1.0, 0, mask=given)
    assert torch.equal(mask, given.expand(2, 40, 64))


def test_wrong_inputs_are_told(nodes: ModuleType, model: Editor) -> None:
    edit = nodes.NODE_CLASS_MAPPINGS["EditPortraitStillYou"]()
    with pytest.raises(UsageError, match="no designs"):
        edit.edit(model, images(), "laughing", "green", 1.0, 0)
    with pytest.raises(StillYouError, match="rows"):
        edit.edit(model, images(), "laughing", "default", 1.0, 0, mask=torch.ones(1, 9, 9))
    with pytest.raises(UsageError, match="3 masks came with 2 pictures"):
        edit.edit(model, images(), "laughing", "default", 1.0, 0, mask=torch.ones(3, 40, 64))


def test_the_embedded_model_loads_by_name(nodes: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Editor, "from_pretrained", classmethod(lambda cls, *names: asked.append(names) or "editor"))
    assert nodes.NODE_CLASS_MAPPINGS["LoadStillYou"]().load(" embedded ", "cpu") == ("editor",)
    assert asked == [("embedded", "cpu")]
