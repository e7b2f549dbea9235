"""The measuring commands: shared arguments, one JSON object, and figures of a run that is as small as can be."""

from __future__ import annotations

import json

import pytest

from stillyou.bench import cartoon_studio, command, embedded_edit, mask_calibration, people_studio, speed_quality


@pytest.mark.parametrize("module", [cartoon_studio, embedded_edit, mask_calibration, people_studio, speed_quality])
def test_all_commands_share_their_arguments(module, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    with pytest.raises(SystemExit) as stop:
        module.main()
    told = capsys.readouterr().out
    assert stop.value.code == 0 and "--json" in told and "--output FILE" in told
    assert f"python -m {module.__name__}" in told


def test_figures_go_to_people_to_programs_and_to_a_file(tmp_path, capsys):
    parser, figures = command.parser("Measures."), {"value": 2.5}
    command.tell(parser.parse_args([]), figures, ["two and a half"])
    assert capsys.readouterr().out == "two and a half\n"
    command.tell(parser.parse_args(["--json", "-o", str(tmp_path / "a.json")]), figures, ["unseen"])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "a.json").read_text())
    assert printed["value"] == 2.5 and printed["machine"]["cores"] >= 1


def test_the_cartoon_studio_is_measured(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", "--pairs", "1", "--size", "64", "--json"])
    monkeypatch.setattr(cartoon_studio, "warm_up", lambda studio: 0.0)
    cartoon_studio.main()
    found = json.loads(capsys.readouterr().out)
    assert found["costume_pairs_a_second"] > 0 and found["expression_pairs_a_second"] > 0


def test_masks_are_calibrated_on_pairs_that_are_made(monkeypatch, capsys, tiny_pipeline):
    monkeypatch.setattr("sys.argv", ["bench", "-n", "1", "--levels", "0.5", "--json"])
    monkeypatch.setattr(mask_calibration, "load_pipeline", lambda *_: tiny_pipeline)
    monkeypatch.setattr(mask_calibration, "PASSES", (1,))
    monkeypatch.setattr(mask_calibration, "catalogue", lambda: {k: v for k, v in CATALOGUE.items() if k in SOME})
    mask_calibration.main()
    found = json.loads(capsys.readouterr().out)
    assert 0 <= found["costume"][0]["recall"] <= 1 and found["expression"][0]["settings"]["encode_strength"] == 0.5


CATALOGUE, SOME = mask_calibration.catalogue(), ("santa", "angry")
