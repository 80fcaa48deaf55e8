"""What all benches of comparisons have in common: their options, and the loop over a registered series."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.compare.registered import BROKEN_OFF, COMPARE, Item, Series, kept, opened, tried
from bench.results import Results
from perfkit.stats.proportions import exact

RUN = ("series", "run", "seed", "kind", "place")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`runs` of a try, 0 for the real series; `more` are the bench's own options."""

    series: str
    runs: int
    kinds: tuple[str, ...]
    most: int | None
    table: bool
    more: argparse.Namespace

    @property
    def is_try(self) -> bool:
        return self.runs > 0


def parsed(parser: argparse.ArgumentParser) -> Wanted:
    parser.add_argument("--series", default="1", help="the registered series to begin or to go on with")
    parser.add_argument("--try", dest="runs", type=int, default=0, metavar="RUNS", help="a few runs, of which nothing is kept")
    parser.add_argument("--kinds", nargs="+", default=(), help="of a try: only these")
    parser.add_argument("--most", type=int, default=None, metavar="RUNS", help="end after so many; the series goes on next time")
    parser.add_argument("--table", action="store_true", help="only print what the series has found so far")
    given = parser.parse_args()
    if given.kinds and not given.runs:
        parser.error("--kinds is for a try: a registered series runs in its order")
    return Wanted(given.series, given.runs, tuple(given.kinds), given.most, given.table, given)


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench: `plan` gives the runs and the facts that are fixed with them, `run` makes one by them, `cells` shows it."""

    name: str
    title: str
    columns: tuple[str, ...]
    plan: Callable[[], tuple[Sequence[Item], dict[str, Any]]]
    run: Callable[[Item, Mapping[str, Any]], dict[str, Any]]
    cells: Callable[[dict[str, Any]], Sequence[str]]
    group: str = COMPARE

    def conduct(self, wanted: Wanted) -> Series:
        """Runs what is left of the series, each run a row; gives the series back for its table."""
        if wanted.table:
            return kept(self.name, wanted.series, self.group)
        if wanted.is_try:
            series = tried(self.plan, wanted.runs, wanted.kinds)
        else:
            series = opened(self.name, wanted.series, self.plan, self.group)
        results = Results(f"{self.group}-{self.name}", self.title, (*RUN, *self.columns), keeps=not wanted.is_try)
        if not series.begun:
            results.note(self._registration(series, wanted))
        for item in series.broken_off():
            self._end(series, item, {"outcome": BROKEN_OFF}, results, wanted)
        for number, item in enumerate(series.left()):
            if wanted.most is not None and number >= wanted.most:
                break
            series.begin(item)
            try:
                found = self.run(item, series.facts)
            except KeyboardInterrupt:
                sys.exit(f"run {item.number} was broken off; the series says so when it is gone on with")
            self._end(series, item, found, results, wanted)
        return series

    def _end(self, series: Series, item: Item, found: dict[str, Any], results: Results, wanted: Wanted) -> None:
        series.end(item, found)
        broken = found.get("outcome") == BROKEN_OFF
        cells = (BROKEN_OFF, *[""] * (len(self.columns) - 1)) if broken else self.cells(found)
        results.row(wanted.series, str(item.number), str(item.seed), item.kind, item.place, *cells)

    def _registration(self, series: Series, wanted: Wanted) -> str:
        planned = series.planned
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(_counts(planned).items()))
        where = f"order and seeds in {self.group}/{self.name}-{wanted.series}.jsonl"
        return f"Series {wanted.series}: {len(planned)} runs ({counts}); protocol {series.protocol[:10]}; {where}."


def _counts(items: Sequence[Item]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        found[item.kind] = found.get(item.kind, 0) + 1
    return found


def so_many(successes: int, count: int) -> str:
    """`3 of 20 (3.2 % to 38 %)`: with the exact binomial interval of 95 %."""
    low, high = exact(successes, count)
    return f"{successes} of {count} ({low:.1%} to {high:.1%})"
