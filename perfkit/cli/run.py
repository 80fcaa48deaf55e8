"""perfkit run: make a run directory, and judge it."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perfkit.analyze.analyze import Judged
from perfkit.analyze.analyze import analyze as judge
from perfkit.cli.options import Changes, Owned
from perfkit.cli.progress import Watch
from perfkit.cli.verdict import MISSED, OK, exit_code, print_verdict
from perfkit.cli.workers import workforce
from perfkit.errors import PerfkitError, Problem, ScenarioError
from perfkit.load.channel import Workforce
from perfkit.run.options import Options
from perfkit.run.record import Recorded
from perfkit.run.record import run as record
from perfkit.scenario.model import MOST_PROCESSES, Scenario
from perfkit.scenario.parse import parse
from perfkit.units import parse_time

INTERRUPTED = 130


def run(
    scenario: Annotated[Path, typer.Argument(help="The scenario file.", show_default=False)],
    load: Annotated[
        str | None, typer.Option(help="The load profile; without it the first that is not `smoke`.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Where run directories go.")] = Path("reports"),
    set_: Changes = None,
    duration: Annotated[
        str | None, typer.Option(help="How long to measure, whatever the file says: 30s.", show_default=False)
    ] = None,
    profile: Annotated[bool, typer.Option("--profile/--no-profile", help="Whether to profile after measuring.")] = True,
    analyze: Annotated[bool, typer.Option("--analyze/--no-analyze", help="Whether to judge the run at once.")] = True,
    calibrate: Annotated[
        bool, typer.Option("--calibrate/--no-calibrate", help="Whether to measure what the generator can do before the run.")
    ] = True,
    web: Annotated[bool, typer.Option("--web", help="Show the load in Locust's web UI, on loopback, while it lasts.")] = False,
    own: Owned = False,
    processes: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_PROCESSES, help="Generator processes here, whatever the file says.", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=1000, help="`perfkit worker`s to wait for, besides.")] = 0,
    bind: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS[:PORT]", help="Where workers find this run: 127.0.0.1:5557.", show_default=False),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="The token that workers need; without it the variable PERFKIT_TOKEN is read.", show_default=False),
    ] = None,
) -> int:
    """Run a scenario: drive its load, watch the target, and write a report."""
    parsed = parse(scenario, set_ or (), seconds(duration), owned=own)
    chosen = load_profile(parsed, load, scenario)
    force = workforce(parsed, processes, workers, bind, token_file)
    return carry_out(
        parsed, scenario, chosen, out, profiling=profile, analyzing=analyze, calibrating=calibrate, force=force, web=web
    )


def carry_out(
    scenario: Scenario,
    source: Path,
    profile: str,
    out: Path,
    *,
    profiling: bool = True,
    analyzing: bool = True,
    calibrating: bool = True,
    force: Workforce | None = None,
    web: bool = False,
) -> int:
    """Records and judges; whatever ends the run early, the report of what there is gets written first."""
    console = Console(stderr=True, soft_wrap=True)
    with stopping_politely(), Watch(console) as watch:
        options = Options(profile, out, profiling, watch.progress, watch.news, calibrating, force, web)
        recorded = record(scenario, source, options)
    if recorded.error is not None and not recorded.has_samples:
        # A report of nothing would only hide what went wrong.
        raise recorded.error
    if not analyzing:
        typer.echo(str(recorded.directory.path))
        return concluded(recorded, None)
    try:
        judged = judge(recorded.directory.path)
    except PerfkitError:
        # What ended the run says more than that nothing can be read of it.
        if recorded.error is not None:
            raise recorded.error from None
        raise
    print_verdict(judged, out / "latest" / "report.html")
    return concluded(recorded, judged)


@contextmanager
def stopping_politely() -> Generator[None]:
    """A TERM is as good as a Ctrl-C: the first lets what is in flight finish, a second one stops at once."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def concluded(recorded: Recorded, judged: Judged | None) -> int:
    """The first that applies: interrupted, the error's own code, invalid, missed, inconclusive."""
    if recorded.run.state == "interrupted":
        return INTERRUPTED
    if recorded.error is not None:
        raise recorded.error
    if judged is None:
        halt = recorded.run.halt
        return MISSED if halt is not None and halt.by != "duration" else OK
    return exit_code(judged.analysis)


def load_profile(scenario: Scenario, wanted: str | None, source: Path) -> str:
    if wanted is None:
        return scenario.default_load()
    if wanted not in scenario.load:
        known = ", ".join(scenario.load)
        raise ScenarioError(str(source), (Problem("load", f"there is no profile {wanted!r}; the file has {known}"),))
    return wanted


def seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--duration") from error
