"""``stillyou pairs``: make, import, inspect and show before/after pairs; `pairs_curation` curates them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from stillyou.cli import pairs_curation
from stillyou.cli.options import parse_variables
from stillyou.console import console, results
from stillyou.effects.domains import parse_domain
from stillyou.effects.lookup import load_effect, load_effects
from stillyou.errors import StillYouError, UsageError, requires
from stillyou.machine import cores

if TYPE_CHECKING:
    from stillyou.pairs.assemble import Execution
    from stillyou.pairs.curation.rules import Summary

_OUT = typer.Option(..., "-o", "--out", metavar="FOLDER", help="The dataset's folder.")
_JSON = typer.Option(False, "--json", help="Print one JSON object.")
_SIZE = typer.Option(256, "--size", help="Side of the pictures in pixels, a multiple of 32 from 64 to 1024.")
_WORKERS = typer.Option(0, "--workers", help="Processes; they never change the result.", show_default="one a core")
_MOST_WORKERS = 32
"""Processes that are started unless the user says so."""
_VARIABLES = typer.Option([], "--var", metavar="NAME=VALUE", help="Fill a placeholder of the prompts; may be repeated.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Make, import, curate, inspect and show before/after pairs.")
    for name, command in (("make", _make), ("import", _import), ("info", _info), ("show", _show)):
        group.command(name)(command)
    pairs_curation.register(group)
    app.add_typer(group, name="pairs")


def _make(
    out: str = typer.Option(
        ..., "-o", "--out", metavar="FOLDER|URL", help="The dataset's folder, or an address of fsspec's (s3://...)."
    ),
    n: int = typer.Option(..., "-n", help="Candidates an effect; a finished dataset may grow."),
    effects: str = typer.Option("all", "-e", "--effects", metavar="NAMES", help="'all', or ids and .yaml files."),
    teacher: str = typer.Option(
        "cartoon", "--teacher", help="Who makes the pairs: cartoon, people, portraits, instruct or diffusion."
    ),
    size: int = _SIZE,
    sources: Path | None = typer.Option(
        None, "--sources", metavar="FOLDER", help="Portraits of your own that the pairs are made of."
    ),
    backgrounds: Path | None = typer.Option(
        None, "--backgrounds", metavar="FOLDER", help="Photographs to stand people before."
    ),
    designs: bool | None = typer.Option(
        None,
        "--designs",
        help="Costumes of named designs, which prompts name.",
        show_default="looks of every pair's own",
    ),
    strengths: bool | None = typer.Option(
        None,
        "--strengths",
        help="Expressions of all strengths, which pairs say.",
        show_default="whole expressions",
    ),
    seed: int = typer.Option(0, "--seed", help="Everything follows from it."),
    workers: int = _WORKERS,
    shard_size: int = typer.Option(32, "--shard-size", help="Candidates an effect in each file."),
    ray: str | None = typer.Option(
        None, "--ray", metavar="auto|HOST:PORT", help="Make them on a Ray cluster; nor does that change the result."
    ),
    base: str | None = typer.Option(
        None,
        "--base",
        metavar="NAME|FOLDER|HUB-ID",
        help="The model of diffusion, the editor of instruct or --refine.",
    ),
    conditions: str | None = typer.Option(
        None, "--conditions", metavar="NAMES", help="What ties targets to sources.", show_default="as the effect says"
    ),
    candidates: int | None = typer.Option(
        None, "--candidates", help="Targets drawn for each source, the best of which is kept.", show_default="2"
    ),
    domain: str | None = typer.Option(
        None, "--domain", metavar="cartoon|people", help="What is drawn.", show_default="as the teacher does"
    ),
    steps: int | None = typer.Option(None, "--steps", help="Steps of that model.", show_default="as is usual for it"),
    refine: float | None = typer.Option(
        None, "--refine", help="How far an editor goes over the art on portraits, 0 to 1.", show_default="0: not at all"
    ),
    variable: list[str] = _VARIABLES,
    as_json: bool = _JSON,
) -> None:
    """Make pairs; run the same command again to resume, or with a greater -n to grow."""
    from stillyou.pairs.teachers.registry import configure, prepare

    options: dict[str, object] = {"size": size, "sources": sources, "backgrounds": backgrounds, "designs": designs}
    options |= {"strengths": strengths, "candidates": candidates}
    options |= {"conditions": None if conditions is None else _names(conditions)}
    config = configure(teacher, options | {"base": base, "domain": domain, "steps": steps, "refine": refine})
    values = parse_variables(variable)
    chosen = [effect.with_variables(values) for effect in load_effects(effects)]
    requires("pairs", "pyarrow", "pyvips")
    from stillyou.pairs.assemble import check_numbers
    from stillyou.pairs.generate import make_pairs

    here = workers or min(cores(), _MOST_WORKERS)
    check_numbers(n=n, size=size, shard_size=shard_size, workers=here, seed=seed)
    prepare(config)
    with _execution(ray, workers, config.needs.gpu, len(chosen)) as execution:
        summary = make_pairs(config, chosen, n, out, seed=seed, shard_size=shard_size, execution=execution)
    report_counts(out, summary, as_json)
    _check_yield(summary, f"no candidate of {out} was accepted", out)


@contextmanager
def _execution(ray: str | None, workers: int, gpu: bool, effects: int) -> Iterator[Execution]:
    """Give what makes the shards: processes of this machine, or a cluster for as long as it is connected."""
    from stillyou.pairs.assemble import Execution

    if ray is None:
        yield Execution(workers=workers or min(cores(), _MOST_WORKERS))
        return
    from stillyou.pairs.scale.cluster import connected

    with connected(ray, gpus=1.0 if gpu else 0.0, effects=effects) as cluster:
        found = workers or cluster.capacity
        console.print(f"{found} workers on the Ray cluster", markup=False)
        yield Execution(workers=found, run=cluster, ask=cluster.ask, spread=True)


def _import(
    path: Path = typer.Argument(..., metavar="FOLDER|FILE", help="Pairs, a prompt.json, or Parquet files."),
    effect: str = typer.Option(..., "-e", "--effect", metavar="NAME|FILE.yaml", help="The effect the pairs show."),
    out: Path = _OUT,
    domain: str | None = typer.Option(None, metavar="cartoon|people", help="What the pictures show."),
    layout: str = typer.Option("auto", "--format", help="auto, folder, released or instructpix2pix."),
    size: int = _SIZE,
    workers: int = _WORKERS,
    variable: list[str] = _VARIABLES,
    as_json: bool = _JSON,
) -> None:
    """Import pairs of others: folders of pictures, the paper's prompt.json, or InstructPix2Pix columns."""
    spec = load_effect(effect).with_variables(parse_variables(variable))
    requires("pairs", "pyarrow", "pyvips")
    from stillyou.pairs.imported.importers import import_pairs
    from stillyou.pairs.imported.listings import parse_layout

    shown = None if domain is None else parse_domain(domain)
    workers = workers or min(cores(), _MOST_WORKERS)
    summary = import_pairs(path, spec, out, layout=parse_layout(layout), size=size, workers=workers, domain=shown)
    report_counts(out, summary, as_json)
    _check_yield(summary, f"no pair of {path} was accepted", out)


