"""The claim end to end at a size that shows nothing but that it runs; then again, from what is on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillyou.effects.lookup import catalogue
from stillyou.evaluation.claim import __main__ as command
from stillyou.evaluation.claim import editors, measured, pairs
from stillyou.evaluation.claim.settings import SIZES
from stillyou.evaluation.claim.truth import StudioPairs, training_seed, unseen_sample
from stillyou.evaluation.comparison.run import Ground
from stillyou.evaluation.known_truth.settings import Batch, Settings
from stillyou.evaluation.known_truth.splits import in_domain
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
    wrong = {
        "--conditions=noize": "Did you mean 'noise'",
        "--variants=ip2p": "begin with 'editor'",
        "--drift=2": "drift",
        "--drift=0.5 --conditions=noise": "without conditions",
        "--steps=0": "steps",
        "--effects=lauging": "Did you mean 'laughing'",
    }
    for option, said in wrong.items():
        assert command.main(["--size", "smoke", "-o", str(tmp_path / "run"), *option.split()]) == 1
        assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_pairs_that_drift_are_the_studios_and_keep_less_than_the_truth(tmp_path: Path) -> None:
    settings = SIZES["smoke"].model_copy(update={"drift": 1.0, "side": 96, "pairs": 6, "tests": 4})
    pairs.make(settings, tmp_path, "cpu")
    pairs.accept_all(tmp_path)
    made = PairDataset(tmp_path / pairs.ALL, status="any")
    truth = StudioPairs(settings.split, training_seed(settings), settings.side)
    santa = catalogue()["santa"]
    kept = []
    for index in range(6):
        number = int(made.row(index)["key"].rpartition("-")[2])
        pair, true = made.load(index), truth.get(santa, number)
        assert np.array_equal(pair.source, true.source)
        assert pair.target_prompt == "a cartoon character, santa claus costume"  # edits name no design either
        kept.append(np.array_equal(pair.target, true.target))
    assert not any(kept)

    sample = unseen_sample(settings)
    asked = sample.of(in_domain(santa, settings.split), 96)
    contest = measured.Contest(settings, tmp_path, Ground(None, sample, Settings()), "cpu")  # type: ignore[arg-type]
    editor, _ = measured.everyone(contest)[measured.TEACHER]().at(None, Settings())
    batch = Batch.of(asked, in_domain(santa, settings.split), [0] * 4, Settings())
    for answer, pair in zip(editor.answer(batch), asked, strict=True):
        assert answer.edit.shape == pair.target.shape and not np.array_equal(answer.edit, pair.target)
