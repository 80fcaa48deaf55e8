"""The perfkit command: lists its commands, and is the one place where errors become text and an exit code."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from perfkit.errors import PerfkitError
from perfkit.version import VERSION

BUG = PerfkitError.exit_code
# A module each, with a function of its name; GROUPS have an `app` with commands of their own.
COMMANDS: Final = (
    "run", "compare", "bisect", "capacity", "analyze", "check", "worker", "schema", "explain", "rules", "doctor", "demo",
)  # fmt: skip
GROUPS: Final = ("history",)


def _finish(code: int | None, **_: object) -> None:
    """What a command returns is its exit code."""
    raise typer.Exit(code or 0)


def application(words: Sequence[str]) -> typer.Typer:
    """Of the one command that is asked for, or of all: each brings libraries that others have no need to wait for."""
    app = typer.Typer(
        help="Drive load at a Python API, see inside it while it works, and be told what to fix, with evidence.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        result_callback=_finish,
        callback=options,
    )
    asked = next((word for word in words if not word.startswith("-")), "")
    known = (*COMMANDS, *GROUPS)
    for name in (asked,) if asked in known else known:
        module = import_module(f"perfkit.cli.{name}")
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"perfkit {VERSION}")
        raise typer.Exit


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
    words = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        application(words)(words)
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
