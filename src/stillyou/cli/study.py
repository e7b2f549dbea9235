"""``stillyou study``: people compare edits, two beside each other."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from stillyou.cli.evaluate_output import print_files, print_table
from stillyou.console import console
from stillyou.errors import UsageError, requires


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(help="A study with people: two edits beside each other, two questions.", no_args_is_help=True)
    group.command("make")(make)
    group.command("serve")(serve)
    group.command("result")(result)
    group.command("power")(power)
    app.add_typer(group, name="study")


def make(
    report: Path = typer.Argument(..., metavar="REPORT", help="A folder of stillyou evaluate --against."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FOLDER", help="Folder for the study; new or empty."),
    editors: str = typer.Option(
        "", metavar="NAMES", help="Who is compared, with commas between.", show_default="all but oracle and teacher"
    ),
    trials: int = typer.Option(24, min=1, max=500, help="Comparisons a participant gets; checks come on top."),
    seed: int = typer.Option(0, min=0, help="Seed of everything random."),
    title: str = typer.Option("Edited portraits", help="What participants read above it."),
    contact: str = typer.Option("", help="Whom participants can write to."),
) -> None:
    """Make a study from the pictures of a comparison."""
    from stillyou.evaluation.study.make import make_study

    names = [name.strip() for name in editors.split(",") if name.strip()]
    plan, notes = make_study(report, output, title=title, contact=contact, editors=names, trials=trials, seed=seed)
    for note in notes:
        console.print(f"Note: {note}.", markup=False)
    console.print(
        f"{len(plan.items)} portraits, {len(plan.editors)} editors ({', '.join(plan.editors)}), {plan.trials} trials a"
        f" participant. Next: stillyou study serve {output}",
        markup=False,
    )
    typer.echo(str(output))


def serve(
    study: Path = typer.Argument(..., metavar="STUDY", help="The study's folder."),
    host: str = typer.Option("127.0.0.1", metavar="ADDRESS", help="Where to listen; 0.0.0.0 for all networks."),
    port: int = typer.Option(7870, min=0, max=65535, help="Port to listen on."),
) -> None:
    """Serve a study's page, until Ctrl-C; started again it goes on."""
    requires("app", "starlette", "uvicorn")
    from stillyou.app.server import bind
    from stillyou.evaluation.study.plan import read_plan
    from stillyou.evaluation.study.store import Store
    from stillyou.evaluation.study.web import serve as serve_study

    plan = read_plan(study)
    listener = bind(host, port)
    try:
        with Store(study, plan.digest()) as store:
            for note in store.notes:
                console.print(f"Note: {note}.", markup=False)
            port = listener.getsockname()[1]
            console.print(f"The study is at http://{host}:{port}/; stop it with Ctrl-C", markup=False)
            serve_study(study, plan, store, listener)
    finally:
        listener.close()


def result(
    study: Path = typer.Argument(..., metavar="STUDY", help="The study's folder."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FOLDER", help="Folder for the result."),
    as_json: bool = typer.Option(False, "--json", help="Print the figures as one JSON object."),
) -> None:
    """Tell what a study found so far: strengths, agreement, who was left out; answers as Parquet."""
    requires("evaluate", "matplotlib", "pyarrow")
    from stillyou.evaluation.report.folder import prepare_folder
    from stillyou.evaluation.study.plan import QUESTIONS, read_plan
    from stillyou.evaluation.study.results import strength_rows, write_results
    from stillyou.evaluation.study.store import Store

    plan = read_plan(study)
    folder = prepare_folder(output)
    with Store(study, plan.digest()) as store:
        for note in store.notes:
            console.print(f"Note: {note}.", markup=False)
        document, files = write_results(folder, plan, store)
    if as_json:
        typer.echo(json.dumps(document, allow_nan=False))
    else:
        for question, words in QUESTIONS.items():
            print_table(words, strength_rows(document, question))
    for slot, reason in document["excluded"].items():
        console.print(f"left out: participant {slot}: {reason}", markup=False)
    print_files(files)


def power(
    share: float = typer.Option(0.55, metavar="X", help="Share of choices to tell from one half."),
    wanted: float = typer.Option(0.8, "--power", metavar="X", help="Chance of telling it."),
    level: float = typer.Option(0.05, metavar="X", help="Chance of telling what is not there."),
    each: int = typer.Option(24, min=1, help="Answers of a participant to this pair of editors."),
    correlation: float = typer.Option(0.0, metavar="X", help="How alike one participant's answers are, from 0 to 1."),
) -> None:
    """Say how many answers tell a share of choices from one half."""
    from stillyou.evaluation.study.power import clustered, needed

    if not 0 <= correlation <= 1:
        raise UsageError(f"--correlation {correlation:g} is out of range", "Give a number from 0 to 1.")
    independent = needed(share, wanted, level)
    answers = clustered(independent, each, correlation)
    people = -(-answers // each)
    typer.echo(
        f"{answers} answers to one pair of editors tell {share:.1%} from 50% with power {wanted:g} at level {level:g}"
        f" (exact two-sided binomial test): {people} participants with {each} answers each."
    )
