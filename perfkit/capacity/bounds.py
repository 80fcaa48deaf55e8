"""The rate at which each resource would be busy all the time: asymptotic bounds, the lowest of which binds first.

Denning and Buzen, The Operational Analysis of Queueing Network Models, Computing Surveys 10 (1978): no rate exceeds the number of
servers of a resource divided by what a request takes of it, whatever the distribution and the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.capacity.demands import Demands
from perfkit.capacity.step import Usage
from perfkit.evidence import Floor, Missing

GENERATOR_SHARE: Final = 0.8  # of a core (validity.SUSPECT_DEMAND): above it a step proves nothing

PROCESSOR, MACHINE, GENERATOR = "worker CPU", "machine", "generator"


@dataclass(frozen=True, slots=True)
class Bound:
    """A resource: so many servers, of which a request takes so much time."""

    resource: str
    servers: float
    demand: float  # seconds per request
    how: str  # it is known

    @property
    def rate(self) -> float:
        return self.servers / self.demand


@dataclass(frozen=True, slots=True)
class Observed:
    """What bounds are worked out from."""

    demands: Demands
    usage: Usage  # at low load
    rate: float  # at which that was
    workers: int  # processes
    floor: Floor | Missing


def bounds(observed: Observed) -> tuple[Bound, ...]:
    """The lowest first; what cannot be known is not among them."""
    return tuple(sorted(_known(observed), key=lambda bound: bound.rate))


def _known(observed: Observed) -> Iterator[Bound]:
    demands, usage = observed.demands, observed.usage
    cores = usage.cores or observed.workers
    if demands.processor > 0:
        workers = min(observed.workers, cores)
        yield Bound(PROCESSOR, workers, demands.processor, f"{_processes(observed.workers)} on {cores} cores: one core each")
    if usage.target is not None and usage.generator is not None and observed.rate:
        both = (usage.target + usage.generator) / observed.rate
        if both > 0 and cores:
            yield Bound(MACHINE, cores, both, f"all {cores} cores, with what the generator beside it takes")
    if not isinstance(demands.slots, Missing):
        held = float(demands.wall.mean()) + demands.beside
        yield Bound(demands.slots.resource, demands.slots.count, held, demands.slots.how)
    for one in demands.shared:
        if one.mean > 0:
            yield Bound(one.name, one.servers, one.mean, one.how)
    if isinstance(observed.floor, Floor):
        share = GENERATOR_SHARE * observed.floor.processes
        yield Bound(GENERATOR, share, observed.floor.cpu_per_request, "calibrated before the search")


def _processes(count: int) -> str:
    return "one worker" if count == 1 else f"{count} workers"
