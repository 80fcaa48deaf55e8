"""perfkit capacity: how much the target can take, what gives out first, and how many instances a rate needs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perfkit.capacity.capacity import Asked
from perfkit.capacity.capacity import capacity as carry_out
from perfkit.capacity.driven import Teller
from perfkit.cli.options import Changes, Owned, show
from perfkit.cli.progress import Watch
from perfkit.cli.run import INTERRUPTED, stopping_politely
from perfkit.scenario.parse import parse
from perfkit.units import parse_rate, parse_time


def capacity(
    scenario: Annotated[Path, typer.Argument(help="The scenario file.", show_default=False)],
    at: Annotated[
        str | None, typer.Option(help="The rate of requests to plan for, whatever the file says: 2000/s.", show_default=False)
    ] = None,
    budget: Annotated[str | None, typer.Option(help="How long to search, for each setting: 5m.", show_default=False)] = None,
    soak: Annotated[
        str | None, typer.Option(help="Confirm it for so long, at 90 % of the lower bound: 10m.", show_default=False)
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="An earlier search to set this one beside: its folder.", show_default=False)
    ] = None,
    overload: Annotated[
        bool, typer.Option("--overload/--no-overload", help="Whether to look at what happens past the limit.")
    ] = True,
    out: Annotated[Path, typer.Option(help="Where searches go.")] = Path("reports"),
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Whether to measure what the generator can do before.")
    ] = True,
    set_: Changes = None,
    own: Owned = False,
) -> int:
    """Find the highest rate that meets the objectives: service times at low load, a model, and steps that verify it."""
    changes = [*(set_ or ())]
    for key, value, read in (("at", at, parse_rate), ("budget", budget, parse_time), ("soak", soak, parse_time)):
        if value is not None:
            try:
                read(value)
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint=f"--{key}") from error
            # Through the file's own checks: a budget that is too short is refused in one place.
            changes.append(f"capacity.{key}={value}")
    parsed = parse(scenario, changes, owned=own, settled=False)
    console = Console(stderr=True, soft_wrap=True)
    try:
        with stopping_politely(), Watch(console) as watch:
            found = carry_out(
                Asked(
                    scenario=parsed,
                    file=scenario,
                    out=out,
                    at=parsed.capacity.at,
                    budget=parsed.capacity.budget,
                    soak=parsed.capacity.soak,
                    overload=overload,
                    calibrate=calibrate,
                    against=against,
                    tell=Teller(watch.news, watch.progress),
                )
            )
    except KeyboardInterrupt:
        console.print("interrupted before anything was measured")
        return INTERRUPTED
    show(found.page, found.place.report)
    return found.exit_code
