"""Two versions are asked the same, one request at a time: same flows, same picks, in an order that chance decides each time.

The second of two identical requests is up to 13 % faster (caches), so who goes first is drawn per request, and balanced per
endpoint. Each version has its own cookies, sessions and extracted values; a flow that ends early on one ends on both.
"""

import asyncio
import gc
import itertools
import math
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from perfkit.compare.seat import SWEEP, Outcome, Seat
from perfkit.compare.standing import Pair, Side
from perfkit.errors import ComparisonError
from perfkit.load.compile import compile_plan
from perfkit.load.dice import Dice
from perfkit.load.plan import Plan, RequestPlan
from perfkit.load.play import Written, writers
from perfkit.load.rehearsal import Endless

RUN_ID: Final = "compare"
# Ids are the comparison's own: the tier, then the version, then a count; so that no other load's are among them.
TIER_SHIFT, SIDE_SHIFT = 56, 52
# Draws of one endpoint after which both orders have come equally often.
BAG: Final = (True, True, False, False)
# Flows in a row that came to no request on both sides.
MOST_FRUITLESS: Final = 50


@dataclass(frozen=True, slots=True)
class Twin:
    """One request, as both versions answered it."""

    base: Outcome
    head: Outcome
    head_first: bool


class Coin:
    """Who goes first, balanced within every four requests of an endpoint."""

    def __init__(self, source: Random) -> None:
        self._source = source
        self._bags: dict[str, list[bool]] = {}

    def head_first(self, endpoint: str) -> bool:
        bag = self._bags.setdefault(endpoint, [])
        if not bag:
            bag.extend(BAG)
            self._source.shuffle(bag)
        return bag.pop()


@dataclass(slots=True)
class Course:
    """What is asked, in which order: goes on over restarts, so that no request of the deck comes twice."""

    plans: Mapping[str, Plan]  # by side
    written: Mapping[str, Mapping[RequestPlan, Written]]
    ids: Mapping[str, Iterator[int]]
    coin: Coin
    environment: Mapping[str, str]
    iteration: int = 0
    users: int = 0

    def plan(self) -> Plan:
        return self.plans["base"]

    def follow(self, pair: Pair) -> None:
        """To where the versions answer after a restart; rows of data go on where they were."""
        self.plans = {side.name: replace(plan_of(side), feeds=self.plans[side.name].feeds) for side in (pair.base, pair.head)}
        self.written = {name: writers(plan) for name, plan in self.plans.items()}

    def number(self) -> int:
        """Of the next virtual user."""
        self.users += 1
        return self.users


def course(pair: Pair, tier: int, environment: Mapping[str, str], first: int = 1) -> Course:
    """A course for one tier, from its beginning; `first` is the count of its first id."""
    plans: dict[str, Plan] = {side.name: plan_of(side) for side in (pair.base, pair.head)}
    return Course(
        plans=plans,
        written={name: writers(plan) for name, plan in plans.items()},
        ids={name: itertools.count((tier << TIER_SHIFT) + (place << SIDE_SHIFT) + first) for place, name in enumerate(plans, 1)},
        coin=Coin(Random(f"{plans['base'].seed}:{tier}:order")),
        environment=environment,
    )


def plan_of(side: Side) -> Plan:
    """A version's flows; rows of data that have run out come again, because a comparison ends with its time."""
    plan = compile_plan(side.scenario, side.scenario.default_load(), 0.0, RUN_ID)
    return replace(plan, feeds={name: Endless(feed) for name, feed in plan.feeds.items()})


