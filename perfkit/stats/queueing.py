"""Response times of requests that share servers: first come, first served, or all at once with the servers divided.

Workers that take one request each are the first (Kiefer and Wolfowitz, Transactions of the AMS 78, 1955); threads and event loops
on so many cores are nearer the second (processor sharing). Real servers lie between.
"""

from enum import StrEnum
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from perfkit.stats.quantiles import Numbers


class Discipline(StrEnum):
    FIRST_COME = "first come, first served"
    SHARING = "processor sharing"


def response_times(arrivals: Numbers, services: Numbers, servers: int, discipline: Discipline) -> Numbers:
    """Of an empty system; arrivals ascend."""
    if discipline is Discipline.FIRST_COME:
        return _first_come(arrivals, services, servers)
    return _sharing(arrivals, services, servers)


def _first_come(arrivals: Numbers, services: Numbers, servers: int) -> Numbers:
    if servers == 1:
        # Lindley's recursion unrolled: who waits leaves one busy period's services after its first arrival.
        done = np.cumsum(services)
        return np.asarray(done + np.maximum.accumulate(arrivals - (done - services)) - arrivals, dtype=np.float64)
    free = [0.0] * servers
    heapify(free)
    finished: list[float] = []
    for arrived, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        ends = max(free[0], arrived) + service
        heapreplace(free, ends)
        finished.append(ends)
    return np.array(finished) - arrivals


def _sharing(arrivals: Numbers, services: Numbers, servers: int) -> Numbers:
    """Everybody in the system gets the same, one server at most: who leaves next is who lacks least."""
    finished = np.empty(len(arrivals))
    inside: list[tuple[float, int]] = []  # the attained service at which each one leaves
    now = attained = 0.0
    for place, (arrived, service) in enumerate(zip(arrivals.tolist(), services.tolist(), strict=True)):
        while inside and (leaves := now + (inside[0][0] - attained) * max(1.0, len(inside) / servers)) <= arrived:
            attained, gone = heappop(inside)
            finished[gone] = now = leaves
        attained += (arrived - now) / max(1.0, len(inside) / servers)
        now = arrived
        heappush(inside, (attained + service, place))
    while inside:
        now += (inside[0][0] - attained) * max(1.0, len(inside) / servers)
        attained, gone = heappop(inside)
        finished[gone] = now
    return finished - arrivals
