"""Several tests in one run: what each may be rejected at, so that the whole run seldom cries wolf.

Holm, Scandinavian Journal of Statistics 6 (1979): the chance of any false alarm in a run stays below alpha, whatever the tests
have to do with one another. Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995): the share of false ones
among those shown; for "look at these", never for a gate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Step:
    """`level` is what a test was judged at: an interval of confidence 1 - level agrees with `rejected`."""

    rejected: bool
    level: float


def step_down(p_values: Sequence[float], level: Callable[[int], float], already: Sequence[bool] = ()) -> tuple[Step, ...]:
    """Smallest p first, each at `level(remaining)`, until one holds; it and all larger ones are judged at that same level.

    `level` is alpha / remaining for one look at the end, and what a group-sequential boundary of that alpha allows at this look
    otherwise (Maurer and Bretz, Statistics in Biopharmaceutical Research 5, 2013). `already` marks tests that an earlier look has
    rejected: they stay so.
    """
    decided = np.array(already, dtype=bool) if len(already) else np.zeros(len(p_values), dtype=bool)
    ordered = np.argsort(np.where(decided, -1.0, np.asarray(p_values, dtype=np.float64)), kind="stable")
    steps: dict[int, Step] = {}
    held: float | None = None
    for passed, place in enumerate(ordered.tolist()):
        allowed = level(len(p_values) - passed) if held is None else held
        rejected = held is None and bool(decided[place] or p_values[place] <= allowed)
        if not rejected:
            held = allowed
        steps[place] = Step(rejected, allowed)
    return tuple(steps[place] for place in range(len(p_values)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted: at most alpha exactly for those that Holm's procedure rejects at alpha."""
    values = np.asarray(p_values, dtype=np.float64)
    ordered = np.argsort(values, kind="stable")
    remaining = np.arange(len(values), 0, -1)
    stepped = np.minimum(1.0, np.maximum.accumulate(values[ordered] * remaining))
    return _back(stepped.tolist(), ordered.tolist())


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted: showing those at most q makes a share of at most q of them false, on average."""
    values = np.asarray(p_values, dtype=np.float64)
    ordered = np.argsort(values, kind="stable")[::-1]
    ranks = np.arange(len(values), 0, -1)
    stepped = np.minimum(1.0, np.minimum.accumulate(values[ordered] * len(values) / ranks))
    return _back(stepped.tolist(), ordered.tolist())


def _back(stepped: list[float], ordered: list[int]) -> tuple[float, ...]:
    """In the order that the tests were given in."""
    placed = dict(zip(ordered, stepped, strict=True))
    return tuple(placed[place] for place in range(len(ordered)))
