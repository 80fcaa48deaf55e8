"""perfkit compare: two versions of the target, and whether one is slower."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perfkit.cli.options import Changes, Owned, show
from perfkit.cli.progress import Watch
from perfkit.cli.run import INTERRUPTED, stopping_politely
from perfkit.compare import sources
from perfkit.compare.compare import COUNTERS, TIERS, Asked, Concluded
from perfkit.compare.compare import compare as carry_out
from perfkit.compare.runs.compare import Asked as RunsAsked
from perfkit.compare.runs.compare import compare as compare_runs
from perfkit.scenario.parse import parse
from perfkit.units import parse_share, parse_time


def compare(
    base: Annotated[
        str,
        typer.Argument(
            help="What there is: a git revision, cmd:..., a URL that answers, or a run directory.", show_default=False
        ),
    ],
    scenario: Annotated[
        Path | None, typer.Option(help="The scenario file; two run directories need none.", show_default=False)
    ] = None,
    head: Annotated[str, typer.Argument(help="What is asked about: the same, or `.`, the working tree as it is.")] = ".",
    out: Annotated[Path, typer.Option(help="Where comparisons go.")] = Path("reports"),
    budget: Annotated[
        str | None, typer.Option(help="How long to alternate, and how long to send bursts: 60s.", show_default=False)
    ] = None,
    margin: Annotated[
        str | None, typer.Option(help="The slowdown that nobody minds, whatever the file says: 3%.", show_default=False)
    ] = None,
    tiers: Annotated[str, typer.Option(help="0 counts, 1 alternates, 2 sends bursts.")] = "0,1,2",
    allow: Annotated[
        bool, typer.Option("--allow", help="Compare what differs in Python, libraries, workers or machine.")
    ] = False,
    allow_answers: Annotated[
        bool, typer.Option("--allow-answers", help="Their answers are meant to differ: judge times all the same.")
    ] = False,
    instructions: Annotated[
        bool, typer.Option("--instructions", help="Also count instructions, by valgrind: exact, and slow.")
    ] = False,
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="Cores for both versions together, whatever the file says.", show_default=False),
    ] = None,
    why: Annotated[
        bool | None,
        typer.Option("--why/--no-why", help="Profile both versions always, or never; else what regressed.", show_default=False),
    ] = None,
    set_: Changes = None,
    own: Owned = False,
) -> int:
    """Compare two versions: exact counts, alternated requests, bursts; says which endpoint became slower, and why it can tell."""
    console = Console(stderr=True, soft_wrap=True)
    of_runs = sources.is_run(base) and sources.is_run(head)
    if instructions and (of_runs or COUNTERS not in tiers_of(tiers)):
        raise typer.BadParameter("instructions are counted in tier 0, of versions that are started", param_hint="--instructions")
    if of_runs:
        recorded = RunsAsked(
            base=Path(base),
            head=Path(head),
            out=out,
            tiers=tiers_of(tiers),
            on_news=console.print,
            comparing=parse(scenario, set_ or (), None, owned=own).compare if scenario else None,
            margin=margin_of(margin),
            allow=allow,
            allow_answers=allow_answers,
        )
        return ended(compare_runs(recorded))
    if scenario is None:
        raise typer.BadParameter("only two run directories can be compared without a scenario", param_hint="--scenario")
    parsed = parse(scenario, set_ or (), None, owned=own)
    try:
        with stopping_politely(), Watch(console) as watch:
            compared = carry_out(
                Asked(
                    scenario=parsed,
                    file=scenario,
                    base=base,
                    head=head,
                    out=out,
                    budget=budget_of(budget) or parsed.compare.budget,
                    margin=margin_of(margin) or parsed.compare.margin,
                    tiers=tiers_of(tiers),
                    allow=allow,
                    allow_answers=allow_answers,
                    cores=cores or parsed.compare.cores,
                    instructions=instructions,
                    why=why,
                    on_news=watch.news,
                    on_progress=watch.share,
                )
            )
    except KeyboardInterrupt:
        # Nothing was measured yet that could be judged; what was started is gone.
        console.print("interrupted before anything could be judged")
        return INTERRUPTED
    return ended(compared)


def ended(compared: Concluded) -> int:
    show(compared.page, compared.place.report)
    return compared.exit_code


def budget_of(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from error
    if seconds <= 0:
        raise typer.BadParameter("a budget of no time measures nothing", param_hint="--budget")
    return seconds


def margin_of(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        margin = parse_share(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--margin") from error
    if not 0 < margin < 1:
        raise typer.BadParameter("a margin lies between 0 % and 100 %", param_hint="--margin")
    return margin


def tiers_of(text: str) -> frozenset[int]:
    wanted = [part.strip() for part in text.split(",")]
    known = {str(tier) for tier in TIERS}
    if not set(wanted) <= known:
        raise typer.BadParameter(f"{text!r}: there are the tiers 0, 1 and 2 (try 0,1)", param_hint="--tiers")
    return frozenset(map(int, wanted))
