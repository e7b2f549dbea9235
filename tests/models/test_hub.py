"""Names of the hub, and what is asked of it: nothing but what the user named."""

from __future__ import annotations

import pytest

from stillyou.errors import StillYouError
from stillyou.models.hub import download, download_files, is_hub_id


@pytest.mark.parametrize("name", ["me/mine", "A.b/c_d-1", "openai/clip-vit-base-patch32"])
def test_ids(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_hub_id(name)


@pytest.mark.parametrize(
    "name", ["", "gpt2", "a/b/c", "./x", "../x", "/x", "a/", "a b/c", "a/b--c", "a/..", "-a/b", "x/y.git"]
)
def test_what_is_no_id(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not is_hub_id(name)


def test_a_path_below_a_folder_that_exists_is_no_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    assert not is_hub_id("runs/mine")


def test_downloads_ask_for_the_patterns_alone(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "huggingface_hub.snapshot_download", lambda name, **options: asked.append((name, options)) or str(tmp_path)
    )
    assert download("me/mine", ["*.json"], without=["big*"], into=tmp_path) == tmp_path
    assert asked == [("me/mine", {"local_dir": tmp_path, "allow_patterns": ["*.json"], "ignore_patterns": ["big*"]})]
    with pytest.raises(StillYouError, match="a.json of 'me/mine' did not arrive"):
        download_files("me/mine", ["a.json"])


def test_whatever_the_transport_raises_is_one_line(monkeypatch):
    def fail(*_, **__):
        raise ConnectionResetError("long\nstory")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(StillYouError, match="cannot get 'me/mine' from the hub .ConnectionResetError"):
        download("me/mine", ["*"])
