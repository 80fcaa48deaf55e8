"""Equivalent: changes of nothing but comments, and how often a comparison says so within five minutes.

    python -m bench.compare.equivalent [--series 1] [--most 5] [--try 1 --budget 20s] [--table]

20 comparisons at a margin of 3 %, in a budget that keeps all three tiers within the five minutes; at least 16 have to end in "no
slowdown larger than 3 %". Every run is a row of docs/results/compare-equivalent.md.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bench.compare import blocks
from bench.compare.changes import COMMENT, Sizes
from bench.compare.compared import FAILED, Asked, changed, compared, told
from bench.compare.conduct import Bench, parsed, so_many
from bench.compare.registered import Item
from bench.compare.repository import BASE, Repository, made
from perfkit.units import parse_time

RUNS, ENOUGH = 20, 16
MARGIN, BUDGET = "3%", "80s"
LIMIT = 300.0
NOTHING = Sizes({}, {}, {})
COLUMNS = ("answer", "exit code", "within five minutes", "changed", "asked for", "noise", "seconds")


def plan(budget: str) -> tuple[Sequence[Item], dict[str, Any]]:
    places = COMMENT.places
    items = [Item(number, 4000 + number, COMMENT.name, places[number % len(places)]) for number in range(1, RUNS + 1)]
    return items, {"budget": budget, "margin": MARGIN}


def run(repository: Repository, item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    head = repository.branch(f"run-{item.number}", COMMENT.files(repository.files, item.place, NOTHING, item.seed))
    options = ("--margin", facts["margin"], "--budget", facts["budget"], "--set", f"seed={item.seed}")
    with compared(Asked(repository.top, repository.scenario, BASE, head, options)) as one:
        found = told(one)
        found["series"] = blocks.kept(one) if one.has_answer else []
    return found


def holds(found: dict[str, Any]) -> bool:
    return found["outcome"] == "equivalent" and bool(found["seconds"] <= LIMIT)


def cells(found: dict[str, Any]) -> Sequence[str]:
    code, seconds = str(found["code"]), f"{found['seconds']:.0f}"
    if found["outcome"] == FAILED:
        return (FAILED, code, "", found["complaint"], "", "", seconds)
    other = "; ".join([*changed(found, "regressed"), *changed(found, "improved"), *changed(found, "different")])
    asked = f"{found['more_time']:.0f} s" if found["more_time"] else ""
    return (found["outcome"], code, "yes" if holds(found) else "**no**", other, asked, found["noise"], seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default=BUDGET, help="of a try")
    wanted = parsed(parser)
    budget = wanted.more.budget if wanted.is_try else BUDGET
    parse_time(budget)
    with made() as repository:
        title = "Changes of nothing but comments"
        series = Bench("equivalent", title, COLUMNS, partial(plan, budget), partial(run, repository), cells).conduct(wanted)
    answered = series.answered
    held = sum(holds(one.found) for one in answered)
    print(f"equivalent within five minutes: {so_many(held, len(answered))}")
    sys.exit(len(answered) - held > RUNS - ENOUGH)


if __name__ == "__main__":
    main()
