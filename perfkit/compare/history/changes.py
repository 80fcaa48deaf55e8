"""The steps of all trends as a person looks for them: near which commit, between which two, and what else changed there."""

from collections.abc import Iterator, Sequence

from perfkit.compare.comparison import as_shares
from perfkit.compare.history.order import Order
from perfkit.compare.history.series import Point, Series
from perfkit.compare.history.trend import ChangePoint, Trend
from perfkit.evidence import Missing
from perfkit.stats.change_points import Step

# What a step may be due to instead of to the code.
CONDITIONS = {"python": "another Python", "dependencies": "other libraries", "machine": "another machine"}


def points(trends: Sequence[Trend], order: Order) -> tuple[ChangePoint, ...]:
    """The newest first."""
    found = [
        _point(trend.series, step, order) for trend in trends if not isinstance(trend.steps, Missing) for step in trend.steps
    ]
    newest = {commit: at for at, commit in enumerate(one.commit for trend in trends for one in trend.series.points)}
    return tuple(sorted(found, key=lambda one: (_at(one.near, order, newest), -one.size.value), reverse=True))


def _at(point: Point, order: Order, seen: dict[str, int]) -> tuple[int, str]:
    return (seen[point.commit], "") if isinstance(order.places, Missing) else (order.places.get(point.commit, -1), "")


def _point(series: Series, step: Step, order: Order) -> ChangePoint:
    after, until = series.points[step.first - 1], series.points[step.last]
    return ChangePoint(
        endpoint=series.endpoint, metric=series.metric, size=as_shares(step.size), p=step.p,
        near=series.points[step.place], after=after, until=until,
        among=order.between(after.commit, until.commit), doubts=tuple(_doubts(series, step)),
    )  # fmt: skip


def _doubts(series: Series, step: Step) -> Iterator[str]:
    """Conditions that every comparison before has, and none after has."""
    before = [entry.conditions for point in series.points[: step.first] for entry in point.entries]
    after = [entry.conditions for point in series.points[step.last :] for entry in point.entries]
    for name, said in CONDITIONS.items():
        old, new = ({getattr(one, name) for one in side} for side in (before, after))
        if not old & new and "" not in old | new:
            yield f"{said} has been compared on since then"
    if any(step.first <= one.stop <= step.last for one in series.shared):
        yield "the anchor changes there, and the error of chaining it is counted in"
