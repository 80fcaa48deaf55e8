"""The target as stations that its requests pass: what the low-load run has seen, queued by simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from perfkit.capacity import bounds as bounding
from perfkit.capacity.bounds import Bound, Observed
from perfkit.capacity.demands import Demands
from perfkit.capacity.limits import Limit
from perfkit.capacity.step import Arrived
from perfkit.evidence import Missing
from perfkit.measures.frames import Counts, Numbers
from perfkit.stats.load_factor import Expected
from perfkit.stats.stations import SWITCH_INTERVAL, Station, response_times

# Times the lowest bound: a resource that gives out there is idle at the limit.
FAR: Final = 4.0
# How much more load than the model thinks a target may feel; beyond, a step's own arrivals count as they do at the end.
FACTORS: Final = (0.7, 0.8, 0.87, 0.93, 1.0, 1.07, 1.15, 1.25, 1.4)
# Arrivals that are simulated per factor: a step of few requests several times, of more than this the luck of arrivals evens out.
PLAYED: Final = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """`rows` of demands are drawn from; a resample gives others."""

    demands: Demands
    times: Numbers  # a row per request, a column per station
    stations: tuple[Station, ...]
    places: int
    limits: tuple[Limit, ...]
    of_limit: tuple[int | None, ...]  # place of the limit's endpoint; None: all
    outside: Numbers  # per request

    def missed(
        self, rate: float, arrivals: int, settling: float, random: np.random.Generator, rows: npt.NDArray[np.intp]
    ) -> Numbers:
        """Of one run from an empty system: requests and misses per limit, in two rows."""
        at = np.cumsum(random.exponential(1 / rate, arrivals))
        drawn = rows[random.integers(0, len(rows), arrivals)]
        took = self._took(at, drawn)
        judged = at >= settling
        endpoint = self.demands.endpoint[drawn]
        counts = np.zeros((2, len(self.limits)))
        for column, (limit, place) in enumerate(zip(self.limits, self.of_limit, strict=True)):
            own = judged if place is None else judged & (endpoint == place)
            counts[:, column] = own.sum(), (took[own] >= limit.bound).sum()
        return counts

    def expected(self, arrived: Arrived, blocks: int, seed: int) -> Expected | None:
        """Misses of a step that has these very arrivals, per factor, block and limit; None where their luck evens out.

        A flow's later steps come when the ones before are answered; here they come when they came.
        """
        if not 0 < len(arrived.at) <= PLAYED:
            return None
        names = {name: place for place, name in enumerate(self.demands.endpoints)}
        endpoint = np.array([names.get(name, -1) for name in arrived.names], dtype=np.intp)[arrived.endpoint]
        own = [(arrived.block >= 0) & (True if place is None else endpoint == place) for place in self.of_limit]
        runs = PLAYED // len(arrived.at)
        found = np.zeros((len(FACTORS), blocks, len(self.limits)))
        for number, factor in enumerate(FACTORS):
            # One seed for all factors: their differences are then the load's and not the luck's.
            random = np.random.default_rng(seed)
            for _ in range(runs):
                took = self._took(arrived.at / factor, self._drawn(endpoint, random))
                for column, (limit, rows) in enumerate(zip(self.limits, own, strict=True)):
                    late = arrived.block[rows][took[rows] >= limit.bound]
                    found[number, :, column] += np.bincount(late, minlength=blocks)
        return Expected(np.array(FACTORS), found / runs, runs)

    def _took(self, at: Numbers, drawn: Counts) -> Numbers:
        return response_times(at, self.times[drawn], self.stations, self.places) + self.outside[drawn]

    def _drawn(self, endpoint: Counts, random: np.random.Generator) -> Counts:
        """For each arrival a request of its endpoint that was seen at low load; of an endpoint that nobody saw, any."""
        found = random.integers(0, len(self.demands), len(endpoint))
        for place in np.unique(endpoint):
            known = np.flatnonzero(self.demands.endpoint == place)
            if len(known):
                own = endpoint == place
                found[own] = known[random.integers(0, len(known), int(own.sum()))]
        return found


def network(observed: Observed, known: Sequence[Bound], limits: Sequence[Limit], of_limit: Sequence[int | None]) -> Network:
    demands = observed.demands
    rates = {bound.resource: bound for bound in known}
    processor, machine = rates.get(bounding.PROCESSOR), rates.get(bounding.MACHINE)
    # Where the machine as a whole gives out first, its processors are what is queued for.
    stretch = max(1.0, processor.rate / machine.rate) if processor and machine else 1.0
    places = 0 if isinstance(demands.slots, Missing) else demands.slots.count
    workers = int(processor.servers) if processor else 0
    takes_several = demands.is_asynchronous or places > workers
    quantum = SWITCH_INTERVAL if takes_several and not demands.is_asynchronous else 0.0
    columns = [((demands.cpu + demands.beside) * stretch, Station(workers, quantum))]
    rest = demands.rest
    for one in demands.shared:
        if one.mean > 0 and rates[one.name].rate <= FAR * known[0].rate:
            columns.append((one.times, Station(one.servers)))
        else:
            # Nobody will wait there before everything else gives out.
            rest = rest + one.times
    outside = np.maximum(demands.outside[demands.endpoint] - demands.beside, 0.0)
    if places:
        columns.append((rest, Station(0)))
    else:
        # Nobody is kept out meanwhile: it need not be simulated.
        outside = outside + rest
    times = np.stack([taken for taken, _ in columns], axis=1)
    return Network(demands, times, tuple(station for _, station in columns), places, tuple(limits), tuple(of_limit), outside)
