"""What the generator says of itself: how late it was, how busy it was, and whether it lost anything."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from perfkit.evidence import GeneratorHealth, WorkerHealth
from perfkit.stats.histogram import Histogram, Numbers

# A stretch this long with a full core is what makes a run's tail its generator's; a mean over the phase would hide it.
BUSIEST_STRETCH: Final = 5


class Health:
    """What is known of the measure phase; other phases are not judged."""

    def __init__(self) -> None:
        self.finished = 0
        self.lags = Histogram()
        self._cpu: list[tuple[float, float]] = []

    def ended(self, lags: Numbers) -> None:
        """Requests have their outcome on record; each open arrival says how late it left, others NaN.

        Late is counted from when a free virtual user was there for it: waiting for one is the limit's doing, and the target's.
        """
        self.finished += len(lags)
        self.lags.add(Histogram.of(np.maximum(lags[~np.isnan(lags)], 0.0)))

    def cpu(self, at: float, used: float) -> None:
        """CPU seconds used by this process up to `at`; called about once a second of the measure phase."""
        self._cpu.append((at, used))

    def close(self, offered: int, sent: int, dropped: int) -> GeneratorHealth:
        return GeneratorHealth(
            offered=offered,
            sent=sent,
            finished=self.finished,
            dropped=dropped,
            lag_p50=self.lags.quantile(0.50),
            lag_p99=self.lags.quantile(0.99),
            cpu_share=busiest_share(self._cpu, BUSIEST_STRETCH),
            open_loop=self.lags.count > 0,
        )


def together(workers: Sequence[WorkerHealth], lags: Histogram) -> GeneratorHealth:
    """Of all workers: counts are summed, the lags of all are in one histogram, and the busiest process counts."""
    return GeneratorHealth(
        offered=sum(worker.offered for worker in workers),
        sent=sum(worker.sent for worker in workers),
        finished=sum(worker.finished for worker in workers),
        dropped=sum(worker.dropped for worker in workers),
        lag_p50=lags.quantile(0.50),
        lag_p99=lags.quantile(0.99),
        cpu_share=max((worker.cpu_share for worker in workers), default=0.0),
        open_loop=lags.count > 0,
        workers=tuple(workers),
    )


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
