"""Tier 0 on request: instructions per request of the flows, of both versions, under valgrind and without the probe.

Both versions go through the same rounds, so what still warms up in them does so in both. The server's own clockwork (a look for
work every second, or ten times a second) befalls some requests and not others: the lowest round of each version is compared, all
rounds but one have to agree, and a change is one that is larger than all that the clockwork did while nobody asked for anything.
Research for comparisons, 0.5 and 2.2.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl
import uvloop

from perfkit.compare import callgrind, counters, pairs
from perfkit.compare.callgrind import Meter
from perfkit.compare.change import Change
from perfkit.compare.exact import MOST
from perfkit.compare.lockstep import Twin
from perfkit.compare.pairs import COUNTERS, SIDES
from perfkit.compare.side import Pair
from perfkit.errors import ComparisonError
from perfkit.evidence import Missing

# Times that each flow is played before anything is counted: an interpreter adapts its code to what it has met (PEP 659).
WARM_UP: Final = 8
# Rounds that are counted, after one that is not.
ROUNDS: Final = 4
FEWEST_ROUNDS: Final = 3
# Twice what the count of one and the same code moves by from one hash seed to another, 0.05 to 0.15 %.
LEAST: Final = 0.003
# Looks per round, while nothing is asked, at what the clockwork of the versions does in the time that a request is given.
IDLE: Final = 2
# Seconds of requests under valgrind, which take 20 to 50 times as long as they do.
BUDGET: Final = 180.0


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A row per request and round, what changed, and of each endpoint what both versions execute per request.

    `clockwork` is the most instructions that either version executed in a request's time without one.
    """

    table: pl.DataFrame
    changes: tuple[Change, ...]
    typical: Mapping[str, tuple[float, float]]
    clockwork: int

    def details(self) -> list[dict[str, Any]]:
        """As JSON."""
        return [
            {"endpoint": name, "base": base, "head": head, "clockwork": self.clockwork}
            for name, (base, head) in self.typical.items()
        ]


@dataclass(slots=True)
class _Deck:
    meters: Mapping[str, Meter]
    is_counting: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    round: int = 0
    place: int = 0
    clockwork: int = 0
    seconds: list[float] = field(default_factory=list[float])  # that passed between two looks
    looked: float = 0.0

    def add(self, twin: Twin) -> None:
        counts = self.look() if self.is_counting else {}
        for side, outcome in (("base", twin.base), ("head", twin.head)):
            if self.is_counting and self.round and outcome.status:
                row = {"side": side, "round": self.round, "place": self.place, "endpoint": outcome.endpoint, "step": outcome.step}
                self.rows.append(row | {"instructions": counts[side]})
        self.place += 1

    def look(self) -> dict[str, int]:
        """Of both versions, what they have executed since the last look."""
        self.seconds.append(time.monotonic() - self.looked)
        with ThreadPoolExecutor(len(self.meters)) as side_by_side:
            counts = dict(zip(self.meters, side_by_side.map(Meter.read, self.meters.values()), strict=True))
        self.looked = time.monotonic()
        return counts

    def idle(self) -> None:
        """As long as a request of those so far is given, without one."""
        if not self.seconds:
            return
        pause = statistics.median(self.seconds)
        self.look()
        for _ in range(IDLE):
            time.sleep(pause)
            self.clockwork = max(self.clockwork, *self.look().values())
        self.seconds.clear()


def run(pair: Pair, work: Path, on_progress: Callable[[float], None]) -> Counted | Missing:
    """Both versions are down meanwhile and come up anew afterwards; Missing where nothing can be counted."""
    absent = callgrind.missing()
    if absent is not None:
        return absent
    if not all(side.is_ours for side in (pair.base, pair.head)):
        return Missing("a service that runs already cannot be started under valgrind")
    pair.stop()
    try:
        deck = _executed(pair, work, on_progress)
    except ComparisonError as error:
        # valgrind does not run everything that a processor runs; the tiers that follow have no need of it.
        pair.resume()
        return Missing(error.message.splitlines()[0])
    pair.resume()
    table = pairs.frame(deck.rows, COUNTERS)
    return Counted(table, changes(table, deck.clockwork), typical(table), deck.clockwork)


