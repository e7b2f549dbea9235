"""Effect specs, the catalogue, and the effects command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stillyou.cli import main
from stillyou.effects.lookup import auxiliary, catalogue, load_effect, load_effects
from stillyou.effects.spec import EffectSpec, Prompts
from stillyou.errors import UsageError

GOOD = """
id: pirate
title: Pirate costume
group: costume
variables: {subject: person, colour: red}
source_prompt: "a {subject}"
target_prompt: "a {subject}, {colour} pirate costume"
keeps: [face, background]
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def test_the_catalogue_holds_the_eight_effects_and_the_papers_prompts():
    assert list(catalogue()) == ["flower", "santa", "sheep", "royal", "angry", "shocked", "laughing", "crying"]
    assert list(auxiliary()) == ["neutral"]
    targets = {name: spec.prompts({"subject": "woman"}).target for name, spec in catalogue().items()}
    assert targets["flower"] == "a woman, cute flower costume"
    assert targets["santa"] == "a woman, santa claus costume"
    assert targets["sheep"] == "a woman, cute white sheep costume"
    assert targets["royal"] == "a woman, traditional golden palace costume"
    assert targets["crying"] == "a woman, crying expression"
    for spec in (*catalogue().values(), *auxiliary().values()):
        assert spec.prompts().source == "a cartoon character"
        assert spec.group == ("costume" if "costume" in spec.target_prompt else "expression")


def test_every_file_of_the_catalogue_is_listed():
    import stillyou.effects.lookup as module

    files = {path.stem for path in (Path(module.__file__).parent / "catalogue").glob("*.yaml")}
    assert files == {*catalogue(), *auxiliary()}


def test_a_users_file_fills_its_own_variables(tmp_path: Path):
    spec = load_effect(_write(tmp_path, GOOD))
    assert spec.prompts() == Prompts("a person", "a person, red pirate costume")
    assert spec.prompts({"colour": "blue"}).target == "a person, blue pirate costume"
    assert spec.with_variables({"subject": "cat"}).prompts() == Prompts("a cat", "a cat, red pirate costume")


@given(st.text(alphabet=st.characters(blacklist_characters="{}\n"), min_size=1, max_size=100).filter(str.strip))
def test_any_plain_value_appears_in_the_prompt_as_it_is(value: str):
    assert catalogue()["santa"].prompts({"subject": value}).source == f"a {value}"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("title:", "tittle:"), "tittle"),
        (("costume\nvar", "hat\nvar"), "group"),
        (("{colour} pirate", "{color} pirate"), "{color}"),
        (("{colour} pirate", "{colour pirate"), "braces"),
        (("keeps: [face, background]", "keeps: []"), "keeps"),
        (("id: pirate", "id: Pirate!"), "id"),
        (("keeps:", "strength: 2\nkeeps:"), "strength"),
        (("keeps:", "guidance: {image: .nan}\nkeeps:"), "guidance.image"),
        (("keeps:", "mask: {startegy: noise}\nkeeps:"), "mask.startegy"),
        (('"a {subject}, {colour} pirate costume"', '"a {subject}"'), "would change nothing"),
        ((GOOD, "- just\n- a list"), "settings"),
        ((GOOD, "a: [1"), "not valid YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, change: tuple[str, str], named: str):
    assert change[0] in GOOD
    path = _write(tmp_path, GOOD.replace(*change))
    with pytest.raises(UsageError) as error:
        load_effect(path)
    assert named in str(error.value) and str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_yaml_cannot_build_objects(tmp_path: Path):
    with pytest.raises(UsageError):
        load_effect(_write(tmp_path, "!!python/object/apply:os.getcwd []"))


@pytest.mark.parametrize(
    "variables", [{"subjekt": "woman"}, {"subject": ""}, {"subject": "{x}"}, {"subject": "a" * 101}]
)
def test_bad_variables_are_refused(variables: dict[str, str]):
    with pytest.raises(UsageError, match="subj"):
        catalogue()["santa"].prompts(variables)


def test_selections(tmp_path: Path):
    path = _write(tmp_path, GOOD)
    assert [spec.id for spec in load_effects("all")] == list(catalogue())
    assert [spec.id for spec in load_effects(f"laughing, {path},neutral")] == ["laughing", "pirate", "neutral"]
    for selection, named in (("", "no effect"), ("santa,santa", "twice"), ("all,royal", "twice"), ("sanat", "'santa'")):
        with pytest.raises(UsageError, match=named):
            load_effects(selection)


def test_the_command_lists_effects(capsys: pytest.CaptureFixture[str]):
    assert _run("effects") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in catalogue()) and "neutral" not in shown
    assert "a cartoon character, cute white sheep costume" in shown
    assert _run("effects", "--all", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["effects"]
    assert [item["id"] for item in listed] == [*catalogue(), "neutral"]
    santa = catalogue()["santa"].defaults()
    assert listed[1]["guidance"] == santa.guidance.model_dump() and listed[1]["mask"] == santa.mask.model_dump()
    assert listed[1]["domains"]["people"]["mask"]["ratio"] == 1.2


def test_the_command_checks_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert _run("effects", "-e", str(_write(tmp_path, GOOD)), "--json") == 0
    assert json.loads(capsys.readouterr().out)["effects"][0]["prompts"]["target"] == "a person, red pirate costume"
    assert _run("effects", "-e", "lauhging") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "Did you mean 'laughing'" in captured.err and "Traceback" not in captured.err
    assert _run("effects", "-e", str(tmp_path / "none.yaml")) == 2


def test_listing_effects_loads_nothing_heavy():
    code = (
        "import sys\nfrom stillyou.cli import main\n"
        "try: main(['effects', '--json'])\nexcept SystemExit as stop: assert not stop.code\n"
        "heavy = {'torch', 'diffusers', 'datasets', 'pyvips', 'pyarrow', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_domain_brings_its_subject_and_what_is_tuned_for_it() -> None:
    own = {"people": {"mask": {"ratio": 2.5}}}
    spec = EffectSpec.model_validate(load_effect("santa").model_dump() | {"domains": own})
    people, cartoon = spec.for_domain("people"), spec.for_domain("cartoon")
    assert people.prompts().target == "a person, santa claus costume"
    assert (people.defaults().mask.ratio, people.defaults().guidance) == (2.5, spec.defaults().guidance)
    assert cartoon.prompts() == spec.prompts() == load_effect("santa").prompts()
    assert cartoon.defaults().mask == spec.defaults().mask
    with pytest.raises(ValidationError):
        EffectSpec.model_validate(spec.model_dump() | {"domains": {"statues": {}}})


def test_a_subject_of_the_effects_own_outlasts_the_domain() -> None:
    knight = load_effect("santa").with_variables({"subject": "knight"})
    assert knight.for_domain("people").prompts().source == "a knight"
