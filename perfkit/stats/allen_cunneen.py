"""How long a request waits in an M/G/c queue, by formula: Erlang's C, corrected for how unequal service times are.

Erlang C (1917) for the share that waits at all; the mean wait of those times (1 + cv²) / 2 (Allen, Probability, Statistics and
Queueing Theory, 1990, after Allen and Cunneen); an exponential tail, which is exact only for exponential service times.
"""

import math

import numpy as np

from perfkit.stats.quantiles import Numbers


def erlang_c(servers: int, load: float) -> float:
    """The share of requests that wait, of so many Erlang (rate times mean service time); 1 from saturation on."""
    if load >= servers:
        return 1.0
    # The inverse of Erlang's B by its recursion: no factorial ever overflows.
    inverse = 1.0
    for count in range(1, servers + 1):
        inverse = 1.0 + inverse * count / load if load > 0 else math.inf
    blocked = 1.0 / inverse
    return blocked / (1 - load / servers * (1 - blocked))


def miss_share(rate: float, services: Numbers, servers: int, limit: float) -> float:
    """The share of requests whose response takes longer than the limit: the waiting tail, convolved with measured services."""
    mean = float(services.mean())
    load = rate * mean
    if load >= servers:
        return 1.0
    waits = erlang_c(servers, load)
    spread = (1 + float(services.var()) / mean**2) / 2
    of_those_who_wait = spread * mean / (servers - load)
    room = limit - services
    late = waits * np.exp(-np.maximum(room, 0.0) / of_those_who_wait)
    return float(np.where(room < 0, 1.0, late).mean())
