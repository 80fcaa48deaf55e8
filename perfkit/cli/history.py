"""perfkit history: how a service's speed went over its commits, and the shared place where comparisons are kept."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from perfkit.cli import options
from perfkit.cli.compare import margin_of
from perfkit.compare import git
from perfkit.compare.history import contract, reading, sharing
from perfkit.compare.history.history import Asked
from perfkit.compare.history.history import history as judged
from perfkit.compare.history.pages.page import page
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.places import Place
from perfkit.errors import ComparisonError
from perfkit.report import html
from perfkit.stats.outcome import Rules

REPORTS = Path("reports")
REGRESSED = 1


class ShownByDefault(TyperGroup):
    """`perfkit history reports` is `perfkit history show reports`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # whose Context it is depends on typer's version
        asks_for_help = any(word in ctx.help_option_names for word in args)
        if not (args and args[0] in self.commands) and not (asks_for_help and args[0].startswith("-")):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ShownByDefault,
    help="How fast the service was over its commits: `show` (the default) reads, `add` shares a comparison with the team.",
    no_args_is_help=False,
    add_completion=False,
)


@app.command()
def show(
    directory: Annotated[
        Path | None,
        typer.Argument(help="The folder in which comparisons and runs lie: reports, unless --from is given.", show_default=False),
    ] = None,
    shared: Annotated[
        str | None, typer.Option("--from", help="A shared place: branch:perf-data or folder:PATH.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Where history.html and history.json go.")] = REPORTS / "history",
    scenario: Annotated[
        str | None, typer.Option(help="Of which scenario; that of the newest comparison.", show_default=False)
    ] = None,
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="A release that is an anchor; every base of several comparisons is one.", show_default=False),
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Whose commits, in whose order: HEAD.", show_default=False)] = None,
    figure: Annotated[str, typer.Option(help="Which figure: server_time, server_time_p95, burst_8_last, ...")] = SERVER_TIME.id,
    margin: Annotated[str | None, typer.Option(help="The slowdown that nobody minds: 3%.", show_default=False)] = None,
    repository: Annotated[Path, typer.Option(help="A folder of the repository.")] = Path(),
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 1 when the newest level is slower by more than the margin.")
    ] = False,
) -> int:
    """Show ratios to an anchor release over commits, where they changed, and what is slower now."""
    found = judged(
        Asked(
            folder=directory or (REPORTS if shared is None else None),
            place=shared,
            repository=repository,
            margin=margin_of(margin) or Rules().margin,
            metric=figure,
            branch=branch,
            scenario=scenario,
            anchors=tuple(anchor or ()),
        )
    )
    code = REGRESSED if fail_on_regression and found.regressed else 0
    says = page(found)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ComparisonError(f"{out} cannot hold a history: {error.strerror}", hint="Give another folder with --out.") from error
    place = Place(out)
    place.write("history.html", html.render(says))
    place.write("history.json", contract.written(found, code))
    options.show(says, out / "history.html")
    return code


@app.command()
def add(
    reports: Annotated[list[Path], typer.Argument(help="Folders of comparisons.", show_default=False)],
    to: Annotated[str, typer.Option(help="The shared place: branch:perf-data or folder:PATH.", show_default=False)],
    repository: Annotated[Path, typer.Option(help="A folder of the repository.")] = Path(),
) -> int:
    """Add comparisons to a shared place; of a branch each is a commit, which your `git push` shares."""
    top = git.top(repository)
    place = sharing.named(to, repository)
    # All are read before the first is added: a slip of the pen adds nothing.
    entries = [reading.with_parent(reading.read(report), top) for report in reports]
    console = Console(soft_wrap=True)
    for entry in entries:
        said = "added" if sharing.put(place, entry) else "is there already"
        console.print(f"{entry.name}: {said}", highlight=False)
    if to.startswith(sharing.BRANCH):
        console.print(f"share it with: git push origin {to.removeprefix(sharing.BRANCH)}", style="dim", highlight=False)
    return 0