class Lockstep:
    """One virtual user in two versions."""

    def __init__(self, course: Course, *, keeps_answers: bool = False) -> None:
        number = course.number()
        self.alone = 0  # requests that only one version asked for
        self.uneven = 0  # flows that ended on one version first
        self._course = course
        self._fruitless = 0
        self.base, self.head = (
            Seat(
                course.plans[name],
                course.written[name],
                number,
                course.ids[name],
                course.environment,
                keeps_answers=keeps_answers,
            )
            for name in ("base", "head")
        )

    async def play(self, on_twin: Callable[[Twin], None], flow: int | None = None) -> None:
        """One flow, by weight unless it is given, from its beginning to its end on both."""
        course = self._course
        iteration = course.iteration
        course.iteration += 1
        self._fruitless += 1
        await self.begin(iteration, flow)
        while (twin := await self._step()) is not None:
            self._fruitless = 0
            on_twin(twin)
        if self._fruitless >= MOST_FRUITLESS:
            raise ComparisonError(
                f"of the last {self._fruitless} flows none came to a request that both versions were asked",
                hint="Run `perfkit check` with the scenario against each of them: a log-in or a redirect may have changed.",
            )

    async def begin(self, iteration: int, flow: int | None = None) -> None:
        """Both take up the same flow, with the same chance."""
        for seat in (self.base, self.head):
            dice = Dice(seat.plan.seed, "flows").start(iteration)
            chosen = seat.plan.flows.index(seat.plan.choose(dice)) if flow is None else flow
            await seat.begin(chosen, iteration, dice)

    async def met(self) -> bool:
        """Both want to send the same step: what only one of them has to send before is sent; False when the flow is over."""
        base, head = self.base, self.head
        while base.pending is not None and head.pending is not None:
            if base.wanted == head.wanted:
                return True
            seat = next((seat for seat in (base, head) if seat.is_aside), None)
            if seat is None:
                break
            self.alone += 1
            await seat.send()
            await seat.advance()
            seat.taken()
        self.uneven += base.pending is not None or head.pending is not None
        self.leave()
        return False

    async def _step(self) -> Twin | None:
        if not await self.met():
            return None
        head_first = self._course.coin.head_first(self.base.exchange.step.endpoint)
        for seat in (self.head, self.base) if head_first else (self.base, self.head):
            await seat.send()
        return await self.settled(head_first=head_first)

    async def settled(self, *, head_first: bool) -> Twin:
        """What came of the request that both have sent; both go on to their next."""
        found: list[Outcome] = []
        for seat in (self.base, self.head):
            await seat.advance()
            found.append(seat.taken()[0])  # what follows could not be sent, and nobody was asked anything
        return Twin(found[0], found[1], head_first)

    def leave(self) -> None:
        for seat in (self.base, self.head):
            seat.leave()
            seat.taken()

    def expire(self) -> None:
        for seat in (self.base, self.head):
            seat.expire()

    def close(self) -> None:
        for seat in (self.base, self.head):
            seat.close()


@asynccontextmanager
async def users(course: Course, count: int, *, keeps_answers: bool = False) -> AsyncGenerator[list[Lockstep]]:
    """So many virtual users, each in two versions; requests whose time is up are ended."""
    loop = asyncio.get_running_loop()
    seated = [Lockstep(course, keeps_answers=keeps_answers) for _ in range(count)]

    def sweep() -> None:
        for user in seated:
            user.expire()
        timers[0] = loop.call_later(SWEEP, sweep)

    timers = [loop.call_later(SWEEP, sweep)]
    try:
        yield seated
    finally:
        timers[0].cancel()
        for user in seated:
            user.close()
        await asyncio.sleep(0)  # connections are closed in the loop's next round
        await asyncio.sleep(0)


class Pace:
    """Keeps to the guard's rate of flow starts; most targets may be asked as fast as they answer."""

    def __init__(self, plan: Plan) -> None:
        self._every = 0.0 if math.isinf(plan.caps.rate) else 1 / plan.caps.rate
        self._next = 0.0

    async def keep(self) -> None:
        if not self._every:
            return
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(self._next - now, 0.0))
        self._next = max(self._next, now) + self._every


@contextmanager
def without_garbage() -> Generator[None]:
    """The client collects nothing while it measures: a collection would be felt as a slow answer of one version."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
