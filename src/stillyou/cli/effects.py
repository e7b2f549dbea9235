"""``stillyou effects``: the catalogue, or a check of one's own effect file."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from rich.table import Table

from stillyou.console import results
from stillyou.effects.domains import DOMAINS
from stillyou.effects.lookup import auxiliary, catalogue, load_effects
from stillyou.effects.settings import Defaults
from stillyou.effects.spec import EffectSpec


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("effects")(_effects)


def _effects(
    effect: list[str] = typer.Option(
        [], "-e", "--effect", metavar="NAME|FILE.yaml", help="Only these; may be repeated."
    ),
    everything: bool = typer.Option(False, "--all", help="Also the effects that only training uses."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List the effects: what each keeps, and its prompts. With -e FILE.yaml, check a file of your own."""
    chosen = load_effects(",".join(effect)) if effect else list(catalogue().values())
    if everything and not effect:
        chosen += auxiliary().values()
    if as_json:
        print(json.dumps({"effects": [_described(spec) for spec in chosen]}, indent=2))
    else:
        results().print(_table(chosen))


def _described(spec: EffectSpec) -> dict[str, object]:
    """Return an effect's record with the settings that apply where nothing else is asked for, also in each domain."""
    record = spec.model_dump(mode="json") | _settings(spec.defaults())
    record["domains"] = {domain: _settings(spec.defaults(domain)) for domain in DOMAINS}
    return {**record, "prompts": asdict(spec.prompts())}


def _settings(defaults: Defaults) -> dict[str, object]:
    guidance, mask = defaults.guidance.model_dump(), defaults.mask.model_dump()
    return {"guidance": guidance, "mask": mask, "strength": defaults.strength}


def _table(effects: list[EffectSpec]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("effect", "title", "group", "keeps", "before", "after", "guidance"):
        table.add_column(heading, no_wrap=heading in ("effect", "group", "guidance"))
    for spec in effects:
        prompts, scales = spec.prompts(), spec.defaults().guidance
        guidance = f"{scales.image:g},{scales.source:g},{scales.text:g}"
        table.add_row(spec.id, spec.title, spec.group, ", ".join(spec.keeps), prompts.source, prompts.target, guidance)
    return table
