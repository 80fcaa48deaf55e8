"""A picture for every endpoint: the ratio at each measured commit with its interval, the levels, and where they change."""

import math
from collections.abc import Iterator
from typing import Final

from perfkit.compare.comparison import share
from perfkit.compare.history.history import History
from perfkit.compare.history.pages import words
from perfkit.compare.history.trend import ChangePoint, Trend
from perfkit.evidence import Missing
from perfkit.page import Band, Block, Chart, Fold, Section, Series, Text
from perfkit.units import show_change

OPEN: Final = 6  # pictures that are shown before the reader asks for more
NORMAL: Final = 1.959964  # standard errors of an interval at 95 %
GRADES: Final = ("quiet", "fair", "noisy", "unknown")


def section(history: History) -> Section:
    blocks = [block for trend in history.trends for block in _one(trend, history)]
    shown: tuple[Block, ...] = tuple(blocks[:OPEN])
    if len(blocks) > OPEN:
        shown += (Fold(f"{len(blocks) - OPEN} more", tuple(blocks[OPEN:])),)
    return Section(
        "Ratio to the anchor",
        (*shown, *_noise(history)) or (Text("No comparison stands in a series yet."),),
        f"{history.metric.replace('_', ' ').capitalize()} above that of the anchor, both measured side by side in the same "
        "comparison. Whiskers are 95 % intervals of the comparison itself; what lies between comparisons is counted in where "
        "levels are judged. Shaded: where a change may lie.",
    )


def _one(trend: Trend, history: History) -> Iterator[Block]:
    points = trend.series.points
    errors = [math.sqrt(point.variance) * NORMAL for point in points]
    xs = tuple(map(float, range(len(points))))
    ratio = Series(
        "ratio", xs, tuple(share(point.change) for point in points),
        tuple(share(point.change - error) for point, error in zip(points, errors, strict=True)),
        tuple(share(point.change + error) for point, error in zip(points, errors, strict=True)),
    )  # fmt: skip
    levels = tuple(share(one.level.value) for one in trend.segments for _ in range(one.start, one.stop))
    yield Chart(
        f"{trend.series.endpoint}: ratio to {trend.series.anchor.shown}", "intervals", "commit", "to the anchor", "change",
        (ratio, Series("level", xs, levels, is_level=True)), tuple(_bands(trend, history)), _note(trend),
        x_names=tuple(words.commit(point.commit) for point in points),
    )  # fmt: skip


def _bands(trend: Trend, history: History) -> Iterator[Band]:
    if isinstance(trend.steps, Missing):
        return
    for step in trend.steps:
        near = trend.series.points[step.place].commit
        size = next(one.size for one in history.changes if one.near.commit == near and _is_of(one, trend))
        yield Band(show_change(size.value), step.first - 0.75, step.last - 0.25)


def _is_of(one: ChangePoint, trend: Trend) -> bool:
    return one.endpoint == trend.series.endpoint and one.near in trend.series.points


def _note(trend: Trend) -> str:
    steps = f"No change point can be told yet: {trend.steps.why}. " if isinstance(trend.steps, Missing) else ""
    cut = f"The series ends here: {trend.series.cut}. " if trend.series.cut else ""
    return f"{steps}{cut}Newest level: {words.shares(trend.newest)}."


def _noise(history: History) -> Iterator[Block]:
    """How far each comparison could be trusted, in the same order."""
    widest: dict[str, float] = {}
    grades: dict[str, str] = {}
    for trend in history.trends:
        for point in trend.series.points:
            widest[point.commit] = max(widest.get(point.commit, 0.0), math.sqrt(point.variance))
            grades[point.commit] = point.entries[-1].noise
    order = [commit for commit in dict.fromkeys(entry.commit for entry in history.entries) if commit in widest]
    if not order:
        return
    series = tuple(
        Series(grade, tuple(float(at) for at, _ in found), tuple(share(widest[commit]) for _, commit in found))
        for grade in GRADES
        if (found := [(at, commit) for at, commit in enumerate(order) if grades[commit] == grade])
    )
    yield Chart(
        "Noise: standard error of each comparison, its worst endpoint", "bars", "commit", "standard error", "share", series,
        note="A noisy comparison counts for little: each weighs the inverse of its variance.",
        x_names=tuple(map(words.commit, order)),
    )  # fmt: skip
