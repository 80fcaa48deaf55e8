"""Long series made short without losing their peaks: the least and the greatest of each bucket."""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

from perfkit.page import Series

MAX_POINTS: Final = 2000  # more than there are pixels across a chart, few enough for SVG to stay quick

Point: TypeAlias = tuple[float | str, float | None]


def thin(series: Series, limit: int = MAX_POINTS) -> Series:
    """At most `limit` points; first and last stay, a bucket without any value stays a gap."""
    points: list[Point] = list(zip(series.xs, map(_finite, series.ys), strict=False))
    if len(points) > limit:
        inner = points[1:-1]
        points = [points[0], *_peaks(inner, (limit - 2) // 2), points[-1]]
    return Series(series.name, tuple(x for x, _ in points), tuple(y for _, y in points))


def _peaks(points: Sequence[Point], buckets: int) -> list[Point]:
    kept: list[Point] = []
    for bucket in range(buckets):
        start, end = bucket * len(points) // buckets, (bucket + 1) * len(points) // buckets
        values = [(y, index) for index in range(start, end) if (y := points[index][1]) is not None]
        if values:
            # By value and then by place: equal values keep their first and their last point.
            kept += [points[index] for index in sorted({min(values)[1], max(values)[1]})]
        elif start < end:
            kept.append((points[start][0], None))
    return kept


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
