"""perfkit bisect: which commit made it slower."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from perfkit.cli.compare import budget_of
from perfkit.cli.options import Changes, Owned, show
from perfkit.cli.progress import Watch
from perfkit.cli.run import INTERRUPTED, stopping_politely
from perfkit.compare.bisect.conductor import TIME, UNASKED, Asked
from perfkit.compare.bisect.conductor import bisect as carry_out
from perfkit.compare.metric import MEAN, P95, SERVER_TIME
from perfkit.scenario.parse import parse

COUNTERS = ("statements", "connects", "outbound", "rows", "bytes", "calls", "allocations", "status", "body")
FIGURES = {"median": SERVER_TIME.id, "mean": MEAN.id, "p95": P95.id}
# Alternated in a probe: a standard error of 0.2 to 0.5 %.
BUDGET = 20.0


def bisect(
    good: Annotated[str, typer.Argument(help="A revision that is as it should be.", show_default=False)],
    bad: Annotated[str, typer.Argument(help="A later one that is not.", show_default=False)],
    scenario: Annotated[Path, typer.Option(help="The scenario file.", show_default=False)],
    endpoint: Annotated[
        str | None, typer.Option(help="The endpoint to go by: GET /orders. Otherwise the one that changed.", show_default=False)
    ] = None,
    by: Annotated[
        str, typer.Option(help=f"auto (a counter that rose, else time), time, or a counter: {', '.join(COUNTERS)}.")
    ] = UNASKED,
    figure: Annotated[Literal["median", "mean", "p95"], typer.Option(help="Of server time.")] = "median",
    budget: Annotated[
        str | None, typer.Option(help="How long a probe alternates GOOD with a commit: 20s.", show_default=False)
    ] = None,
    max_probes: Annotated[int, typer.Option(min=1, help="Probes of this call; those of earlier calls are used again.")] = 15,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="REVISION", help="Do not probe it: a commit, or a range v1..v2. Repeatable.")
    ] = None,
    path: Annotated[
        list[str] | None, typer.Option(help="Only commits that changed something there can have brought it. Repeatable.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the probes of earlier calls.")] = False,
    out: Annotated[Path, typer.Option(help="Where reports and probes go.")] = Path("reports"),
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="Cores for both versions together, whatever the file says.", show_default=False),
    ] = None,
    set_: Changes = None,
    own: Owned = False,
) -> int:
    """Find the commit between GOOD and BAD that made it slower: by an exact counter, or by time and probabilities."""
    require_known(by)
    parsed = parse(scenario, set_ or (), None, owned=own)
    console = Console(stderr=True, soft_wrap=True)
    try:
        with stopping_politely(), Watch(console) as watch:
            found = carry_out(
                Asked(
                    scenario=parsed,
                    file=scenario,
                    good=good,
                    bad=bad,
                    out=out,
                    budget=budget_of(budget) or BUDGET,
                    most=max_probes,
                    on_news=watch.news,
                    on_progress=watch.share,
                    endpoint=endpoint,
                    by=by,
                    metric=FIGURES[figure],
                    paths=tuple(path or ()),
                    skip=tuple(skip or ()),
                    fresh=fresh,
                    cores=cores or parsed.compare.cores,
                )
            )
    except KeyboardInterrupt:
        # Nothing is known yet that could be told; what was started is gone.
        console.print("interrupted before the first probe was done")
        return INTERRUPTED
    show(found.page, found.place.report)
    return found.exit_code


def require_known(by: str) -> None:
    known = (UNASKED, TIME, *COUNTERS)
    if by not in known:
        raise typer.BadParameter(f"{by!r}: there are {', '.join(known)}", param_hint="--by")
