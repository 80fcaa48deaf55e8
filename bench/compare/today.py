"""What people use today, judged on plain runs that were made beside the same comparisons: a table side by side.

    python -m bench.compare.today [--alike 1] [--planted 1] [--look]

Reads the ledgers of bench.compare.alike and bench.compare.planted; runs nothing. A method fails a pipeline as a person would have
set it up: at any endpoint, without a correction for their number. Of planted changes it counts what is flagged at the endpoint
that it was planted in. perfkit's own column is of the very runs that the plain ones were made beside.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.compare import plain
from bench.compare.alike import is_alarm
from bench.compare.changes import KINDS
from bench.compare.conduct import so_many
from bench.compare.planted import COUNTS
from bench.compare.registered import LEDGERS, Ended, Series
from bench.results import Results

COLUMNS = ("series", "of", "runs", "perfkit", *plain.METHODS)


@dataclass(frozen=True, slots=True)
class Row:
    """Runs that have plain ones beside them, and what counts as flagged in each."""

    title: str
    runs: Sequence[Ended]
    perfkit: Callable[[Ended], bool]

    def cells(self, series: str) -> tuple[str, ...]:
        own = so_many(sum(map(self.perfkit, self.runs)), len(self.runs))
        others = (so_many(sum(flagged(method, one) for one in self.runs), len(self.runs)) for method in plain.METHODS)
        return (series, self.title, str(len(self.runs)), own, *others)


def flagged(method: str, one: Ended) -> bool:
    """At the endpoint that was changed, or at any where nothing was."""
    places = [row for row in one.found["plain"] if one.item.place in ("all", row["endpoint"])]
    return any(plain.flags(method, row) for row in places)


def rows(alike: Series, planted: Series) -> list[Row]:
    nothing = [one for one in alike.answered if one.found.get("plain")] if alike.is_registered else []
    found = [Row("false alarms: a version against itself", nothing, lambda one: is_alarm(one.found))]
    changed = [one for one in planted.answered if one.found.get("plain")] if planted.is_registered else []
    for name in COUNTS:
        own = [one for one in changed if one.item.kind == name]
        found.append(Row(f"found: {KINDS[name].title}", own, lambda one: bool(one.found.get("found_by"))))
    found.append(Row("found: all of them", changed, lambda one: bool(one.found.get("found_by"))))
    return [row for row in found if row.runs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alike", default="1", help="series of bench.compare.alike")
    parser.add_argument("--planted", default="1", help="series of bench.compare.planted")
    parser.add_argument("--look", action="store_true", help="show, and write nothing down")
    given = parser.parse_args()
    results = Results("compare-today", "What people use today, beside perfkit", COLUMNS, keeps=not given.look)
    names = f"{given.alike} and {given.planted}"
    alike, planted = (
        Series(LEDGERS / f"{bench}-{name}.jsonl") for bench, name in (("alike", given.alike), ("planted", given.planted))
    )
    for row in rows(alike, planted):
        results.row(*row.cells(names))


if __name__ == "__main__":
    main()
