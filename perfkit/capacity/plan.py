"""How many instances a rate takes, what they share that gives out first, what it costs, and how far all that was extrapolated.

Instances are taken to share nothing but what the scenario names (`capacity.shared`); that is an assumption, which is why the
grade says how far it was stretched: USL and its like, fitted to public measurements, miss by 22 % at twice what was measured and
by a third at four times (research for capacity, 3.1).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from perfkit.evidence import Missing
from perfkit.scenario.capacity import Headroom, Price, SharedLimit
from perfkit.stats.interval import Estimate

Grade: TypeAlias = Literal["A", "B", "C"]

# Times what was measured, up to which a plan is a small step beyond it (issue 5).
NEAR: Final = 1.5
HOUR: Final = 3600.0
PER: Final = 1000  # requests that a price is said for


@dataclass(frozen=True, slots=True)
class Count:
    """Of instances; the plan goes by the lower end of the limit, so `value` is the higher end."""

    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class SharedUse:
    """Something that all instances share: for how many it lasts, and the rate that these can do."""

    name: str
    limit: int
    per_instance: int
    instances: int
    rate: float
    binds: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """For a rate of requests."""

    at: float
    now: Count
    with_headroom: Count
    headroom: Headroom
    shared: tuple[SharedUse, ...]
    processor: float | None  # seconds per request
    cost: float | Missing  # of 1,000 requests
    grade: Grade
    why: str

    @property
    def is_possible(self) -> bool:
        return not any(one.binds for one in self.shared)


def plan(
    at: float,
    limit: Estimate,
    headroom: Headroom,
    shared: Mapping[str, SharedLimit],
    price: Price | None,
    processor: float | None,
) -> Plan:
    """`limit` is one instance's; what is to be lost comes on top, what may surge is multiplied with."""
    now = _count(at, limit, 0)
    ready = _count(at * (1 + (headroom.surge or 0.0)), limit, headroom.lose)
    grade, why = graded(ready.value)
    return Plan(
        at=at,
        now=now,
        with_headroom=ready,
        headroom=headroom,
        shared=tuple(sorted((_use(name, one, limit, ready) for name, one in shared.items()), key=lambda one: one.instances)),
        processor=processor,
        cost=_cost(price, processor, ready, at),
        grade=grade,
        why=why,
    )


def graded(times: float) -> tuple[Grade, str]:
    """By how many times what was measured is planned with."""
    if times <= 1:
        return "A", "measured at that size"
    if times <= NEAR:
        return "B", f"{times:g} times what was measured"
    return "C", f"{times:g} instances that share nothing are assumed, one was measured"


def _count(rate: float, limit: Estimate, lost: int) -> Count:
    careful, hopeful = _instances(rate, limit.low), _instances(rate, limit.high)
    return Count(careful + lost, hopeful + lost, careful + lost)


def _instances(rate: float, each: float) -> int:
    # 2.0000000000000004 instances are two.
    return 1 if math.isinf(each) else max(1, math.ceil(rate / each - 1e-9))


def _use(name: str, shared: SharedLimit, limit: Estimate, needed: Count) -> SharedUse:
    instances = shared.limit // shared.per_instance
    return SharedUse(name, shared.limit, shared.per_instance, instances, instances * limit.low, needed.value > instances)


def _cost(price: Price | None, processor: float | None, instances: Count, at: float) -> float | Missing:
    if price is None:
        return Missing("no price is given: capacity.price: 0.04/core-hour")
    if price.unit == "instance-hour":
        return instances.value * price.amount / (at * HOUR) * PER
    if processor is None:
        return Missing("the target's processor time is not known, since perfkit did not start it")
    return processor * price.amount / HOUR * PER
