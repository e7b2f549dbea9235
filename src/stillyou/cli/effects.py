"""``stillyou effects``: the catalogue, an effect's designs, or a check of one's own file or folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.table import Table

from stillyou.console import console, results
from stillyou.effects.domains import DOMAINS
from stillyou.effects.lookup import auxiliary, catalogue, load_effects
from stillyou.effects.own import OwnEffect
from stillyou.effects.settings import Defaults
from stillyou.effects.spec import EffectSpec
from stillyou.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("effects")(_effects)


def _effects(
    names: list[str] = typer.Argument(None, metavar="[NAME|FOLDER]...", help="Only these, with their designs."),
    effect: list[str] = typer.Option(
        [], "-e", "--effect", metavar="NAME|FILE.yaml|FOLDER", help="The same; may be repeated."
    ),
    output: str | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Write a sheet of one's designs."),
    everything: bool = typer.Option(False, "--all", help="Also the effects that only training uses."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List the effects, or one's designs; check an effect of your own: a YAML file, or a folder with its art."""
    named = [*(names or []), *effect]
    chosen = load_effects(",".join(named)) if named else list(catalogue().values())
    if everything and not named:
        chosen += auxiliary().values()
    for spec in chosen:
        _check_art(spec)
    sheet = None if output is None else _write_sheet(output, chosen)
    if as_json:
        print(json.dumps({"effects": [_described(spec) for spec in chosen], "sheet": sheet}, indent=2))
        return
    results().print(_table(chosen))
    if named and any(spec.looks for spec in chosen):
        results().print(_designs(chosen))


def _check_art(spec: EffectSpec) -> None:
    """Read all art of a folder; raises StillYouError for what cannot be used."""
    if isinstance(spec, OwnEffect):
        from stillyou.drafts.folder import check_art

        count = check_art(spec)
        console.print(f"{spec.folder}: {count} {'file' if count == 1 else 'files'} of art can be drawn", markup=False)


def _write_sheet(output: str, chosen: list[EffectSpec]) -> str:
    """Write the designs of the one effect that is chosen, on the package's samples.

    Raises:
        UsageError: Several effects, one without designs, or a file that is not written.
        StillYouError: The art could not be put on any sample.
    """
    from stillyou.images import check_writable, write_picture

    check_writable(output)
    if len(chosen) != 1 or not chosen[0].looks:
        have = [spec.id for spec in catalogue().values() if spec.looks]
        raise UsageError("a sheet shows the designs of one effect", f"Name one of {', '.join(have)}, or a folder.")
    folder = chosen[0].folder if isinstance(chosen[0], OwnEffect) else None
    if folder is not None and Path(output).resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{output} lies among the effect's art", "Write the sheet to another folder.")
    from stillyou.editing.preview import design_sheet, samples

    sheet, told = design_sheet(chosen[0], samples())
    for line in told:
        console.print(f"note: {line}", markup=False)
    write_picture(output, sheet)
    return output


def _described(spec: EffectSpec) -> dict[str, object]:
    """Return an effect's record with the settings that apply where nothing else is asked for, also in each domain."""
    record = spec.model_dump(mode="json") | _settings(spec.defaults())
    record["domains"] = {domain: _settings(spec.defaults(domain)) for domain in DOMAINS}
    looks = [{"name": look.name, "words": look.words, "colours": dict(look.colours)} for look in spec.looks]
    return {**record, "prompts": asdict(spec.prompts()), "designs": looks}


def _settings(defaults: Defaults) -> dict[str, object]:
    guidance, mask = defaults.guidance.model_dump(), defaults.mask.model_dump()
    return {"guidance": guidance, "mask": mask, "strength": defaults.strength, "refine": defaults.refine}


def _table(effects: list[EffectSpec]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("effect", "title", "group", "keeps", "before", "after", "guidance"):
        table.add_column(heading, no_wrap=heading in ("effect", "group", "guidance"))
    for spec in effects:
        prompts, scales = spec.prompts(), spec.defaults().guidance
        guidance = f"{scales.image:g},{scales.source:g},{scales.text:g}"
        table.add_row(spec.id, spec.title, spec.group, ", ".join(spec.keeps), prompts.source, prompts.target, guidance)
    return table


def _designs(effects: list[EffectSpec]) -> Table:
    table = Table("effect", "design", "what it looks like", box=None, pad_edge=False, header_style="bold")
    for spec in effects:
        for look in spec.looks:
            table.add_row(spec.id, look.name, look.words)
    return table