def _check_yield(summary: Summary, what: str, out: str | Path) -> None:
    """Fail where nothing was accepted, so that a script does not go on to train on nothing; the rows stay."""
    if not sum(summary.accepted.values()):
        raise StillYouError(what, f"See why: stillyou pairs show {out} --rejected -o sheet.png")


def _info(
    folder: Path = typer.Argument(..., metavar="FOLDER", help="A pair dataset."),
    check: bool = typer.Option(False, "--check", help="Read every picture's bytes too, and name damaged files."),
    as_json: bool = _JSON,
) -> None:
    """Tell what a dataset holds: settings, accepted and rejected candidates, and whether it is whole."""
    requires("pairs", "pyarrow")
    from stillyou.pairs.curation.rules import summarise
    from stillyou.pairs.dataset.check import check_pages
    from stillyou.pairs.dataset.store import PairDataset

    if check:
        console.print(f"no damage in the pages of {check_pages(folder)} shards")
    dataset = PairDataset(folder, status="any", partial=True)
    meta = dataset.meta
    facts = {
        "format_version": meta.format_version,
        "made_with": meta.made_with,
        "teacher": meta.teacher,
        "domain": meta.domain,
        "origin": meta.origin,
        "options": meta.options,
        "config": meta.config,
        "seed": meta.seed,
        "size": meta.size,
        "candidates": meta.candidates,
        "complete": meta.complete and not dataset.complaint,
        "fingerprint": dataset.fingerprint(),
        "licences": meta.licences,
    }
    if not as_json:
        for name, value in facts.items():
            said = "" if value is None else str(value)
            text = "; ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, Mapping) else said
            results().print(f"{name.replace('_', ' ')}: {text}", markup=False)
    summary = summarise(dataset.rows(("effect", "status", "reason")), meta.effects)
    report_counts(folder, summary, as_json, facts)
    if dataset.complaint:
        raise StillYouError(dataset.complaint, "Run the command that made it again: it makes just these.")


