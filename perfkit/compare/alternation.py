"""Tier 1: one request in flight, the same to both versions in random order, block after block, with restarts between them."""

import math
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl
import uvloop

from perfkit.compare import pairs
from perfkit.compare.lockstep import Course, Pace, Twin, course, users, without_garbage
from perfkit.compare.pairs import PAIRS
from perfkit.compare.standing import Pair, Side, require_alive
from perfkit.compare.warm_up import warm_up

TIER: Final = 1
# As in the research for comparisons, 8. An endpoint that is asked too seldom for that has neighbouring blocks joined when it is
# judged (series.py), and only its own: a rare one leaves the others all of theirs.
BLOCK: Final = 0.5
# Per-process bias is the floor of what can be seen: of a single start, that start would be judged (research, 0.6).
RESTARTS: Final = 4

Progress: TypeAlias = Callable[[float], None]  # the share of the tier that is done
IsDecided: TypeAlias = Callable[[pl.DataFrame], bool]  # a look at the pairs so far: True ends the tier


@dataclass(slots=True)
class Told:
    """What there is to say of a tier beside its table."""

    restarts: int = 0  # how often both were started anew; none are possible where they are not ours to end
    unsettled: int = 0  # restarts after which the ratio still moved when the warm-up's time was up
    alone: int = 0  # requests that only one version had to be asked
    uneven: int = 0  # flows that ended on one version first

    def doubts(self, restarts: int) -> Iterator[str]:
        """About how the pairs came about."""
        if self.unsettled:
            yield f"after {self.unsettled} of {restarts} starts the ratio still moved when the time for warming up had passed"
        if self.alone:
            yield f"{self.alone} requests were asked of one version only, since its flow wanted them and the other's did not"
        if self.uneven:
            yield f"{self.uneven} flows ended on one version before the other"


@dataclass(frozen=True, slots=True)
class Alternation:
    """pairs.parquet, and what there is to say of how it came about."""

    pairs: pl.DataFrame
    told: Told
    share: float  # of the planned blocks: 1 unless a look or an interrupt ended it


class Cut(KeyboardInterrupt):
    """Somebody interrupted it when there were blocks already: `found` is made of them."""

    def __init__(self, found: Alternation) -> None:
        super().__init__()
        self.found = found


def run(
    pair: Pair,
    budget: float,
    restarts: int = RESTARTS,
    on_progress: Progress | None = None,
    is_decided: IsDecided | None = None,
) -> Alternation:
    """Measures for `budget` seconds, warm-ups and restarts apart; a look is taken at each restart. Raises Cut."""
    rows = _Rows()
    asked = course(pair, TIER, os.environ)
    told = Told()
    planned = restarts * blocks_in(budget / restarts)
    try:
        for number in range(restarts):
            with without_garbage():
                uvloop.run(_round(rows, asked, told, budget / restarts, _part(on_progress, number, restarts)))
            require_alive(pair)
            if number + 1 == restarts or _restarted(rows, asked, told, pair, is_decided):
                break
            rows.restart += 1
    except KeyboardInterrupt as interrupt:
        rows.drop_unfinished()
        if not rows.block:
            raise
        raise Cut(Alternation(joined(rows, pair), told, rows.block / planned)) from interrupt
    return Alternation(joined(rows, pair), told, rows.block / planned)


def _restarted(rows: "_Rows", asked: Course, told: Told, pair: Pair, is_decided: IsDecided | None) -> bool:
    """Both are started anew; a look at what there is until now, taken while they come up, says whether that ends the tier."""
    ends: list[bool] = []

    def look() -> None:
        ends.append(is_decided is not None and is_decided(joined(rows, pair)))

    told.restarts += pair.restart(look)
    asked.follow(pair)
    return ends[0]


class _Rows:
    """Pairs as they come."""

    def __init__(self) -> None:
        self.restart = 0
        self.block = 0
        self._began = math.nan
        self._rows: list[dict[str, Any]] = []

    def add(self, twin: Twin) -> None:
        base, head = twin.base, twin.head
        first = head if twin.head_first else base
        if not self._rows:
            self._began = first.sent_at
        row: dict[str, Any] = {
            "block": self.block,
            "restart": self.restart,
            "flow": base.flow,
            "step": base.step,
            "endpoint": base.endpoint,
            "head_first": twin.head_first,
            "at": first.sent_at - self._began,
        }
        for name, outcome in (("base", base), ("head", head)):
            row[f"{name}_id"] = outcome.id
            row[f"{name}_time"] = outcome.time if outcome.status else None
            row[f"{name}_status"] = outcome.status
            row[f"{name}_bytes"] = outcome.size
            row[f"{name}_error"] = outcome.error or None
        self._rows.append(row)

    def drop_unfinished(self) -> None:
        """The block that was under way."""
        self._rows = [row for row in self._rows if row["block"] < self.block]

    def frame(self) -> pl.DataFrame:
        return pairs.frame(self._rows, PAIRS)


def _part(on_progress: Progress | None, number: int, parts: int) -> Progress:
    """Of one round of several."""
    return lambda share: None if on_progress is None else on_progress((number + share) / parts)


async def _round(rows: _Rows, asked: Course, told: Told, duration: float, on_progress: Progress) -> None:
    """Between two restarts: warm-up, then blocks; the last one ends with the time, and what is left of one counts to the last."""
    pace = Pace(asked.plan())
    async with users(asked, 1) as (user,):
        warm = await warm_up(user, pace, duration, is_first=rows.restart == 0)
        told.unsettled += not warm.settled
        told.alone -= user.alone
        told.uneven -= user.uneven
        ends = _ends(time.monotonic(), duration, BLOCK)
        for done, end in enumerate(ends, 1):
            while time.monotonic() < end:
                await pace.keep()
                await user.play(rows.add)
            rows.block += 1
            on_progress(done / len(ends))
        told.alone += user.alone
        told.uneven += user.uneven


def blocks_in(duration: float, block: float = BLOCK) -> int:
    """Equal ones, none much shorter than it should be."""
    return max(1, int(duration / block + 1e-9))


def _ends(now: float, duration: float, block: float) -> list[float]:
    """When each block of a round ends."""
    count = blocks_in(duration, block)
    return [now + duration * (number + 1) / count for number in range(count)]


def joined(rows: _Rows, pair: Pair) -> pl.DataFrame:
    with ThreadPoolExecutor() as pool:  # both probes are waited for at once
        base, head = pool.map(_traces, (pair.base, pair.head))
    return pairs.joined(rows.frame(), base, head)


def _traces(side: Side) -> pl.DataFrame:
    return side.traces()
