"""The claim end to end at a size that shows nothing but that it runs; then again, from what is on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillyou.evaluation.claim import __main__ as command
from stillyou.evaluation.claim import editors, measured, pairs
from stillyou.pairs.dataset.store import PairDataset


def test_the_command_runs_to_its_end_and_finds_all_of_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--size", "smoke", "-o", str(tmp_path / "run"), "--device", "cpu"]
    assert command.main([*arguments, "--document", str(tmp_path / "one.md")]) == 0
    said = (tmp_path / "one.md").read_text()
    for name in (
        "editor",
        "no-curation",
        "no-image-tokens",
        "no-mask",
        "drafts",
        "teacher",
        "ip2p",
        "pix2pix",
        "oracle",
    ):
        assert f"| `{name}` |" in said
    assert "Failed edits" not in said and "**a glance**" in said and "no training saw" in said
    assert (tmp_path / "one-curves.png").is_file() and (tmp_path / "one-sheet.jpg").is_file()
    kept, everything = (PairDataset(tmp_path / "run" / "pairs" / name) for name in ("curated", "all"))
    assert 0 < len(kept) <= len(everything) == 4

    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("made again")

    for module, name in ((pairs, "curate"), (pairs, "rewrite_shard"), (editors, "run_training"), (measured, "measure")):
        monkeypatch.setattr(module, name, never)
    assert command.main([*arguments, "--document", str(tmp_path / "two.md")]) == 0
    tables = [line for line in said.splitlines() if line.startswith("|")]
    assert tables == [line for line in (tmp_path / "two.md").read_text().splitlines() if line.startswith("|")]
    capsys.readouterr()
    assert command.main(["--size", "small", "-o", str(tmp_path / "run")]) == 1
    assert "begun with other" in " ".join(capsys.readouterr().err.split())


def test_the_command_line_names_parts_and_leaves_nothing_behind_wrong_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option, said in (("--conditions=noize", "Did you mean 'noise'"), ("--variants=ip2p", "begin with 'editor'")):
        assert command.main(["--size", "smoke", "-o", str(tmp_path / "run"), option]) == 1
        assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()
