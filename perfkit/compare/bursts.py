"""Tier 2: k requests at once to one version, wait for all, then the same k to the other: what locks, pools and threads do.

Bursts keep what windows of load are for, at a fortieth of their noise (research for comparisons, 8). All k virtual users are
at the same step of the same flow, each with picks of its own; who comes to a step that the others have left out (a repetition
more, say) takes it alone, unmeasured, until all are together again.
"""

import asyncio
import math
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
import uvloop

from perfkit.compare import inside, pairs
from perfkit.compare.alternation import Progress
from perfkit.compare.lockstep import Course, Lockstep, Pace, Twin, course, users, without_garbage
from perfkit.compare.pairs import BURSTS, SIDES
from perfkit.compare.seat import Outcome, Seat
from perfkit.compare.standing import Pair, require_alive
from perfkit.errors import ComparisonError
from perfkit.load.dice import Dice
from perfkit.load.plan import Plan

TIER: Final = 2
BLOCK: Final = 1.0
# Bursts that are sent before any is measured: connections are opened, pools and threads come up with the first.
WARM_UP: Final = 3
LONGEST_WARM_UP: Final = 5.0


@dataclass(slots=True)
class _Told:
    """Bursts as they come: rows, and the ids of each one's requests by version."""

    restart: int = 0
    block: int = 0
    began: float = math.nan
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ids: dict[str, list[list[int]]] = field(default_factory=lambda: {name: [] for name in SIDES})

    def add(self, twins: Sequence[Twin]) -> None:
        first = min(min(twin.base.sent_at, twin.head.sent_at) for twin in twins)
        self.began = self.began if self.rows else first
        row: dict[str, Any] = {
            "block": self.block,
            "restart": self.restart,
            "size": len(twins),
            "endpoint": twins[0].base.endpoint,
            "head_first": twins[0].head_first,
            "at": first - self.began,
        }
        for name in SIDES:
            outcomes = [twin.base if name == "base" else twin.head for twin in twins]
            row |= {f"{name}_{key}": value for key, value in _of(outcomes).items()}
            self.ids[name].append([outcome.id for outcome in outcomes])
        self.rows.append(row)

    def drop_unfinished(self) -> None:
        """The block that was under way."""
        whole = sum(row["block"] < self.block for row in self.rows)
        self.rows = self.rows[:whole]
        self.ids = {name: ids[:whole] for name, ids in self.ids.items()}


def _of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One version's half of a burst."""
    answered = [outcome for outcome in outcomes if outcome.status]
    errors = sum(bool(outcome.error) for outcome in outcomes)
    if not answered:
        return {"median": None, "last": None, "errors": errors}
    began = min(outcome.sent_at for outcome in outcomes)
    return {
        "median": statistics.median(outcome.time for outcome in answered),
        "last": max(outcome.sent_at + outcome.time for outcome in answered) - began,
        "errors": errors,
    }


class Cut(KeyboardInterrupt):
    """Somebody interrupted it when there were blocks already: `found` is made of them, `share` how many of all they are."""

    def __init__(self, found: pl.DataFrame, share: float) -> None:
        super().__init__()
        self.found, self.share = found, share


def run(pair: Pair, sizes: Sequence[int], budget: float, restarts: int, on_progress: Progress | None = None) -> pl.DataFrame:
    """bursts.parquet: measures for `budget` seconds, divided among the sizes; warm-ups and restarts come on top. Raises Cut."""
    asked = course(pair, TIER, os.environ)
    require_allowed(sizes, asked.plan())
    told = _Told()
    share = budget / (restarts * len(sizes))
    try:
        for number in range(restarts):
            pair.restart()
            asked.follow(pair)
            for done, size in enumerate(sizes, 1):
                with without_garbage():
                    uvloop.run(_round(told, asked, size, share))
                require_alive(pair)
                if on_progress is not None:
                    on_progress((number + done / len(sizes)) / restarts)
            told.restart += 1
    except KeyboardInterrupt as interrupt:
        told.drop_unfinished()
        if not told.block:
            raise
        raise Cut(_seen(told, pair), told.block / (restarts * len(sizes) * _blocks(share))) from interrupt
    return _seen(told, pair)


def _seen(told: _Told, pair: Pair) -> pl.DataFrame:
    """With what the probes saw of them."""
    found = pairs.frame(told.rows, BURSTS)
    for side in (pair.base, pair.head):
        found = inside.of_bursts(found, side.name, told.ids[side.name], inside.read(side))
    return found


def _blocks(duration: float) -> int:
    return max(1, round(duration / BLOCK))


def require_allowed(sizes: Sequence[int], plan: Plan) -> None:
    """Raises ComparisonError for a burst of more users than the guard allows."""
    largest = max(sizes)
    if largest > plan.caps.users:
        raise ComparisonError(
            f"a burst of {largest} requests is more than guard.max_users allows: {plan.caps.users:g}",
            hint="Lower compare.bursts, or raise guard.max_users if that is meant.",
        )


async def _round(told: _Told, asked: Course, size: int, duration: float) -> None:
    """One size between two restarts."""
    pace = Pace(asked.plan())
    async with users(asked, size) as crowd:
        warm = _Told()
        limit = time.monotonic() + LONGEST_WARM_UP
        while len(warm.rows) < WARM_UP and time.monotonic() < limit:
            await _play(crowd, asked, pace, warm)
        began = time.monotonic()
        blocks = _blocks(duration)
        for number in range(1, blocks + 1):
            while time.monotonic() < began + duration * number / blocks:
                await _play(crowd, asked, pace, told)
            told.block += 1


async def _play(crowd: list[Lockstep], asked: Course, pace: Pace, told: _Told) -> None:
    """One flow, by weight, from its beginning to its end by everybody."""
    size = len(crowd)
    iteration = asked.iteration
    asked.iteration += size
    plan = asked.plan()
    flow = plan.flows.index(plan.choose(Dice(plan.seed, "flows").start(iteration)))
    for number, user in enumerate(crowd):
        await pace.keep()
        await user.begin(iteration + number, flow)
    while len(there := [user for user in crowd if await user.met()]) == size:
        steps = [user.base.wanted for user in there]
        if len(set(steps)) == 1:
            told.add(await burst(there, asked))
        else:
            await _catch_up(there, min(steps, key=place))
    for user in there:
        user.leave()


async def _catch_up(there: list[Lockstep], step: str) -> None:
    """Those who are behind go on by themselves."""
    for user in there:
        if user.base.wanted == step:
            for seat in (user.base, user.head):
                await seat.send()
            await user.settled(head_first=False)


def place(step: str) -> tuple[int, int]:
    """Of a step in its flow: "browse[2]>1" comes after "browse[2]" and before "browse[3]"."""
    number, _, hop = step.rpartition("[")[2].partition("]")
    return int(number) if number.isdigit() else 0, int(hop.removeprefix(">") or 0)


async def burst(there: Sequence[Lockstep], asked: Course) -> list[Twin]:
    """All at once to one version, and when all have come back, to the other."""
    head_first = asked.coin.head_first(there[0].base.exchange.step.endpoint)
    for name in ("head", "base") if head_first else ("base", "head"):
        await asyncio.gather(*(_seat(user, name).send() for user in there))
    return [await user.settled(head_first=head_first) for user in there]


def _seat(user: Lockstep, name: str) -> Seat:
    return user.base if name == "base" else user.head
