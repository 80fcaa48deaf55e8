"""Requests that take a slot and pass resources in turn, simulated event by event: workers, processors, pools, plain waiting.

The M/G/c queue with measured service times is the case of one resource; a worker that is held while its request waits for a
connection (a nested queue, for which there is no formula) is why this is a simulation.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

import numpy as np

from perfkit.stats import queueing
from perfkit.stats.quantiles import Numbers

# sys.getswitchinterval() of CPython: for so long a thread keeps the interpreter while others want it.
SWITCH_INTERVAL: Final = 0.005
# Seconds: less than a turn's rounding leaves.
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Station:
    """`servers` of 0 means that nobody waits there; with a quantum, who is not done after it goes to the end of the line."""

    servers: int
    quantum: float = 0.0


def response_times(
    arrivals: Numbers, demands: Numbers, stations: Sequence[Station], slots: int = 0, route: Sequence[int] = ()
) -> Numbers:
    """Of an empty system; arrivals ascend, a row of `demands` has a request's time at each stage, in order.

    `route` names the station of each stage (without it there are as many of both): who has to come back to a station stands in
    its line again. A request holds one of the slots (0: there are as many as it takes) from its first stage to its last.
    """
    if demands.shape[1] == 1 and not slots and stations[0].servers and not stations[0].quantum:
        return queueing.response_times(arrivals, demands[:, 0], stations[0].servers, queueing.Discipline.FIRST_COME)
    if slots and all(not station.servers or station.servers >= slots for station in stations):
        # Who has a slot waits for nothing any more: the slots are the only queue, as with workers that take one request each.
        return queueing.response_times(arrivals, demands.sum(axis=1), slots, queueing.Discipline.FIRST_COME)
    return _System(arrivals, demands, stations, slots, route or range(len(stations))).run()


class _System:
    """Who is where, and what ends next."""

    def __init__(
        self, arrivals: Numbers, demands: Numbers, stations: Sequence[Station], slots: int, route: Sequence[int]
    ) -> None:
        self.arrivals: list[float] = arrivals.tolist()
        self.left: list[list[float]] = demands.tolist()
        self.servers = [station.servers or len(arrivals) for station in stations]
        self.quanta = [station.quantum or float("inf") for station in stations]
        self.route = route
        self.free_slots = slots or len(arrivals)
        self.stage = [0] * len(arrivals)
        self.finished: Numbers = np.zeros(len(arrivals))
        self.outside: deque[int] = deque()  # who waits for a slot
        self.lines: list[deque[int]] = [deque() for _ in stations]
        self.ends: list[tuple[float, int]] = []

    def run(self) -> Numbers:
        for request, arrived in enumerate(self.arrivals):
            while self.ends and self.ends[0][0] <= arrived:
                self._end()
            if self.free_slots:
                self.free_slots -= 1
                self._go_on(request, arrived)
            else:
                self.outside.append(request)
        while self.ends:
            self._end()
        took: Numbers = self.finished - np.array(self.arrivals)
        return took

    def _end(self) -> None:
        """The next turn that is over: whoever waited for that server takes it, and its request goes on."""
        now, request = heappop(self.ends)
        stage = self.stage[request]
        place = self.route[stage]
        line = self.lines[place]
        if self.left[request][stage] > 0:
            line.append(request)
        else:
            self.stage[request] += 1
        if line:
            self._begin(line.popleft(), place, now)
        else:
            self.servers[place] += 1
        if self.stage[request] > stage:
            self._go_on(request, now)

    def _begin(self, request: int, place: int, now: float) -> None:
        left, stage = self.left[request], self.stage[request]
        turn = min(left[stage], self.quanta[place])
        # Rounding must not leave a turn of nothing.
        left[stage] = left[stage] - turn if left[stage] - turn > _NOTHING else 0.0
        heappush(self.ends, (now + turn, request))

    def _go_on(self, request: int, now: float) -> None:
        """To the next station that it needs, or out."""
        left, stage = self.left[request], self.stage[request]
        while stage < len(left) and left[stage] <= 0:
            stage += 1
        self.stage[request] = stage
        if stage == len(left):
            self._leave(request, now)
            return
        place = self.route[stage]
        if self.servers[place]:
            self.servers[place] -= 1
            self._begin(request, place, now)
        else:
            self.lines[place].append(request)

    def _leave(self, request: int, now: float) -> None:
        self.finished[request] = now
        if self.outside:
            self._go_on(self.outside.popleft(), now)
        else:
            self.free_slots += 1
