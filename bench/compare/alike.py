"""False alarms: versions of the shop and of its asynchronous twin, compared with themselves again and again.

    python -m bench.compare.alike [--series 1] [--most 20] [--try 2] [--table]
    python -m bench.compare.alike --simulate 10000 [--series 1] [--try]

100 comparisons of HEAD with HEAD at a budget of 20 s, both shops in turn, three endpoints each. An alarm is an exit code of 1 or
8, or anything gated that is called regressed. Every run is a row of docs/results/compare-alike.md and a line of the ledger beside
it, with what each block said, so that `--simulate` draws comparisons of nothing from the noise that was measured. Every fifth run
of a kind is followed by two plain runs of the same version, for bench.compare.today. More than 3 alarms end with exit code 1.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np

from bench.compare import blocks, plain
from bench.compare.again import Noise, judged
from bench.compare.compared import FAILED, Asked, changed, compared, told
from bench.compare.conduct import Bench, Wanted, parsed, so_many
from bench.compare.registered import Item, kept
from bench.results import ROOT, Results
from perfkit.stats.proportions import exact
from perfkit.units import parse_time

RUNS, BUDGET = 100, "20s"
MOST_ALARMS = 3
# Of 10,000 simulated comparisons.
MOST_SIMULATED = 0.01
ALARMS = (1, 8)
PLAIN_EVERY = 5
SCENARIOS = {"shop": Path(__file__).parent / "shop.yaml", "shop-async": Path(__file__).parent / "shop-async.yaml"}
COLUMNS = ("answer", "exit code", "alarm", "regressed", "improved", "noise", "blocks", "seconds")
SIMULATED = ("series", "kind", "measured runs", "simulated", "with an alarm", "95 % interval", "improved", "lasting bias, sd")
CHUNK = 100


def plan(budget: str) -> tuple[Sequence[Item], dict[str, Any]]:
    kinds = list(SCENARIOS)
    items = [Item(number, 1000 + number, kinds[(number - 1) % len(kinds)], "all") for number in range(1, RUNS + 1)]
    return items, {"budget": budget, "plain": plain.some_of(items, PLAIN_EVERY)}


def run(item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    scenario = SCENARIOS[item.kind]
    asked = Asked(ROOT, scenario, "HEAD", "HEAD", ("--budget", facts["budget"], "--set", f"seed={item.seed}"))
    with compared(asked) as one:
        found = told(one)
        found["series"] = blocks.kept(one) if one.has_answer else []
    if item.number in facts["plain"]:
        text = scenario.read_text()
        sides = [plain.Version(text, ROOT / "perfkit/demo")] * 2
        found["plain"] = plain.recorded(sides[0], sides[1], item.seed)
    return found


def is_alarm(found: dict[str, Any]) -> bool:
    return found.get("code") in ALARMS or bool(changed(found, "regressed"))


def cells(found: dict[str, Any]) -> Sequence[str]:
    code, seconds = str(found["code"]), f"{found['seconds']:.0f}"
    if found["outcome"] == FAILED:
        return (FAILED, code, "", found["complaint"], "", "", "", seconds)
    regressed, improved = "; ".join(changed(found, "regressed")), "; ".join(changed(found, "improved"))
    count = str(max((one["blocks"] for one in found["tests"]), default=0))
    return (found["outcome"], code, "**yes**" if is_alarm(found) else "no", regressed, improved, found["noise"], count, seconds)


NAME, TITLE = "alike", "Versions compared with themselves"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default=BUDGET, help="of a try")
    parser.add_argument("--simulate", type=int, default=0, metavar="RUNS", help="comparisons drawn from the measured noise")
    wanted = parsed(parser)
    if wanted.more.simulate:
        sys.exit(simulate(wanted))
    budget = wanted.more.budget if wanted.is_try else BUDGET
    parse_time(budget)
    series = Bench(NAME, TITLE, COLUMNS, partial(plan, budget), run, cells).conduct(wanted)
    answered = [one for one in series.answered if one.found["outcome"] != FAILED]
    for kind in (*SCENARIOS, "both"):
        own = [one for one in answered if kind in (one.item.kind, "both")]
        print(f"{kind}: runs with an alarm {so_many(sum(is_alarm(one.found) for one in own), len(own))}")
    print(f"failed: {len(series.answered) - len(answered)}; broken off: {len(series.ended) - len(series.answered)}")
    sys.exit(sum(is_alarm(one.found) for one in answered) > MOST_ALARMS)


def simulate(wanted: Wanted) -> bool:
    """True when too many alarms were raised."""
    series = kept(NAME, wanted.series)
    results = Results("compare-alike", TITLE, SIMULATED, keeps=not wanted.is_try)
    alarms = runs = 0
    for kind in SCENARIOS:
        measured = [
            blocks.read(one.found["series"]) for one in series.answered if one.item.kind == kind and one.found.get("series")
        ]
        if len(measured) < 2:
            print(f"{kind}: too few runs to draw from")
            continue
        noise = Noise(measured)
        chunks = [(noise, seed) for seed in range(-(-wanted.more.simulate // (CHUNK * len(SCENARIOS))))]
        with Pool(2) as pool:
            found = np.array(pool.starmap(chunk, chunks)).sum(axis=0)
        low, high = exact(int(found[0]), int(found[2]))
        results.row(
            wanted.series, kind, str(len(noise.runs)), f"{found[2]:,}", f"{found[0]} ({found[0] / found[2]:.2%})",
            f"{low:.2%} to {high:.2%}", str(found[1]), f"{noise.lasting:.2%}",
        )  # fmt: skip
        alarms, runs = alarms + int(found[0]), runs + int(found[2])
    return alarms > MOST_SIMULATED * runs


def chunk(noise: Noise, seed: int) -> tuple[int, int, int]:
    """Of a hundred comparisons of nothing: those with an alarm, those with an improvement, and how many they were."""
    random = np.random.default_rng(seed)
    alarms = improved = 0
    for _ in range(CHUNK):
        series = noise.draw(random)
        found = judged(series, looks=max(len(one.restarts) for one in series if not one.is_burst))
        alarms += found.alarms
        improved += found.improves
    return alarms, improved, CHUNK


if __name__ == "__main__":
    main()
