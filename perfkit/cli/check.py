"""perfkit check: lint a scenario, then play each flow once."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from perfkit.cli.options import Changes, Owned
from perfkit.evidence import RunDirectory
from perfkit.load.dry import Exchange, play_once
from perfkit.run import placement
from perfkit.scenario.model import Scenario
from perfkit.scenario.parse import parse
from perfkit.target import pinning, start
from perfkit.units import show_size, show_time

FAILED = 1


def check(
    scenario: Annotated[Path, typer.Argument(help="The scenario file.", show_default=False)],
    dry: Annotated[bool, typer.Option("--dry", help="Only lint: send nothing, start nothing.")] = False,
    set_: Changes = None,
    own: Owned = False,
) -> int:
    """Lint a scenario, then play each of its flows once with one user and print the transcript, secrets masked."""
    parsed = parse(scenario, set_ or (), owned=own)
    console = Console(soft_wrap=True)
    console.print(Text(f"{scenario} is a valid scenario: {summary(parsed)}"))
    if dry:
        return 0
    placement.require(parsed, scenario, pinning.available())
    exchanges = played(parsed)
    for exchange in exchanges:
        console.print(line(exchange))
    problems = [exchange for exchange in exchanges if exchange.problem]
    if problems:
        console.print(Text(f"{len(problems)} of {len(exchanges)} requests went wrong", style="bold red"))
        return FAILED
    console.print(Text(f"all {len(exchanges)} requests did what the scenario expects", style="bold green"))
    return 0


def summary(scenario: Scenario) -> str:
    count = len(scenario.flows)
    flows = f"{count} flow" if count == 1 else f"{count} flows"
    return f"{flows}, load profiles {', '.join(scenario.load)} (default {scenario.default_load()})"


def played(scenario: Scenario) -> list[Exchange]:
    """Starts the target if the scenario does, and plays; its log goes to a folder that is thrown away."""
    with (
        tempfile.TemporaryDirectory(prefix="perfkit-check-") as folder,
        start.running(scenario.target, RunDirectory(Path(folder)), os.environ),
    ):
        return list(play_once(scenario, os.environ))


def line(exchange: Exchange) -> Text:
    mark = Text("✗ ", style="red") if exchange.problem else Text("✓ ", style="green")
    extracted = "".join(f"  {name}={value}" for name, value in exchange.extracted.items())
    request = f"{exchange.flow:<12} {exchange.method} {exchange.url}"
    said = f"{request}  {exchange.status}  {show_time(exchange.time)}  {show_size(exchange.bytes)}{extracted}"
    return mark + Text(said) + Text(f"  {exchange.problem}" if exchange.problem else "", style="red")
