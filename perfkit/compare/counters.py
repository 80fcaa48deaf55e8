"""Tier 0: the same deck of requests to both versions, several times over, and everything about them that can be counted.

The same deck comes back in every round (same picks, same rows of data), so that each version is first compared with itself:
only what is constant within both is compared between them, and then a number that changed is evidence without statistics.
"""

import os
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import polars as pl
import uvloop

from perfkit.compare import contents, exact, inside, pairs
from perfkit.compare.alternation import Progress
from perfkit.compare.change import Change
from perfkit.compare.contents import Parts
from perfkit.compare.exact import Shape
from perfkit.compare.inside import Inside
from perfkit.compare.lockstep import Pace, Twin, course, users
from perfkit.compare.pairs import COUNTERS, SIDES
from perfkit.compare.seat import Outcome
from perfkit.compare.standing import Pair, require_alive
from perfkit.target import control

TIER: Final = 0
# How often a deck has each flow, so that an endpoint is asked at least so often where its flow comes to it.
EACH: Final = 8
# Rounds that are counted, after one that is not: caches, pools and lazy imports come with that.
ROUNDS: Final = 3
BUDGET: Final = 30.0
# Of what the other tiers measure for, each: a short comparison is not to be mostly counting.
SHARE: Final = 0.3
SHORTEST: Final = 6.0
# Of the ids: which round.
ROUND_SHIFT: Final = 40
# Places of a flow's requests in the deck.
LONGEST_FLOW: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Counters:
    """counters.parquet, what changed, and counter_details.json: statements by shape, and which parts of answers are volatile."""

    table: pl.DataFrame
    changes: tuple[Change, ...]
    shapes: tuple[Shape, ...]
    volatile: Mapping[str, tuple[str, ...]]  # by endpoint
    blind: Mapping[str, str]  # by version: why nothing could be counted inside
    flows: int  # in the deck

    def details(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "format": 1,
            "flows": self.flows,
            "rounds": ROUNDS,
            "changes": [
                {"endpoint": one.endpoint, "counter": one.counter, "base": one.base, "head": one.head, "detail": one.detail}
                for one in self.changes
            ],
            "statements": [
                {
                    "endpoint": one.endpoint,
                    "statement": one.text,
                    "base": one.base,
                    "head": one.head,
                    "base_site": one.base_site,
                    "head_site": one.head_site,
                }
                for one in self.shapes
            ],
            "volatile": {endpoint: list(paths) for endpoint, paths in self.volatile.items()},
            "blind": dict(self.blind),
        }


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request of the deck and what one version answered."""

    side: str
    round: int
    place: int
    outcome: Outcome
    parts: Parts | None

    @property
    def row(self) -> dict[str, Any]:
        outcome = self.outcome
        return {
            "side": self.side,
            "round": self.round,
            "place": self.place,
            "endpoint": outcome.endpoint,
            "step": outcome.step,
            "id": outcome.id,
            "status": outcome.status,
            "bytes": outcome.size,
        }


@dataclass(slots=True)
class _Deck:
    """What was asked so far; round 0 does not count."""

    asked: list[_Asked] = field(default_factory=list[_Asked])
    round: int = 0
    place: int = 0

    def add(self, twin: Twin) -> None:
        for side, outcome in (("base", twin.base), ("head", twin.head)):
            parts = contents.parts(outcome.answer) if outcome.answer is not None and outcome.status else None
            self.asked.append(_Asked(side, self.round, self.place, outcome, parts))
        self.place += 1

    def counting(self) -> Iterator[_Asked]:
        return (one for one in self.asked if one.round)


def budget_for(measured: float) -> float:
    """How long counting may take in a comparison whose other tiers measure for so many seconds each."""
    return min(BUDGET, max(SHORTEST, SHARE * measured))


def run(pair: Pair, budget: float = BUDGET, on_progress: Progress | None = None) -> Counters:
    """Plays the deck; a service too slow for it in its time gets a shorter one."""
    deck = _Deck()
    often = flows(pair) * EACH
    with _counting(pair):
        for number in range(ROUNDS + 1):
            # The first round is slower than the others: it finds out how much fits.
            limit = time.monotonic() + budget / (ROUNDS + 1) if number == 0 else None
            deck.round = number
            often = uvloop.run(play(pair, deck, often, limit))
            require_alive(pair)
            if on_progress is not None:
                on_progress((number + 1) / (ROUNDS + 1))
    seen: dict[str, Inside] = {side.name: inside.read(side) for side in (pair.base, pair.head)}
    counted: dict[str, pl.DataFrame] = {side.name: inside.counted(side) for side in (pair.base, pair.head)}
    volatile = _volatile(deck)
    table = _table(deck, volatile, seen, counted)
    shapes = exact.shapes(table, {name: inside.issued(one) for name, one in seen.items()})
    return Counters(
        table=table,
        changes=exact.changes(table, shapes, _apart(deck, volatile)),
        shapes=shapes,
        volatile={endpoint: tuple(sorted(paths)) for endpoint, paths in sorted(volatile.items()) if paths},
        blind={name: one.blind for name, one in seen.items() if one.blind},
        flows=often,
    )


@contextmanager
def _counting(pair: Pair) -> Generator[None]:
    sides = (pair.base, pair.head)
    for side in sides:
        control.count(side.directory.probe, wanted=True)
    try:
        yield
    finally:
        for side in sides:
            control.count(side.directory.probe, wanted=False)


class Deck(Protocol):
    """Takes down what is asked, under its round and its place in it."""

    round: int
    place: int

    def add(self, twin: Twin, /) -> None: ...


def flows(pair: Pair) -> int:
    """How many the scenario has."""
    return len(course(pair, TIER, os.environ).plan().flows)


async def play(pair: Pair, deck: Deck, flows: int, limit: float | None) -> int:
    """One round, by users that are new and whose data begins anew: how many flows it had."""
    asked = course(pair, TIER, os.environ, first=(deck.round << ROUND_SHIFT) + 1)
    pace = Pace(asked.plan())
    played = 0
    async with users(asked, 1, keeps_answers=True) as (user,):
        least = len(asked.plan().flows)  # whatever it takes: an endpoint that is not asked is not compared
        while played < flows and (limit is None or played < least or time.monotonic() < limit):
            await pace.keep()
            deck.place = played * LONGEST_FLOW
            await user.play(deck.add, played % len(asked.plan().flows))
            played += 1
    return played


def _volatile(deck: _Deck) -> dict[str, frozenset[str]]:
    """By endpoint: what differs within either version."""
    rounds: dict[tuple[str, int], list[_Asked]] = defaultdict(list)
    for one in deck.counting():
        if one.parts is not None:
            rounds[one.side, one.place].append(one)
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for same in rounds.values():
        found[same[0].outcome.endpoint] |= contents.volatile(one.parts for one in same if one.parts is not None)
    return dict(found)


def _apart(deck: _Deck, volatile: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    """By endpoint: which parts of its answers differ between the versions."""
    by_place: dict[tuple[int, int], dict[str, _Asked]] = defaultdict(dict)
    for one in deck.counting():
        if one.parts is not None:
            by_place[one.round, one.place][one.side] = one
    found: dict[str, set[str]] = defaultdict(set)
    for sides in by_place.values():
        if len(sides) < len(SIDES):
            continue
        base, head = (sides[name].parts or {} for name in SIDES)
        endpoint = sides["base"].outcome.endpoint
        paths = (base.keys() | head.keys()) - volatile.get(endpoint, frozenset())
        found[endpoint] |= {path for path in paths if base.get(path) != head.get(path)}
    return {endpoint: tuple(sorted(paths)) for endpoint, paths in found.items() if paths}


def _table(
    deck: _Deck, volatile: Mapping[str, frozenset[str]], seen: Mapping[str, Inside], counted: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The rounds that count, with what was seen inside."""
    rows = [one.row | {"body": _digest(one, volatile)} for one in deck.counting()]
    table = pairs.frame(rows, COUNTERS).drop(
        "statements", "rows", "connects", "outbound", "calls", "allocated", "peak", "kept", "instructions"
    )
    known = pl.concat([inside.per_request(seen[name]).join(counted[name], on="id", how="left") for name in SIDES])
    joined = table.join(known, on="id", how="left", maintain_order="left")
    return joined.with_columns(instructions=pl.lit(None)).select(pl.col(name).cast(kind) for name, kind in COUNTERS.items())


def _digest(one: _Asked, volatile: Mapping[str, frozenset[str]]) -> int | None:
    return None if one.parts is None else contents.digest(one.parts, volatile.get(one.outcome.endpoint, frozenset()))