def changes(table: pl.DataFrame, clockwork: int) -> tuple[Change, ...]:
    """Endpoints of which most requests take more, or most take fewer, by more than so many that are the clockwork's."""
    told: list[Change] = []
    found = typical(table)
    for (name,), rows in _compared(table, clockwork).group_by("endpoint", maintain_order=True):
        more, fewer = (rows.filter(pl.col("agreed") & (pl.col("beyond") * sign > 0)).height for sign in (1, -1))
        changed = max(more, fewer)
        if changed > MOST * rows.height:
            detail = "" if changed == rows.height else f"in {changed} of {rows.height} requests counted"
            base, head = found[str(name)]
            told.append(Change(str(name), "instructions", round(base), round(head), detail))
    return tuple(told)


def _compared(table: pl.DataFrame, clockwork: int) -> pl.DataFrame:
    """A row per request.

    `beyond`: how far head's lowest round is from the base's, with its sign; 0 when that may be nothing. `agreed`: whether all
    rounds but one say the same.
    """
    sides = [
        table.filter(pl.col("side").cast(pl.String) == side).select(
            pl.col("endpoint").cast(pl.String), "place", "round", pl.col("instructions").alias(side)
        )
        for side in SIDES
    ]
    both = sides[0].join(sides[1], on=("endpoint", "place", "round"), how="inner", maintain_order="left")
    both = both.filter(pl.col("base") > 0)
    lowest = pl.col("head").min() - pl.col("base").min()
    apart = (pl.col("head") - pl.col("base")) * lowest.sign()
    agreeing = (apart > LEAST * pl.col("base") + clockwork).sum()
    return both.group_by("endpoint", "place", maintain_order=True).agg(
        beyond=pl.when(lowest.abs() > LEAST * pl.col("base").min() + clockwork).then(lowest).otherwise(0),
        agreed=(agreeing >= pl.len() - 1) & (pl.len() >= FEWEST_ROUNDS),
    )


def typical(table: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Of each endpoint the mean over its requests of the lowest round."""
    lowest = table.group_by("endpoint", "place", "side").agg(pl.col("instructions").min())
    means = lowest.group_by("endpoint", "side").agg(pl.col("instructions").mean())
    found = {(str(endpoint), str(side)): float(mean) for endpoint, side, mean in means.iter_rows()}
    names = sorted({endpoint for endpoint, _ in found})
    return {name: (found[name, "base"], found[name, "head"]) for name in names if all((name, side) in found for side in SIDES)}


def _executed(pair: Pair, work: Path, on_progress: Callable[[float], None]) -> _Deck:
    with ExitStack() as stack:
        meters: dict[str, Meter] = {}
        for side in (pair.base, pair.head):
            folder = work / f"instructions-{side.name}"
            folder.mkdir(parents=True)
            meters[side.name] = Meter(stack.enter_context(side.behind(callgrind.prefix(folder))), folder)
        return _rounds(pair, _Deck(meters), on_progress)


def _rounds(pair: Pair, deck: _Deck, on_progress: Callable[[float], None]) -> _Deck:
    flows = counters.flows(pair)
    uvloop.run(counters.play(pair, deck, flows * WARM_UP, time.monotonic() + BUDGET / ROUNDS))
    for meter in deck.meters.values():
        meter.begin()
    began = deck.looked = time.monotonic()
    deck.is_counting = True
    for number in range(ROUNDS + 1):
        # The first round finds out how many flows fit.
        limit = began + BUDGET / (ROUNDS + 1) if number == 0 else None
        deck.round = number
        flows = uvloop.run(counters.play(pair, deck, flows, limit))
        deck.idle()
        on_progress((number + 1) / (ROUNDS + 1))
        if number >= FEWEST_ROUNDS and time.monotonic() - began > BUDGET:
            break
    return deck
