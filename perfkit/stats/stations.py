"""Requests that take a slot and pass resources in turn, simulated event by event: workers, processors, pools, plain waiting.

The M/G/c queue with measured service times is the case of one resource; a worker that is held while its request waits for a
connection (a nested queue, for which there is no formula) is why this is a simulation.
"""

import math
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
    finished = _finished(arrivals.tolist(), demands.tolist(), stations, slots, route or range(len(stations)))
    took: Numbers = np.array(finished) - arrivals
    return took


def _finished(  # noqa: C901, PLR0912, PLR0915  one loop without calls takes half the time, of millions of turns
    arrivals: list[float], left: list[list[float]], stations: Sequence[Station], slots: int, route: Sequence[int]
) -> list[float]:
    """When each is out; `left` is used up."""
    count, stages = len(arrivals), len(route)
    free = [station.servers or count for station in stations]
    quanta = [station.quantum or math.inf for station in stations]
    # Rounding must not leave a turn of nothing.
    ends_within = [quantum + _NOTHING for quantum in quanta]
    lines: list[deque[int]] = [deque() for _ in stations]
    free_slots, outside = slots or count, deque[int]()
    stage, finished = [0] * count, [0.0] * count
    turns: list[tuple[float, int]] = []  # that are under way, by their end
    arrived = 0
    next_at = arrivals[0] if count else math.inf
    while True:
        if turns and turns[0][0] <= next_at:
            now, request = heappop(turns)
            own, at = left[request], stage[request]
            place = route[at]
            line = lines[place]
            goes_on = own[at] <= 0
            if not goes_on:
                line.append(request)
            if line:
                # Whoever waited for that server takes it.
                other = line.popleft()
                others = left[other]
                turn = others[stage[other]]
                if turn <= ends_within[place]:
                    others[stage[other]] = 0.0
                else:
                    others[stage[other]] = turn - quanta[place]
                    turn = quanta[place]
                heappush(turns, (now + turn, other))
            else:
                free[place] += 1
            if not goes_on:
                continue
            at += 1
        else:
            if arrived == count:
                return finished
            now, request = next_at, arrived
            arrived += 1
            next_at = arrivals[arrived] if arrived < count else math.inf
            if not free_slots:
                outside.append(request)
                continue
            free_slots -= 1
            own, at = left[request], 0
        # To the next station that it needs, or out; who comes in instead goes to his first.
        while True:
            while at < stages and own[at] <= 0:
                at += 1
            if at < stages:
                break
            finished[request] = now
            if not outside:
                free_slots += 1
                break
            request = outside.popleft()
            own, at = left[request], 0
        if at == stages:
            continue
        stage[request], place = at, route[at]
        if not free[place]:
            lines[place].append(request)
            continue
        free[place] -= 1
        turn = own[at]
        if turn <= ends_within[place]:
            own[at] = 0.0
        else:
            own[at] = turn - quanta[place]
            turn = quanta[place]
        heappush(turns, (now + turn, request))
