"""What a change of service times does to response times at a rate: both versions' measured times, queued by simulation.

Queues amplify: at 60 % utilisation 5 % more service is 12 % more response time, and they amplify noise too: measured under load,
pairs of windows vary forty times as much as service times do (research for comparisons, 8). So the same Poisson arrivals and
the same requests are played to both versions' measured times, and blocks are resampled for the interval. Service times are
taken as they are alone: locks, pools and caches that only a crowd feels are the bursts' business.

Where a process serves several at once, only what a request computes is had in turns; while it waits for a timer or for another
service, others compute. To queue for all of it made response times at a rate several times what they are (decision 0034). Nor is
it had in one turn: around the application, and wherever it waits, a request gives the processor to whoever has stood in line
before it comes back (decision 0035).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from perfkit.stats.interval import Estimate
from perfkit.stats.order import Pairs
from perfkit.stats.quantiles import CONFIDENCE, Numbers, of_unordered
from perfkit.stats.queueing import Discipline
from perfkit.stats.stations import Station, response_times

SHARES: Final = (0.5, 0.95, 0.99)
# From here on a queue is longer than any simulation of it: nothing is said.
SATURATED_FROM: Final = 0.98
# The estimate's own simulation, and the shorter ones of its interval; of each, the share that fills the empty system first.
ARRIVALS: Final = 40_000
ARRIVALS_RESAMPLED: Final = 4_000
RESAMPLES: Final = 100
FILLING: Final = 0.1


@dataclass(frozen=True, slots=True)
class Traffic:
    """All requests together per second, to so many servers; every endpoint's share of them.

    First come, first served: a server has one request until it is answered. Shared: it has many, which compute in turns of a
    quantum (0: to the end, as on an event loop).
    """

    rate: float
    servers: int
    discipline: Discipline
    weights: tuple[float, ...]
    quantum: float = 0.0
    # How many times as long computing takes at that rate: as often as it was measured, for both alike; their spread is resampled.
    dearer: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What times consist of, row by row: what is around the application, and what it computes and waits for in it."""

    outside: Numbers
    computing: Numbers
    waiting: Numbers  # for something that serves others meanwhile

    def busy(self) -> float:
        """Mean seconds of the processor, as far as is known: whatever is not waiting."""
        return float((self.outside + self.computing).mean())

    def stages(self, rows: npt.NDArray[np.intp], dearer: float) -> Numbers:
        """A row's stages along ROUTE, by which it comes in, is worked on, waits, is worked on, and goes out again."""
        outside, computing, waiting = self.outside[rows], self.computing[rows], self.waiting[rows]
        first = np.where(waiting > 0, computing / 2, computing)
        # What turns out to be less computing than was thought was waiting: for the network, say.
        more = max(0.0, 1.0 - dearer) * (outside + computing)
        half = dearer * outside / 2
        return np.stack([half, dearer * first, waiting + more, dearer * (computing - first), half], axis=1)


