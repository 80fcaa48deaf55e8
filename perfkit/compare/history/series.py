"""From chained comparisons to series: per endpoint the log ratio of each measured commit to the newest anchor."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from perfkit.compare.history.anchors import Link, Overlap
from perfkit.compare.history.entry import Entry, Ratio
from perfkit.compare.metric import EVERY
from perfkit.stats.change_points import Shared
from perfkit.stats.quantiles import Numbers


@dataclass(frozen=True, slots=True)
class Point:
    """A measured commit; of several comparisons of it the mean, each weighing the inverse of its variance."""

    commit: str
    change: float  # log ratio to the newest anchor of the chain
    variance: float  # of its own intervals, and nothing else
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Of one endpoint and figure in one chain; `shared` are the errors of the overlaps, which all older points have in common."""

    endpoint: str
    metric: str
    anchor: Link  # the newest
    points: tuple[Point, ...]
    shared: tuple[Shared, ...]
    cut: str = ""  # why it goes no further, into the next anchor's

    @property
    def values(self) -> Numbers:
        return np.array([point.change for point in self.points], np.float64)

    @property
    def variances(self) -> Numbers:
        return np.array([point.variance for point in self.points], np.float64)


def of_chain(links: Sequence[Link], overlaps: Sequence[Overlap], metric: str) -> Iterator[Series]:
    """One per endpoint; where an overlap does not have it, its series is cut there and goes on as another."""
    named = {one.endpoint for link in links for entry in link.entries for one in entry.ratios if one.metric == metric}
    for endpoint in sorted(named, key=lambda name: (name != EVERY, name)):
        begin = 0
        for at in range(len(links)):
            step = _joined(overlaps[at].entries, endpoint, metric) if at < len(overlaps) else None
            if step is None:
                why = _why(endpoint, overlaps[at]) if at < len(overlaps) else ""
                series = _series(links[begin : at + 1], overlaps[begin:at], endpoint, metric, why)
                if series.points:
                    yield series
                begin = at + 1


def _series(links: Sequence[Link], overlaps: Sequence[Overlap], endpoint: str, metric: str, cut: str) -> Series:
    found: list[list[Point]] = []
    shared: list[tuple[int, float]] = []  # how many links it befalls, variance
    shift, newer = 0.0, set[str]()
    # From the newest anchor back: what is older is compared with it through the overlaps in between.
    for back, link in enumerate(reversed(links)):
        if back:
            joined = _joined(overlaps[len(links) - 1 - back].entries, endpoint, metric)
            assert joined is not None
            shift -= joined[0]
            shared.append((len(links) - back, joined[1]))
        # An anchor beside itself is no measurement: it lies at 0 by the overlap that chains it.
        found.insert(0, [point for point in _points(link, endpoint, metric, shift) if point.commit not in newer])
        newer.add(link.base)
    stops = [(sum(map(len, found[:count])), variance) for count, variance in shared]
    return Series(
        endpoint,
        metric,
        links[-1],
        tuple(point for points in found for point in points),
        tuple(Shared(stop, variance) for stop, variance in stops if stop),
        cut,
    )


def _points(link: Link, endpoint: str, metric: str, shift: float) -> Iterator[Point]:
    by_commit: dict[str, list[Entry]] = {}
    for entry in link.entries:
        by_commit.setdefault(entry.commit, []).append(entry)
    for commit, entries in by_commit.items():
        joined = _joined(entries, endpoint, metric)
        if joined is not None:
            yield Point(commit, joined[0] + shift, joined[1], tuple(entries))


def _joined(entries: Sequence[Entry], endpoint: str, metric: str) -> tuple[float, float] | None:
    """Log ratio and variance of all of them together; None when none tells how well it knows."""
    ratios = (entry.ratio(endpoint, metric) for entry in entries)
    known = [found for ratio in ratios if ratio is not None and (found := measured(ratio)) is not None]
    if not known:
        return None
    weights = [1 / variance for _, variance in known]
    return sum(value * weight for (value, _), weight in zip(known, weights, strict=True)) / sum(weights), 1 / sum(weights)


def measured(ratio: Ratio) -> tuple[float, float] | None:
    """Log ratio and the variance that its interval stands for: half of it is so many standard errors as its level asks for."""
    estimate = ratio.estimate
    if estimate is None or not estimate.half_width > 0:
        return None
    return estimate.value, (estimate.half_width / -float(ndtri(ratio.level / 2))) ** 2


def _why(endpoint: str, overlap: Overlap) -> str:
    return overlap.why or f"the comparison of the two anchors does not have {endpoint}"


def standard_error(point: Point) -> float:
    return math.sqrt(point.variance)
