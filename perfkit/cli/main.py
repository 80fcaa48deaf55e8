"""The perfkit command: lists its commands, and is the one place where errors become text and an exit code."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from perfkit.cli import analyze, bisect, capacity, check, compare, demo, doctor, explain, history, rules, run, schema, worker
from perfkit.errors import PerfkitError
from perfkit.version import VERSION

BUG = PerfkitError.exit_code


def _finish(code: int | None, **_: object) -> None:
    """What a command returns is its exit code."""
    raise typer.Exit(code or 0)


app = typer.Typer(
    help="Drive load at a Python API, see inside it while it works, and be told what to fix, with evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    result_callback=_finish,
)
for command in (
    *(run.run, compare.compare, bisect.bisect, capacity.capacity, analyze.analyze, check.check, worker.worker, schema.schema),
    *(explain.explain, rules.rules, doctor.doctor, demo.demo),
):
    app.command()(command)
app.add_typer(history.app, name="history")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"perfkit {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Runs the command line; every error ends here."""
    console = Console(stderr=True, soft_wrap=True)
    # Wherever it stands: a person adds it to the end of the line that failed.
    debug = "--debug" in sys.argv
    try:
        app([argument for argument in sys.argv[1:] if argument != "--debug"])
    except PerfkitError as error:
        if debug:
            raise
        show(error, console)
        sys.exit(error.exit_code)
    except Exception as error:
        # Protects the person at the terminal: a traceback is for whoever mends perfkit.
        if debug:
            raise
        why = f"this is a bug of perfkit's: {type(error).__name__}: {error}"
        show(PerfkitError(why, hint="The same line with --debug shows the traceback: please report it."), console)
        sys.exit(BUG)


def show(error: PerfkitError, console: Console) -> None:
    """The message, then the next thing to type; a target's own words are not read as markup."""
    console.print(Text.assemble(("perfkit:", "bold red"), " ", error.message))
    if error.hint:
        console.print(Text(f"→ {error.hint}", "dim"))