# Of a request's stages: at the processor (0), or where nobody has to wait for others (1).
ROUTE: Final = (0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """The times of an endpoint, and what A's and B's consist of."""

    pairs: Pairs
    parts: tuple[Parts, Parts]


@dataclass(frozen=True, slots=True)
class ResponseChange:
    """Of one quantile of response time: what A and B come to, and log(B/A)."""

    share: float
    a: float
    b: float
    ratio: Estimate


@dataclass(frozen=True, slots=True)
class QueueChange:
    """Quantiles per endpoint and of all requests together; none when either version is saturated at that rate."""

    utilisation_a: float
    utilisation_b: float
    endpoints: tuple[tuple[ResponseChange, ...], ...]
    together: tuple[ResponseChange, ...]

    @property
    def is_saturated(self) -> bool:
        return max(self.utilisation_a, self.utilisation_b) >= SATURATED_FROM


def change(
    endpoints: Sequence[Served],
    traffic: Traffic,
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    arrivals: int = ARRIVALS,
) -> QueueChange:
    """The same seed gives the same answer."""
    weights = np.array(traffic.weights) / sum(traffic.weights)
    dearer = _typical(np.array(traffic.dearer))
    used_a, used_b = (_used([one.parts[side] for one in endpoints], traffic, weights, dearer) for side in (0, 1))
    if max(used_a, used_b) >= SATURATED_FROM:
        return QueueChange(used_a, used_b, (), ())
    random = np.random.default_rng(seed)
    blocks = [_places_by_block(one.pairs) for one in endpoints]
    whole = [np.concatenate(list(places.values())) for places in blocks]
    a, b = _played(endpoints, whole, traffic, weights, dearer, arrivals, random)
    logs = np.array([_resampled(endpoints, blocks, traffic, weights, random) for _ in range(resamples)])
    tail = (1 - confidence) / 2
    low, middle, high = np.nanquantile(logs, (tail, 0.5, 1 - tail), axis=0)
    value = np.log(b / a)
    every = [
        tuple(
            ResponseChange(
                share,
                float(a[row, column]),
                float(b[row, column]),
                _around(value[row, column], low[row, column], middle[row, column], high[row, column], confidence),
            )
            for column, share in enumerate(SHARES)
        )
        for row in range(len(endpoints) + 1)
    ]
    return QueueChange(used_a, used_b, tuple(every[:-1]), every[-1])


def _typical(factors: Numbers) -> float:
    """Twice and half as much are once."""
    return math.exp(float(np.log(factors).mean()))


def _used(parts: Sequence[Parts], traffic: Traffic, weights: Numbers, dearer: float) -> float:
    """The share of the time for which a server is taken."""
    held = [dearer * one.busy() + _kept(one, traffic, dearer) for one in parts]
    return traffic.rate / traffic.servers * float(weights @ held)


def _kept(one: Parts, traffic: Traffic, dearer: float) -> float:
    """Who waits with the server in its hands keeps it from others, unless it serves several at once."""
    if traffic.discipline is Discipline.SHARING:
        return 0.0
    return float(one.waiting.mean()) + max(0.0, 1.0 - dearer) * one.busy()


def _around(value: float, low: float, middle: float, high: float, confidence: float) -> Estimate:
    """The resamples' spread about their own middle, moved to the longer simulation's value."""
    return Estimate(float(value), float(value + low - middle), float(value + high - middle), confidence)


def _places_by_block(pairs: Pairs) -> dict[int, npt.NDArray[np.intp]]:
    return {int(number): np.flatnonzero(pairs.block == number) for number in np.unique(pairs.block)}


def _resampled(
    endpoints: Sequence[Served],
    blocks: Sequence[dict[int, npt.NDArray[np.intp]]],
    traffic: Traffic,
    weights: Numbers,
    random: np.random.Generator,
) -> Numbers:
    """log(B/A) of each endpoint's quantiles, of blocks drawn with replacement: the same ones for all endpoints."""
    numbers = sorted(set().union(*blocks))
    drawn = [numbers[place] for place in random.integers(0, len(numbers), len(numbers))]
    places = [np.concatenate([found[number] for number in drawn if number in found] or list(found.values())) for found in blocks]
    dearer = _typical(random.choice(traffic.dearer, len(traffic.dearer)))
    a, b = _played(endpoints, places, traffic, weights, dearer, ARRIVALS_RESAMPLED, random)
    ratios: Numbers = np.log(b / a)
    return ratios


def _played(
    endpoints: Sequence[Served],
    places: Sequence[npt.NDArray[np.intp]],
    traffic: Traffic,
    weights: Numbers,
    dearer: float,
    arrivals: int,
    random: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """Quantiles of A and of B: a row per endpoint, one of all. Both see the same arrivals and requests, so that luck cancels."""
    at = np.cumsum(random.exponential(1 / traffic.rate, arrivals))
    chosen = random.choice(len(endpoints), arrivals, p=weights)
    a, b = np.empty((arrivals, len(ROUTE))), np.empty((arrivals, len(ROUTE)))
    for number, (one, some) in enumerate(zip(endpoints, places, strict=True)):
        mine = np.flatnonzero(chosen == number)
        picked = some[random.integers(0, len(some), len(mine))]
        a[mine], b[mine] = (parts.stages(picked, dearer) for parts in one.parts)
    kept = np.arange(arrivals) >= FILLING * arrivals
    # Who waits with the server in its hands waits at a station where nobody has to.
    stations = Station(traffic.servers, traffic.quantum), Station(0)
    slots = 0
    if traffic.discipline is Discipline.FIRST_COME:
        stations, slots = (Station(0), Station(0)), traffic.servers
    return (
        _quantiles(response_times(at, a, stations, slots, ROUTE), chosen, kept, len(endpoints)),
        _quantiles(response_times(at, b, stations, slots, ROUTE), chosen, kept, len(endpoints)),
    )


def _quantiles(times: Numbers, chosen: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_], endpoints: int) -> Numbers:
    each = [of_unordered(times[kept & (chosen == number)], SHARES) for number in range(endpoints)]
    return np.array([*each, of_unordered(times[kept], SHARES)])
