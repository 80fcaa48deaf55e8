"""The search for the best segments of a series, by the library ruptures, for a cost of our own."""

from collections.abc import Callable

from ruptures.base import BaseCost
from ruptures.detection.pelt import Pelt

from perfkit.stats.quantiles import Numbers


def places(cost: Callable[[int, int], float], values: Numbers, penalty: float, shortest: int) -> list[int]:
    """Where segments after the first begin, so that their costs and a penalty for each are least."""
    search = Pelt(custom_cost=_Cost(cost, values), min_size=shortest, jump=1)
    return [int(place) for place in search.fit(values).predict(pen=penalty)[:-1]]


class _Cost(BaseCost):  # type: ignore[misc]  # ruptures ships no types
    """`cost` is of the values from a place up to and without another."""

    model = "perfkit"  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]  # attributes in ruptures too
    min_size = 1

    def __init__(self, cost: Callable[[int, int], float], signal: Numbers) -> None:
        self._cost = cost
        self.signal = signal

    def fit(self, *_args: object, **_options: object) -> "_Cost":  # pyright: ignore[reportIncompatibleMethodOverride]  # untyped
        return self

    def error(self, start: int, end: int) -> float:  # pyright: ignore[reportIncompatibleMethodOverride]  # theirs is abstract
        return self._cost(start, end)
