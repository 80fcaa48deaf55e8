"""What more of what was varied would bring: the scalability law over the settings, as a diagnosis, and a careful look beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Final

from perfkit.capacity.found import Answer, Found
from perfkit.capacity.plan import Grade, graded
from perfkit.evidence import Missing
from perfkit.stats import usl
from perfkit.stats.interval import Estimate
from perfkit.stats.usl import Point, Scalability

# A 90 % interval reaches so many standard errors to either side.
ERRORS_OF_90: Final = 1.645
# Times what was measured: one step that is near, and one that is not.
FURTHER: Final = (1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Beyond:
    """So many, though fewer were measured."""

    count: int
    limit: Estimate
    grade: Grade
    why: str


@dataclass(frozen=True, slots=True)
class Scaling:
    """`name` is what was varied."""

    name: str
    points: tuple[Point, ...]
    law: Scalability
    beyond: tuple[Beyond, ...]


def scaling(found: Sequence[Found]) -> Scaling | Missing:
    """Of settings that are counts and whose limit was found."""
    names = {name for one in found for name in one.setting}
    if len(names) != 1:
        return Missing("nothing was varied: capacity: {vary: {workers: [1, 2]}}")
    (name,) = names
    points = tuple(point for one in found if (point := _point(one, name)) is not None)
    if len({one.workers for one in points}) < usl.FEWEST:
        return Missing(f"fewer than two counts of {name} whose limit was found")
    most = max(one.workers for one in points)
    counts = dict.fromkeys(ceil(most * times) for times in FURTHER)
    beyond = tuple(Beyond(count, usl.beyond(points, count), *_graded(count, most)) for count in counts)
    return Scaling(name, points, usl.fit(points), beyond)


def _point(found: Found, name: str) -> Point | None:
    value = found.setting.get(name)
    if not isinstance(value, int | float) or value <= 0 or found.answer is not Answer.FOUND or found.limit is None:
        return None
    if not isfinite(found.limit.half_width):  # no step has met it
        return None
    return Point(float(value), found.limit.value, max(found.limit.half_width / ERRORS_OF_90, 1e-6 * found.limit.value))


def _graded(count: int, most: float) -> tuple[Grade, str]:
    grade, _ = graded(count / most)
    return grade, f"{count / most:.3g} times what was measured"
