"""The command line: one thin module a stage; heavy imports happen inside the commands."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback

import typer

from stillyou import __version__
from stillyou.console import console
from stillyou.errors import StillYouError

_ClickException: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""Base of all complaints about arguments: click's own, or that of the copy of click that newer typers hold."""

app = typer.Typer(
    name="stillyou",
    help="Portrait effects that keep the person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"stillyou {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
    debug: bool = typer.Option(False, "--debug", help="With any command: show the traceback of an error."),
) -> None:
    """Portrait effects that keep the person."""


for _stage in ("demo", "effects", "edit", "pairs", "train", "evaluate", "bench", "models", "serve", "study"):
    importlib.import_module(f"stillyou.cli.{_stage}").register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; errors become one line on standard error and the exit code of their kind."""
    # Threads that spin for long while they wait make an edit several times as slow once something else needs the cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # a file's name that the terminal cannot print must not fail its edit
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    sys.exit(_run(arguments, debug))


def _run(arguments: list[str], debug: bool) -> int:
    try:
        code = app(args=arguments, standalone_mode=False)
        if code == 130:  # typer turns Ctrl-C into this code, and says nothing
            return _complain("stopped", code, debug)
        return code if isinstance(code, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except _ClickException as error:
        message = error.format_message()  # type: ignore[attr-defined]
        return _complain(message, 2, debug) if message else 2  # empty: the help was shown instead
    except StillYouError as error:
        return _complain(str(error), error.exit_code, debug)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("stopped", 130, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # what nobody foresaw must still not look like a crash
        kind = f"{type(error).__name__}: " if not isinstance(error, OSError) else ""
        first = (str(error).splitlines() or [""])[0]
        return _complain(f"{kind}{first}. Run again with --debug for the traceback", 1, debug)


def _complain(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    console.print("[bold red]stillyou:[/] ", end="")
    console.print(_printable(message), markup=False, highlight=False, emoji=False)
    return code


def _printable(message: str) -> str:
    """Return a message without control characters, which names of files may hold."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in message)
