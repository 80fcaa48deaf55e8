"""What the generator says of itself: how late it was, how busy it was, and whether it lost anything."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from perfkit.evidence import GeneratorHealth, Phase

# A stretch this long with a full core is what makes a run's tail its generator's; a mean over the phase would hide it.
BUSIEST_STRETCH: Final = 5


class Health:
    """Counts of the measure phase; other phases are not judged."""

    def __init__(self) -> None:
        self.offered = 0
        self.sent = 0
        self.finished = 0
        self.dropped = 0
        self._lags: list[float] = []
        self._open_loop = False
        self._cpu: list[tuple[float, float]] = []

    def due(self, phase: Phase) -> None:
        """A request became due."""
        self.offered += phase == "measure"

    def left(self, phase: Phase) -> None:
        """A request was handed to the transport."""
        self.sent += phase == "measure"

    def ended(self, phase: Phase) -> None:
        """A request has an outcome on record."""
        self.finished += phase == "measure"

    def drop(self, phase: Phase) -> None:
        """An arrival that never became a request: it was offered all the same."""
        if phase == "measure":
            self.offered += 1
            self.dropped += 1

    def arrival(self, phase: Phase, lag: float) -> None:
        """How late an open arrival left, after its time and after a free virtual user was there for it."""
        if phase == "measure":
            self._open_loop = True
            self._lags.append(max(lag, 0.0))

    def cpu(self, at: float, used: float) -> None:
        """CPU seconds used by this process up to `at`; called about once a second of the measure phase."""
        self._cpu.append((at, used))

    def close(self) -> GeneratorHealth:
        lags = sorted(self._lags)
        return GeneratorHealth(
            offered=self.offered,
            sent=self.sent,
            finished=self.finished,
            dropped=self.dropped,
            lag_p50=nearest_rank(lags, 0.50),
            lag_p99=nearest_rank(lags, 0.99),
            cpu_share=busiest_share(self._cpu, BUSIEST_STRETCH),
            open_loop=self._open_loop,
        )


def nearest_rank(ordered: list[float], rank: float) -> float:
    """A value that was really observed; 0 when there is none."""
    if not ordered:
        return 0.0
    return ordered[min(int(rank * len(ordered)), len(ordered) - 1)]


def busiest_share(readings: Sequence[tuple[float, float]], stretch: float) -> float:
    """The largest share of a core over any `stretch` seconds of readings (at, CPU seconds); over all when they are shorter."""
    busiest = 0.0
    window: deque[tuple[float, float]] = deque()
    for at, used in readings:
        window.append((at, used))
        while len(window) > 2 and at - window[1][0] >= stretch:  # noqa: PLR2004  two readings make a stretch
            window.popleft()
        first_at, first_used = window[0]
        if at - first_at >= stretch:
            busiest = max(busiest, (used - first_used) / (at - first_at))
    if busiest or len(readings) < 2:  # noqa: PLR2004
        return busiest
    (first_at, first_used), (last_at, last_used) = readings[0], readings[-1]
    return (last_used - first_used) / (last_at - first_at) if last_at > first_at else 0.0
