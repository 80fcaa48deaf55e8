"""Power: planted changes of nine kinds in a real service, and which of them a comparison of a minute finds.

    python -m bench.compare.planted [--series 1] [--most 10] [--try 2 --kinds cpu-3 lock --budget 20s] [--table]

60 runs. When the series is registered, work is calibrated to 3 and 5 % of each endpoint's server time and to 5 % of what a burst
of eight takes, and what came of that is measured by a long alternation and written down. A run is found when the figure that has
to find it is called regressed at its endpoint. An inconclusive run is gone on with for twice as long as it asked for, up to ten
minutes; one that asks for more is resampled (bench/compare/more.py). Every third run of a kind is followed by two plain runs, for
bench.compare.today. Every run is a row of docs/results/compare-planted.md.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.compare import blocks, calibration, more, plain
from bench.compare.changes import CPU_3, CPU_5, CROWD_5, KINDS, Kind
from bench.compare.compared import FAILED, Asked, changed, compared, told
from bench.compare.conduct import Bench, parsed, so_many
from bench.compare.registered import Item, Series
from bench.compare.repository import BASE, Repository, made
from perfkit.units import parse_time

# Of each kind so many runs: most of those whose share has to be 95 %.
COUNTS = {"cpu-3": 16, "cpu-5": 8, "crowd-5": 16, "statement": 4, "sleep": 4, "body": 4, "churn": 4, "lock": 2, "pool": 2}
PROMISED = (CPU_3, CROWD_5)
SHARE = 0.95
ORDER = 4
BUDGET = "60s"
PLAIN_EVERY = 3
COLUMNS = ("answer", "exit code", "found by", "elsewhere", "improved", "asked for", "took", "noise", "seconds")


def plan(repository: Repository, budget: str, *, is_try: bool) -> tuple[Sequence[Item], dict[str, Any]]:
    facts = calibration.calibrated(repository, is_try=is_try)
    sizes = calibration.sizes_of(facts)
    if not is_try:
        figures = {CPU_3: "server_time", CPU_5: "server_time", CROWD_5: calibration.BURST}
        facts["true"] = {kind.name: calibration.true_size(repository, kind, figure, sizes) for kind, figure in figures.items()}
    kinds = [KINDS[name] for name, count in COUNTS.items() for _ in range(count)]
    placed = [(kind, kind.places[number % len(kind.places)]) for number, kind in enumerate(kinds)]
    random.Random(ORDER).shuffle(placed)
    items = [Item(number, 2000 + number, kind.name, place) for number, (kind, place) in enumerate(placed, 1)]
    return items, {
        **facts,
        "budget": budget,
        "most_more": more.MOST_OF_A_TRY if is_try else more.MOST,
        "plain": plain.some_of(items, PLAIN_EVERY),
    }


def run(repository: Repository, item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    kind = KINDS[item.kind]
    files = kind.files(repository.files, item.place, calibration.sizes_of(facts), item.seed)
    head, budget = repository.branch(f"run-{item.number}", files), facts["budget"]
    options = ("--allow-answers", "--tiers", kind.tiers, "--budget", budget, "--set", f"seed={item.seed}")
    with compared(Asked(repository.top, repository.scenario, BASE, head, options)) as one:
        found = told(one)
        found["series"] = blocks.kept(one) if one.has_answer else []
    found["found_by"] = kind.finds(found, item.place)
    if found["outcome"] == "inconclusive" and found["more_time"] is not None:
        found["took"] = more.taken(Asked(repository.top, repository.scenario, BASE, head), found, item.seed, facts)
    if item.number in facts["plain"]:
        found["plain"] = _plain(repository, files, item.seed)
    return found


def _plain(repository: Repository, files: Mapping[str, str], seed: int) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="bench-plain-") as folder:
        scenario = repository.files[repository.scenario.name]
        base = plain.laid_out(Path(folder) / "base", scenario, repository.files)
        head = plain.laid_out(Path(folder) / "head", scenario, {**repository.files, **files})
        return plain.recorded(base, head, seed)


def cells(found: dict[str, Any]) -> Sequence[str]:
    code, seconds = str(found["code"]), f"{found['seconds']:.0f}"
    if found["outcome"] == FAILED:
        return (FAILED, code, found["complaint"], *[""] * 5, seconds)
    improved = "; ".join(changed(found, "improved"))
    asked = f"{found['more_time']:.0f} s" if found["more_time"] else ""
    took = more.shown(found["took"]) if "took" in found else ""
    elsewhere = "; ".join(one for one in changed(found, "regressed") if one != found["found_by"])
    return (found["outcome"], code, found["found_by"] or "**nothing**", elsewhere, improved, asked, took, found["noise"], seconds)


def table(series: Series) -> bool:
    """Prints what was found of each kind; True when all that was promised held."""
    kept = True
    print("\n| kind | must be found by | planted | true size | found | called improved |\n|---|---|---|---|---|---|")
    for name in COUNTS:
        kind = KINDS[name]
        own = [one.found for one in series.answered if one.item.kind == name]
        if not own:
            continue
        found, improved = sum(bool(one.get("found_by")) for one in own), sum(bool(changed(one, "improved")) for one in own)
        tier = ("counters", "alternation", "bursts")[kind.tier]
        shown = f"{kind.title} | {_true(series, name)} | {so_many(found, len(own))}"
        print(f"| {name} | {tier}: {_named(kind)} | {shown} | {improved} |")
        kept &= improved == 0 and (kind not in PROMISED or found >= SHARE * len(own))
    more.table([one.found for one in series.answered if "took" in one.found], parse_time(series.facts["budget"]))
    print(f"broken off: {len(series.ended) - len(series.answered)}")
    return kept


def _named(kind: Kind) -> str:
    return ", ".join(kind.figures) if len(kind.figures) < 3 else "any burst"


def _true(series: Series, name: str) -> str:
    true = series.facts.get("true", {}).get(name, {})
    return ", ".join(f"{place} {one['change']:+.1%}" for place, one in true.items()) or "as planted"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default=BUDGET, help="of a try")
    wanted = parsed(parser)
    budget = wanted.more.budget if wanted.is_try else BUDGET
    parse_time(budget)
    with made() as repository:
        making = partial(plan, repository, budget, is_try=wanted.is_try)
        bench = Bench(
            "planted", "Planted changes, and what a comparison finds of them", COLUMNS, making, partial(run, repository), cells
        )
        series = bench.conduct(wanted)
    sys.exit(not table(series))


if __name__ == "__main__":
    main()
