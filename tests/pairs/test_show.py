"""Contact sheets, and the pairs commands with their exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stillyou.cli import main
from stillyou.effects.lookup import load_effects
from stillyou.errors import StillYouError
from stillyou.pairs.dataset.show import contact_sheet
from stillyou.pairs.dataset.store import PairDataset
from stillyou.pairs.generate import make_pairs
from stillyou.pairs.teachers import registry
from tests.pairs.fakes import QUIET, FakeTeacher

N = 9


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("show") / "pairs"
    make_pairs(FakeTeacher(), load_effects("santa,angry"), N, folder, shard_size=4, execution=QUIET)
    return folder


@pytest.fixture(autouse=True)
def _fake_cartoon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "cartoon", FakeTeacher)


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


def test_a_sheet_shows_source_target_and_mask(finished: Path):
    dataset = PairDataset(finished)
    sheet = np.asarray(contact_sheet(dataset, 1, side=64))
    pair = dataset.load(0)
    for place, pixels in enumerate((pair.source, pair.target, np.dstack([pair.mask] * 3))):
        left = 8 + 64 * place
        assert np.array_equal(sheet[8:72, left : left + 64], pixels)
    assert (sheet[72:] < 128).any()


@pytest.mark.parametrize("n", [1, 2, 4, 500])
def test_sheets_of_any_length(finished: Path, n: int):
    dataset = PairDataset(finished)
    cells = min(n, len(dataset))
    sheet = contact_sheet(dataset, n, columns=3, side=32)
    assert sheet.width == min(cells, 3) * (96 + 16) and sheet.height == -(-cells // 3) * (32 + 45 + 16)


def test_an_empty_selection_has_no_sheet(tmp_path: Path):
    folder = tmp_path / "pairs"
    make_pairs(FakeTeacher(), load_effects("santa"), 1, folder, execution=QUIET)
    status = "rejected" if len(PairDataset(folder)) else "accepted"
    with pytest.raises(StillYouError, match="has no such pairs to show"):
        contact_sheet(PairDataset(folder, status=status))


def test_make_then_info_then_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, sheet = tmp_path / "pairs", tmp_path / "sheet.png"
    arguments = ("pairs", "make", "--teacher", "cartoon", "-e", "santa,angry", "-n", N, "-o", folder, "--size", 64)
    assert _run(*arguments, "--workers", 1, "--shard-size", 4, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["accepted"] + made["rejected"] == 2 * N and list(made["effects"]) == ["santa", "angry"]
    assert made["accepted"] == len(PairDataset(folder))
    assert _run("pairs", "info", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["complete"] is True and told["accepted"] == made["accepted"] and told["effects"] == made["effects"]
    assert told["fingerprint"] == PairDataset(folder, status="any").fingerprint()
    assert (told["domain"], told["config"]["size"]) == ("cartoon", 64)
    assert _run("pairs", "info", folder) == 0
    said = capsys.readouterr().out
    assert "seed: 0\n" in said and "domain: cartoon\n" in said and "origin: \n" in said
    assert _run("pairs", "show", folder, "-o", sheet, "-n", 4, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"sheet": str(sheet), "pairs": 4}
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    assert _run("pairs", "show", folder, "-o", sheet, "-e", "angry", "--rejected") == 0
    assert _run(*arguments, "--workers", 1, "--shard-size", 4) == 0
    assert f"{made['accepted']} accepted, {made['rejected']} rejected" in capsys.readouterr().out


def test_prompt_variables_reach_the_pairs(tmp_path: Path):
    folder = tmp_path / "pairs"
    options = ("-e", "santa", "-n", 3, "-o", folder, "--size", 64, "--workers", 1)
    assert _run("pairs", "make", *options, "--var", "subject=robot") == 0
    assert PairDataset(folder, status="any").row(0)["target_prompt"] == "a robot, santa claus costume"
    assert _run("pairs", "make", *options) == 2


def test_info_of_an_unfinished_dataset(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = Path(shutil.copytree(finished, tmp_path / "pairs"))
    (folder / "pairs-00001.parquet").unlink()
    assert _run("pairs", "info", folder, "--json") == 1
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert told["complete"] is False and told["accepted"] + told["rejected"] == 2 * 5
    assert "misses 1 shard (pairs-00001.parquet)" in captured.err
    assert _run("pairs", "show", folder, "-o", tmp_path / "sheet.png") == 0
    assert "showing the rest" in capsys.readouterr().err


def test_a_check_names_every_file_with_damaged_pages(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = Path(shutil.copytree(finished, tmp_path / "pairs"))
    assert _run("pairs", "info", folder, "--check") == 0
    capsys.readouterr()
    for number in (0, 2):
        shard = folder / f"pairs-{number:05d}.parquet"
        data = bytearray(shard.read_bytes())
        data[len(data) // 3] ^= 1
        shard.write_bytes(data)
    assert _run("pairs", "info", folder, "--check", "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert "damaged pages in pairs-00000.parquet, pairs-00002.parquet. Delete" in captured.err


def test_import_through_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pixels = np.random.default_rng(0).integers(0, 200, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a_input.png")
    Image.fromarray(pixels).save(tmp_path / "a_target.png")
    options = ("pairs", "import", tmp_path, "-e", "santa", "--size", 64, "--workers", 1)
    assert _run(*options, "-o", tmp_path / "none") == 1
    assert "no pair" in capsys.readouterr().err
    changed = pixels.copy()
    changed[10:40, 10:40] += 50
    Image.fromarray(changed).save(tmp_path / "a_target.png")
    assert _run(*options, "-o", tmp_path / "pairs", "--format", "folder", "--json") == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("make", "-n", "0", "-o", "OUT"), "n is 0"),
        (("make", "-n", "x", "-o", "OUT"), "Invalid value for '-n'"),
        (("make", "-o", "OUT"), "-n"),
        (("make", "-n", "1", "-o", "OUT", "--size", "100"), "size is 100"),
        (("make", "-n", "1", "-o", "OUT", "--workers", "-1"), "workers is -1"),
        (("make", "-n", "1", "-o", "OUT", "--teacher", "carton"), "Did you mean 'cartoon'"),
        (("make", "-n", "1", "-o", "OUT", "-e", "laufing"), "Did you mean 'laughing'"),
        (("make", "-n", "1", "-o", "OUT", "--var", "subject"), "is not NAME=VALUE"),
        (("make", "-n", "1", "-o", "OUT", "--var", "subjct=x"), "Did you mean 'subject'"),
        (("import", "OUT", "-e", "santa", "-o", "OUT"), "does not exist"),
        (("import", ".", "-e", "santa", "-o", "OUT", "--format", "foldr"), "Did you mean 'folder'"),
        (("info", "OUT"), "is no pair dataset"),
        (("show", "OUT", "-o", "sheet.png"), "is no pair dataset"),
        (("info", "s3://bucket/pairs"), "s3://bucket/pairs is an address; pairs are read from folders"),
        (("show", "OUT", "-o", "sheet.xyz"), "'.xyz' is not a format"),
        (("show", "OUT", "-o", "sheet.png", "-n", "0"), "n is 0"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
):
    out = tmp_path / "out"
    assert _run("pairs", *(str(out) if part == "OUT" else part for part in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err and captured.err.count("\n") == 1
    assert not out.exists()


def test_the_real_command_line(tmp_path: Path):
    command = [sys.executable, "-m", "stillyou", "pairs", "make", "-e", "santa,laughing", "-n", "2", "--size", "64"]
    command += ["--seed", "3", "--shard-size", "1", "--workers"]
    for workers in ("1", "2"):
        done = subprocess.run([*command, workers, "-o", str(tmp_path / workers)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / w).glob("[!.]*")} for w in ("1", "2"))
    assert one == two and len(one) == 3
    refused = subprocess.run([*command, "1", "--seed", "4", "-o", str(tmp_path / "1")], capture_output=True, text=True)
    assert refused.returncode == 2 and "begun with seed 3, not 4" in refused.stderr
