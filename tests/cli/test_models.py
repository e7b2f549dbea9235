"""`stillyou models`: what is listed, and exports that cannot be written."""

import json

import pytest
from safetensors import SafetensorError

from stillyou.cli import main
from stillyou.diffusion import models
from stillyou.diffusion.pipeline import MultiConditionedPipeline


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def test_the_embedded_model_is_listed(capsys):
    assert run("models", "list", "--json") == 0
    assert "embedded" in json.loads(capsys.readouterr().out)["models"]


@pytest.mark.parametrize(
    "trouble", [SafetensorError("No space left on device"), OSError(28, "No space left on device")]
)
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, tiny_pipeline, monkeypatch, capsys, trouble):
    def fail(self, folder):
        (folder / "half").write_text("written")
        raise trouble

    monkeypatch.setattr(models, "load_pipeline", lambda *_, **__: tiny_pipeline)
    monkeypatch.setattr(MultiConditionedPipeline, "save_pretrained", fail)
    assert run("models", "export", "embedded", "-o", tmp_path / "plain") == 1
    told = capsys.readouterr().err
    assert "cannot write" in told and "No space left" in told and "Check space" in told
    assert list(tmp_path.iterdir()) == []
