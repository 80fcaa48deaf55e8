"""Options that several commands have, and what they all do at their end: one wording for one thing."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from perfkit.page import Page
from perfkit.report import terminal

Changes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the file: load.open.1.rate=80/s, compare.restarts=8."),
]
Owned: TypeAlias = Annotated[
    bool, typer.Option("--i-own-this-target", help="Needed for hosts outside loopback and private ranges.")
]


def show(page: Page, report: Path) -> None:
    """What was found, and where all of it lies."""
    console = Console(soft_wrap=True)
    terminal.print_page(page, console)
    console.print(f"report: {report}", style="bold", highlight=False)
