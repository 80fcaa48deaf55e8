"""What a person watching a run is told, a few times a second: never a figure of the report."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from perfkit.evidence import Phase
from perfkit.load.health import nearest_rank

RECENT: Final = 5.0  # seconds that rate and p95 look back


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
    """The last seconds of outcomes, for the live line only."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self._first_at: float | None = None
        self._ended: deque[tuple[float, float]] = deque()

    def add(self, finished_at: float, response_time: float, *, failed: bool) -> None:
        if self._first_at is None:
            self._first_at = finished_at
        self.requests += 1
        self.errors += failed
        self._ended.append((finished_at, response_time))

    def show(self, now: float, phase: Phase, elapsed: float, total: float | None, users: int) -> Progress:
        while self._ended and self._ended[0][0] < now - RECENT:
            self._ended.popleft()
        times = sorted(response_time for _, response_time in self._ended)
        # The first seconds of a run have not seen RECENT seconds yet; below one, a rate would be a guess.
        span = max(min(RECENT, now - (self._first_at or now)), 1.0)
        return Progress(
            phase=phase,
            elapsed=elapsed,
            total=total,
            requests=self.requests,
            errors=self.errors,
            rate=len(times) / span,
            p95=nearest_rank(times, 0.95) if times else None,
            users=users,
        )
