"""The bench of light on costumes: ratios by hand, and people of the studio's kind."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from stillyou.bench import costume_light
from stillyou.bench.costume_light import brightness, by_tone
from stillyou.drafts.draw import draw
from stillyou.drafts.network import predict
from stillyou.images import read_picture
from stillyou.pairs.pair import Pair


def dressed(gain: float) -> Pair:
    """A pair whose target is the draft itself, but so much brighter (linear)."""
    source = read_picture(Path(str(files("stillyou"))) / "samples" / "astronaut.jpg").rgb[:256, 100:356]
    art = draw(source, predict(source[None])[0], "people", "santa", "classic").over(source)
    changed = np.abs(art.astype(int) - source).max(-1, keepdims=True) > 0
    brighter = np.clip(255 * (art / 255) ** 1.0 * gain ** (1 / 2.2), 0, 255).astype(np.uint8)
    words = ("a person", "a person, santa claus costume, classic design", "santa", "people", 0)
    attributes = {"design": "classic", "completeness": "both", "skin_tone": 4}
    target = np.where(changed, brighter, source)
    return Pair(source, target, np.full(source.shape[:2], 255, np.uint8), *words, attributes, "people")


def test_a_draft_as_bright_as_its_target_is_zero():
    assert brightness(dressed(1.0)) == pytest.approx(0, abs=1e-3)
    assert brightness(dressed(0.5)) == pytest.approx(np.log(2), abs=0.03)


def test_tones_by_hand():
    found = [("a", 1, 0.1), ("a", 9, -0.3), ("b", 2, 0.5), ("b", 10, 0.3)]
    rows = by_tone(found)
    assert [row["people"] for row in rows] == [2, 0, 0, 0, 2, 4]
    assert rows[0]["log_ratio"] == pytest.approx(0.15) and rows[4]["log_ratio"] == pytest.approx(-0.15)
    assert rows[0]["error"] == pytest.approx(0.05 / 2**0.5) and rows[1]["log_ratio"] is None
    assert rows[-1]["log_ratio"] == pytest.approx(0.15)
    text = list(costume_light.lines(rows))
    assert text[2] == "| 1 to 3 | 2 | +0.150 ± 0.035 |" and text[3] == "| 4 to 4 | 0 | - |"


def test_pairs_without_people_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", str(tmp_path / "nowhere"), "--json"])
    with pytest.raises(SystemExit) as stop:
        costume_light.main()
    assert stop.value.code == 2 and "nowhere" in capsys.readouterr().err


def test_one_row_a_group_is_told(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", "pairs", "--json"])
    monkeypatch.setattr(costume_light, "PairDataset", lambda path: [dressed(1.0)])
    monkeypatch.setattr(costume_light, "measure", lambda pairs: [("classic", 4, brightness(pairs[0]))])
    costume_light.main()
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows[1]["people"] == 1 and rows[1]["log_ratio"] == pytest.approx(0)
