"""One version at a time under a load of its own, for a few seconds: the same flows and picks that the other one gets."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import uvloop

from perfkit.compare.lockstep import Course, Pace, course, users, without_garbage
from perfkit.compare.seat import Outcome, Seat
from perfkit.compare.standing import Name, Pair, require_alive
from perfkit.load.dice import Dice

TIER: Final = 3  # of the ids: none of the tiers that are judged


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one version was asked in one go; the other one's of the same number stands next to it in time."""

    side: Name
    number: int
    started_at: float  # CLOCK_MONOTONIC
    finished_at: float
    outcomes: Sequence[Outcome]


class Load:
    """So many virtual users, each with one request in flight; a pair of stretches begins with the same flow on both versions."""

    def __init__(self, pair: Pair, size: int) -> None:
        self.size = size
        self._pair = pair
        self._course = course(pair, TIER, os.environ)
        self._begins: dict[int, tuple[int, int]] = {}  # by number: first flow, first virtual user

    def stretch(self, side: Name, number: int, duration: float) -> Stretch:
        """Raises ComparisonError when the version has ended meanwhile."""
        asked = self._course
        if number not in self._begins:
            self._begins[number] = (asked.iteration, asked.users)
        first, asked.users = self._begins[number]
        started_at = time.monotonic()
        with without_garbage():
            outcomes, following = uvloop.run(_play(asked, side, self.size, first, duration))
        finished_at = time.monotonic()
        # Whichever version came further: the next pair asks what neither of them has been asked.
        asked.iteration = max(asked.iteration, following)
        require_alive(self._pair)
        return Stretch(side, number, started_at, finished_at, outcomes)


async def _play(asked: Course, side: Name, size: int, first: int, duration: float) -> tuple[list[Outcome], int]:
    pace = Pace(asked.plan())
    outcomes: list[Outcome] = []
    async with users(asked, size) as crowd:
        until = time.monotonic() + duration
        seats = [user.base if side == "base" else user.head for user in crowd]
        ended = await asyncio.gather(*(_flows(seat, pace, range(first + place, 1 << 62, size), until, outcomes)
                                       for place, seat in enumerate(seats)))  # fmt: skip
    return outcomes, max(ended)


async def _flows(seat: Seat, pace: Pace, iterations: range, until: float, outcomes: list[Outcome]) -> int:
    """One user's flows, at least one, until the time is up; returns the first that it has not begun."""
    for iteration in iterations:
        if iteration > iterations.start and time.monotonic() >= until:
            return iteration
        await pace.keep()
        dice = Dice(seat.plan.seed, "flows").start(iteration)
        await seat.begin(seat.plan.flows.index(seat.plan.choose(dice)), iteration, dice)
        while seat.pending is not None and (iteration == iterations.start or time.monotonic() < until):
            await seat.send()
            await seat.advance()
            outcomes += seat.taken()
        seat.leave()
        seat.taken()
        # A flow that sends nothing never waits: the others, and the time-outs, need their turn.
        await asyncio.sleep(0)
    return iterations.stop
