"""What a series shows: its levels, where it steps from one to the next, and how far it can be trusted to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from perfkit.compare.comparison import as_shares, share
from perfkit.compare.history.series import Point, Series
from perfkit.evidence import Missing
from perfkit.stats import change_points
from perfkit.stats.change_points import FEWEST, Segment, Step
from perfkit.stats.interval import Estimate

# Processes of one version differ by 0.2 to 0.9 % (research for comparisons, 8), and a comparison averages over four starts of
# both, so that its interval leaves at least this much out.
LEAST: Final = 0.001**2


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A step of a series: `near` is the first commit of the new level, which began after `after` and not later than `until`."""

    endpoint: str
    metric: str
    size: Estimate  # a share: 0.03 is 3 % slower
    p: float
    near: Point
    after: Point
    until: Point
    among: int | None  # commits of the repository one of which it was
    doubts: tuple[str, ...] = ()

    @property
    def is_slower(self) -> bool:
        return self.size.value > 0


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """A series, judged; `steps` is Missing where it is too short to show any."""

    series: Series
    variances: tuple[float, ...]  # of each point, with what lies between comparisons
    extra: float  # standard deviation that comparisons have beyond their own intervals
    steps: tuple[Step, ...] | Missing
    segments: tuple[Segment, ...]

    @property
    def newest(self) -> Estimate:
        """The last level, as a share of the newest anchor's time."""
        return as_shares(self.segments[-1].level)


def judged(family: Sequence[Series]) -> tuple[Trend, ...]:
    """All series together, so that the chance of any false step in all of them is one in a hundred."""
    places = sum(change_points.places_of(len(series.points)) for series in family)
    return tuple(_trend(series, places) for series in family)


def regressed(trend: Trend, margin: float) -> bool:
    """Whether the newest level is slower than the newest anchor: for certain, and by more than the margin."""
    return trend.newest.low > 0 and trend.newest.value > margin


def _trend(series: Series, places: int) -> Trend:
    why = _why_not(len(series.points))
    found = change_points.levels(series.values, series.variances, LEAST, 0 if why else places, series.shared)
    return Trend(
        series=series,
        variances=tuple(found.variances.tolist()),
        extra=share(found.extra**0.5),
        steps=Missing(why) if why else found.steps,
        segments=found.segments,
    )


def _why_not(count: int) -> str:
    """Why no change point can be looked for; empty when one can."""
    if find_spec(change_points.LIBRARY) is None:
        return f"the library {change_points.LIBRARY}, which finds them, is not installed: it has no release for this Python"
    if count < FEWEST:
        return (
            f"{count} {'commit is' if count == 1 else 'commits are'} measured, and change points are looked for from {FEWEST} on"
        )
    return ""
