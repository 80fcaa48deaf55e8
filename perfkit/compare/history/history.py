"""The history of a scenario: comparisons with anchors in the order of commits, where their ratios stepped, and what fails it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.compare import git
from perfkit.compare.history import anchors as anchors_
from perfkit.compare.history import changes, counts, gather, order, series, sharing, trend
from perfkit.compare.history.anchors import Link
from perfkit.compare.history.counts import Track
from perfkit.compare.history.entry import Entry
from perfkit.compare.history.gather import Gathered
from perfkit.compare.history.order import Order
from perfkit.compare.history.runs import RunTimes
from perfkit.compare.history.trend import ChangePoint, Trend
from perfkit.errors import ComparisonError, EvidenceError

UNSTABLE: Final = "unstable"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    folder: Path | None
    place: str | None  # branch:... or folder:...
    repository: Path  # any folder of it, or of none
    margin: float
    metric: str
    branch: str | None = None
    scenario: str | None = None
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Everything that judging has to say; history.json is this, written down."""

    scenario: str
    metric: str
    margin: float
    order: Order
    entries: tuple[Entry, ...]  # that stand in it, in order
    links: tuple[Link, ...]
    trends: tuple[Trend, ...]
    changes: tuple[ChangePoint, ...]  # the newest first
    tracks: tuple[Track, ...]
    runs: tuple[RunTimes, ...]
    left_out: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def newest(self) -> tuple[Trend, ...]:
        """Trends that reach to the newest anchor: what the newest code is judged by."""
        return tuple(one for one in self.trends if not one.series.cut)

    @property
    def regressed(self) -> tuple[Trend, ...]:
        return tuple(one for one in self.newest if trend.regressed(one, self.margin))


def history(asked: Asked) -> History:
    """Reads and judges; EvidenceError when there is nothing to judge."""
    top = git.top(asked.repository)
    place = sharing.named(asked.place, asked.repository) if asked.place is not None else None
    return judge(gather.gather(asked.folder, place, top), asked, top)


def judge(gathered: Gathered, asked: Asked, repository: Path | None) -> History:
    """The same files give the same history."""
    scenario = asked.scenario or _scenario(gathered)
    mine = [entry for entry in gathered.entries if entry.scenario == scenario]
    ordering = order.of(mine, repository, asked.branch)
    placed = [entry for entry in mine if entry.commit and entry.base and not entry.dirty and ordering.knows(entry.commit)]
    fit = [entry for entry in placed if entry.answer != UNSTABLE]
    links, aside = anchors_.links(fit, ordering, _commits(asked.anchors, repository))
    trends = trend.judged(tuple(_series(links, fit, asked.metric)))
    within = {entry.name for link in links for entry in link.entries}
    left_out = (*_left_out(mine, placed, aside, gathered, scenario),)
    return History(
        scenario=scenario, metric=asked.metric, margin=asked.margin, order=ordering,
        entries=tuple(entry for entry in ordering.sorted(fit) if entry.name in within),
        links=links, trends=trends, changes=changes.points(trends, ordering),
        tracks=counts.tracks(ordering.sorted(placed)),
        runs=tuple(run for run in gathered.runs if run.scenario == scenario),
        left_out=left_out, unread=gathered.unread,
    )  # fmt: skip


def _series(links: Sequence[Link], entries: Sequence[Entry], metric: str) -> Iterator[series.Series]:
    for chained, overlaps in anchors_.chains(links, entries):
        yield from series.of_chain(chained, overlaps, metric)


def _scenario(gathered: Gathered) -> str:
    """Of the newest comparison, else of the newest run."""
    newest = max(gathered.entries, key=lambda entry: entry.started_at, default=None)
    if newest is not None:
        return newest.scenario
    if gathered.runs:
        return gathered.runs[-1].scenario
    why = f": {'; '.join(sharing.listed(gathered.unread))}" if gathered.unread else ""
    raise EvidenceError(
        f"there is no comparison and no judged run to make a history of{why}",
        hint="Compare commits with a release (perfkit compare v1.4 HEAD --scenario ...), or name a place with --from.",
    )


def _commits(anchors: Sequence[str], repository: Path | None) -> tuple[str, ...]:
    """What --anchor names, as commits; without a repository they are taken as such."""
    found: list[str] = []
    for anchor in anchors:
        commit = (
            git.ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{anchor}^{{commit}}")
            if repository is not None
            else anchor
        )
        if not commit:
            raise ComparisonError(f"there is no revision {anchor!r} in {repository}", hint="`git tag` lists releases.")
        found.append(commit)
    return tuple(found)


def _left_out(
    mine: Sequence[Entry], placed: Sequence[Entry], aside: Sequence[Entry], gathered: Gathered, scenario: str
) -> Iterator[str]:
    """What does not stand in the series, and why, counted."""
    names = {entry.name for entry in placed}
    reasons = Counter(_why(entry) for entry in mine if entry.name not in names)
    reasons[f"{UNSTABLE}: the base differed from itself, so their times prove nothing; exact counts stand"] = sum(
        entry.answer == UNSTABLE for entry in placed
    )
    reasons["of a base that nothing else was compared with (--anchor makes it one)"] = len(aside)
    for why, count in reasons.items():
        if count:
            yield f"{count} {'comparison' if count == 1 else 'comparisons'} left out: {why}"
    others = Counter(entry.scenario for entry in gathered.entries if entry.scenario != scenario)
    if others:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(others.items()))
        yield f"comparisons of other scenarios, which --scenario shows: {listed}"


def _why(entry: Entry) -> str:
    if entry.dirty:
        return "of a working tree with changes, which is no commit"
    if not entry.commit or not entry.base:
        return "of commands or services, whose commit is not known"
    return "of commits that this branch does not have (--branch names another)"