def _show(
    folder: Path = typer.Argument(..., metavar="FOLDER", help="A pair dataset."),
    out: Path = typer.Option(..., "-o", "--out", metavar="PICTURE", help="Where the sheet goes."),
    effects: str = typer.Option("", "-e", "--effects", metavar="IDS", help="Only these effects."),
    n: int = typer.Option(24, "-n", help="How many pairs, spread evenly over the dataset."),
    rejected: bool = typer.Option(False, "--rejected", help="Show rejected candidates and their reasons."),
    as_json: bool = _JSON,
) -> None:
    """Draw a contact sheet: source, target, mask and prompts."""
    if not 1 <= n <= 500:
        raise UsageError(f"n is {n}", "Give a whole number from 1 to 500.")
    requires("pairs", "pyarrow")
    import numpy as np

    from stillyou.images import Picture, check_writable, write_picture
    from stillyou.pairs.dataset.show import contact_sheet
    from stillyou.pairs.dataset.store import PairDataset

    check_writable(out)
    wanted = [name.strip() for name in effects.split(",") if name.strip()] or None
    dataset = PairDataset(folder, effects=wanted, status="rejected" if rejected else "accepted", partial=True)
    if dataset.complaint:
        console.print(f"note: {dataset.complaint}; showing the rest", markup=False)
    write_picture(out, Picture(np.asarray(contact_sheet(dataset, n))))
    shown = min(n, len(dataset))
    print(json.dumps({"sheet": str(out), "pairs": shown}) if as_json else f"{out}: {shown} of {len(dataset)} pairs")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def report_counts(folder: str | Path, summary: Summary, as_json: bool, facts: Mapping[str, Any] | None = None) -> None:
    """Print how many candidates were accepted, and why others were not."""
    effects = {
        name: {"accepted": accepted, "rejected": dict(summary.rejected[name])}
        for name, accepted in summary.accepted.items()
    }
    accepted = sum(summary.accepted.values())
    rejected = sum(sum(reasons.values()) for reasons in summary.rejected.values())
    if as_json:
        whole = {"folder": str(folder), **(facts or {}), "accepted": accepted, "rejected": rejected, "effects": effects}
        print(json.dumps(whole, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("effect", "accepted", "rejected", "why"):
        table.add_column(heading, justify="right" if heading in ("accepted", "rejected") else "left")
    for name, reasons in summary.rejected.items():
        why = ", ".join(f"{count} x {reason}" for reason, count in reasons.items())
        table.add_row(name, str(summary.accepted[name]), str(sum(reasons.values())), why)
    results().print(table)
    results().print(f"{folder}: {accepted} accepted, {rejected} rejected", markup=False)
