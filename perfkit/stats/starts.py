"""What a start keeps: a bias of its processes that all bursts until the next restart share, whatever their number.

Measured on a service of eight threads: two starts of the same version differ by about a hundredth of what a burst takes, all
endpoints and sizes alike (docs/decisions/0033). Blocks alone do not know that, and call it a change. The variance between starts
is estimated from all figures of the tier (analysis of variance: Searle, Casella and McCulloch, Variance Components, 1992, 3.5);
so few starts say little, so that what is usual counts as well (a scaled inverse chi-square prior).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from perfkit.stats.quantiles import Numbers

# As a log ratio; and as sure as so many starts would have made it.
USUAL: Final = 0.01
WORTH: Final = 6
# Of fewer blocks no error of a start's mean is known.
FEWEST: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Started:
    """Blocks of one figure, and the start that each one is of."""

    values: Numbers
    start: npt.NDArray[np.int64]

    @property
    def starts(self) -> int:
        return len(np.unique(self.start))


def lasting(figures: Sequence[Started]) -> tuple[float, ...]:
    """Standard error that each figure's centre has by its starts, which its blocks do not show."""
    between = math.sqrt(variance(figures))
    return tuple(between / math.sqrt(figure.starts) if len(figure.values) else 0.0 for figure in figures)


def variance(figures: Sequence[Started]) -> float:
    """Between starts of one tier; all figures are of the same processes, so that they count as one set of starts."""
    found = [one for one in map(_of_one, figures) if one is not None]
    if not found:
        return USUAL**2
    own = max(0.0, float(np.median([extra for extra, _ in found])))
    freedom = max(freedom for _, freedom in found)
    return (WORTH * USUAL**2 + freedom * own) / (WORTH + freedom)


def _of_one(figure: Started) -> tuple[float, int] | None:
    """Variance of the starts' means beyond what their blocks explain (less than none by luck), and its degrees of freedom."""
    parts = [figure.values[figure.start == number] for number in np.unique(figure.start)]
    known = [part for part in parts if len(part) >= FEWEST]
    if len(known) < FEWEST:
        return None
    means = np.array([part.mean() for part in known])
    explained = np.mean([part.var(ddof=1) / len(part) for part in known])
    return float(means.var(ddof=1) - explained), len(known) - 1
