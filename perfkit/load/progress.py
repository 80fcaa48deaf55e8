"""What a person watching a run is told, a few times a second: never a figure of the report."""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.evidence import Phase
from perfkit.stats.histogram import Histogram, Numbers

RECENT: Final = 5.0  # seconds that rate and p95 look back
# Seconds that are kept apart; older ones are only in the sum.
KEPT: Final = 300

Names: TypeAlias = npt.NDArray[np.integer]
Cells: TypeAlias = dict[tuple[int, int], Histogram]  # by endpoint and error

# Second, endpoint and error of a request in one number.
_SECOND: Final = 40
_ENDPOINT: Final = 8
_NAMES: Final = (1 << (_SECOND - _ENDPOINT)) - 1
_ERRORS: Final = (1 << _ENDPOINT) - 1


@dataclass(frozen=True, slots=True)
class Progress:
    phase: Phase
    elapsed: float  # of the phase
    total: float | None  # of the phase; None when it ends with its iterations
    requests: int  # since the run began
    errors: int
    rate: float  # requests per second that ended in the last seconds
    p95: float | None  # response time of the last seconds; None when nothing ended
    users: int  # virtual users at work


class Recent:
    """Histograms per endpoint and outcome, of each of the last seconds and of the whole run; an outcome is an error, or none."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.seconds: deque[tuple[int, Cells]] = deque()
        self._older: Cells = {}
        self._first_at: float | None = None

    def take(self, second: int, endpoint: int, error: int, times: Histogram) -> None:
        """Requests that have ended; endpoints and errors as numbers, 0 is no error."""
        if self._first_at is None:
            self._first_at = float(second)
        self.requests += times.count
        self.errors += times.count if error else 0
        self._of_second(second).setdefault((endpoint, error), Histogram()).add(times)

    def total(self) -> Mapping[tuple[int, int], Histogram]:
        """Of the whole run."""
        total: Cells = {}
        for cells in (self._older, *(cells for _, cells in self.seconds)):
            _take_in(total, cells)
        return total

    def show(self, now: float, phase: Phase, elapsed: float, total: float | None, users: int) -> Progress:
        recent = Histogram()
        for second, cells in self.seconds:
            if second >= now - RECENT:
                _add_all(recent, cells.values())
        # The first seconds of a run have not seen RECENT seconds yet; below one, a rate would be a guess.
        begun = max(float(math.ceil(now - RECENT)), self._first_at or now)
        return Progress(
            phase=phase,
            elapsed=elapsed,
            total=total,
            requests=self.requests,
            errors=self.errors,
            rate=recent.count / max(now - begun, 1.0),
            p95=recent.quantile(0.95) if recent.count else None,
            users=users,
        )

    def _of_second(self, second: int) -> Cells:
        for known, found in reversed(self.seconds):
            if known == second:
                return found
            if known < second:
                break
        cells: Cells = {}
        place = len(self.seconds)
        while place and self.seconds[place - 1][0] > second:
            place -= 1
        self.seconds.insert(place, (second, cells))
        if len(self.seconds) > KEPT:
            _take_in(self._older, self.seconds.popleft()[1])
        return cells


def by_second(
    finished_at: Numbers, response_times: Numbers, endpoints: Names, errors: Names, sizes: Names
) -> dict[tuple[int, int, int], tuple[Histogram, int]]:
    """Response times, and bytes of answers together, by second, endpoint and error."""
    if not len(finished_at):
        return {}
    seconds = finished_at.astype(np.int64)
    first = int(seconds.min())
    keys = (seconds - first) << _SECOND | endpoints.astype(np.int64) << _ENDPOINT | errors
    found: dict[tuple[int, int, int], tuple[Histogram, int]] = {}
    for key in np.unique(keys).tolist():
        which = keys == key
        place = (first + (key >> _SECOND), key >> _ENDPOINT & _NAMES, key & _ERRORS)
        found[place] = (Histogram.of(response_times[which]), int(sizes[which].sum()))
    return found


def _take_in(total: Cells, cells: Cells) -> None:
    for key, histogram in cells.items():
        total.setdefault(key, Histogram()).add(histogram)


def _add_all(into: Histogram, histograms: Iterable[Histogram]) -> None:
    for histogram in histograms:
        into.add(histogram)
