"""Counters: a hundred planted changes that can be counted, and two hundred decks of a version against itself.

    python -m bench.compare.counted [--series 1] [--most 50] [--try 4 --kinds churn] [--table]

Tier 0 only. One more statement, 1 KiB more of body, one more connection, 10 % more allocations, each at an endpoint and a place
of its function that the seed chooses: found when the counter of that name is called regressed at that endpoint. In a deck of
nothing, any counter of the gate that changed is an alarm. A change that is missed, or an alarm, ends with exit code 1.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bench.compare import calibration
from bench.compare.changes import BODY, CHURN, CONNECT, ENDPOINTS, KINDS, STATEMENT
from bench.compare.compared import FAILED, Asked, changed, compared, told
from bench.compare.conduct import Bench, parsed, so_many
from bench.compare.registered import Item, Series
from bench.compare.repository import BASE, Repository, made

PLANTED = (STATEMENT, BODY, CONNECT, CHURN)
EACH, NOTHING, DECKS = 25, "nothing", 200
ORDER = 5
OPTIONS = ("--tiers", "0", "--allow-answers")
COLUMNS = ("answer", "exit code", "found by", "elsewhere", "seconds")


def plan(repository: Repository) -> tuple[Sequence[Item], dict[str, Any]]:
    facts = {"sizes": {"server_time": {}, "burst": {}, "allocated": calibration.allocated(repository)}}
    placed = [(kind.name, ENDPOINTS[number % len(ENDPOINTS)]) for kind in PLANTED for number in range(EACH)]
    placed += [(NOTHING, "all")] * DECKS
    random.Random(ORDER).shuffle(placed)
    return [Item(number, 3000 + number, kind, place) for number, (kind, place) in enumerate(placed, 1)], facts


def run(repository: Repository, item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    head = BASE
    if item.kind != NOTHING:
        files = KINDS[item.kind].files(repository.files, item.place, calibration.sizes_of(facts), item.seed)
        head = repository.branch(f"run-{item.number}", files)
    with compared(Asked(repository.top, repository.scenario, BASE, head, (*OPTIONS, "--set", f"seed={item.seed}"))) as one:
        found = told(one)
    found["found_by"] = KINDS[item.kind].finds(found, item.place) if item.kind != NOTHING else ""
    return found


def alarms(found: dict[str, Any]) -> list[str]:
    """Whatever changed, beside what was planted."""
    own = [one for outcome in ("regressed", "improved", "different") for one in changed(found, outcome)]
    return [one for one in own if not found["found_by"] or not one.endswith(found["found_by"])]


def cells(found: dict[str, Any]) -> Sequence[str]:
    code, seconds = str(found["code"]), f"{found['seconds']:.0f}"
    if found["outcome"] == FAILED:
        return (FAILED, code, found["complaint"], "", seconds)
    return (found["outcome"], code, found["found_by"], "; ".join(alarms(found)), seconds)


def table(series: Series) -> bool:
    """Prints what was found of each kind; True when all of it was, and nothing else."""
    kept = True
    print("\n| planted | found with its name | something else changed too |\n|---|---|---|")
    for kind in PLANTED:
        own = [one.found for one in series.answered if one.item.kind == kind.name]
        found = sum(bool(one.get("found_by")) for one in own)
        print(f"| {kind.title} | {so_many(found, len(own))} | {sum(bool(alarms(one)) for one in own)} |")
        kept &= found == len(own)
    decks = [one.found for one in series.answered if one.item.kind == NOTHING]
    alarmed = sum(bool(alarms(one)) or one["outcome"] == FAILED for one in decks)
    print(f"\ndecks of nothing with an alarm: {so_many(alarmed, len(decks))}")
    return kept and not alarmed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted = parsed(parser)
    with made() as repository:
        bench = Bench(
            "counted", "Planted changes that can be counted", COLUMNS, partial(plan, repository), partial(run, repository), cells
        )
        series = bench.conduct(wanted)
    sys.exit(not table(series))


if __name__ == "__main__":
    main()
