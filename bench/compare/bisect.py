"""Bisect: a 5 % step of server time among 64 commits, looked for by `perfkit bisect` itself.

    python -m bench.compare.bisect [--tries 6] [--series 1] [--most 1] [--try 1] [--table] [--simulate 200 [--error 0.004]]

Each try makes a repository of 64 commits of the benches' service, 63 of which touch comments and constants that nothing reads;
one, at a place and in an endpoint that its seed chooses, plants 5 % more work. All tries have to name that commit, in at most 15
probes. Every try is a row of docs/results/compare-bisect.md. `--simulate` searches lines of which nothing is real but the
standard error: the median of the series' probes, or `--error`; 99 of 100 have to be right.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.compare.calibration import calibrated, sizes_of
from bench.compare.changes import COMMENT, CPU_5, SETTINGS, Sizes
from bench.compare.compared import FAILED, LIMIT, complaint
from bench.compare.conduct import Bench, Wanted, parsed, so_many
from bench.compare.known_line import COMMITS, MOST, simulated
from bench.compare.registered import Item, Series, kept
from bench.compare.repository import BASE, Repository, made
from bench.results import Results
from perfkit.stats.proportions import exact

TRIES = 6
SEEDS = 5000
NOTHING = Sizes({}, {}, {})
NEEDED = 0.99
COLUMNS = ("planted", "found", "right", "step found", "probability", "probes", "standard error", "minutes")


def plan(repository: Repository, tries: int, *, is_try: bool) -> tuple[Sequence[Item], dict[str, Any]]:
    facts = calibrated(repository, is_try=is_try)
    places = CPU_5.places
    items = [Item(number, SEEDS + number, CPU_5.name, places[number % len(places)]) for number in range(1, tries + 1)]
    return items, {**facts, "planted": {str(item.number): planted(item.seed) for item in items}}


def planted(seed: int) -> int:
    """The place of the commit with the step, from 1 on."""
    return random.Random(f"{seed}:planted").randint(1, COMMITS)


def history(base: Mapping[str, str], item: Item, sizes: Sizes) -> Iterator[tuple[Mapping[str, str], str]]:
    """64 commits, each as the files that it changes and its message; none but one does more or less than the one before."""
    dice = random.Random(f"{item.seed}:history")
    files = dict(base)
    for place in range(1, COMMITS + 1):
        if place == planted(item.seed):
            changed: Mapping[str, str] = CPU_5.files(files, item.place, sizes, item.seed)
        elif dice.random() < 0.5:
            changed = COMMENT.files(files, dice.choice(COMMENT.places), NOTHING, place)
        else:
            changed = {SETTINGS: f"{base[SETTINGS]}REVISION = {place}\n"}
        files.update(changed)
        yield changed, f"change {place}"


def run(repository: Repository, item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    """One search; its folder is gone afterwards, and with it the probes: no try gains by another."""
    names = repository.line(f"try-{item.number}", history(repository.files, item, sizes_of(facts)))
    where = planted(item.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as out:
        line = [sys.executable, "-m", "perfkit", "bisect", BASE, f"try-{item.number}", "--scenario", str(repository.scenario)]
        line += ["--by", "time", "--max-probes", str(MOST), "--out", out, "--set", f"seed={item.seed}"]
        began = time.monotonic()
        try:
            said = subprocess.run(line, cwd=repository.top, capture_output=True, text=True, timeout=LIMIT, check=False).stderr
        except subprocess.TimeoutExpired:
            said = "it did not end"
        seconds = time.monotonic() - began
        written = next(Path(out).glob("*-bisect-*/bisect.json"), None)
        if written is None:
            return {"outcome": FAILED, "planted": where, "seconds": round(seconds, 1), "complaint": complaint(said)}
        return told(json.loads(written.read_text()), names, where, round(seconds, 1))


def told(said: Mapping[str, Any], names: Sequence[str], where: int, seconds: float) -> dict[str, Any]:
    """What the ledger keeps: every probe, so that the search can be simulated with its errors."""
    probes = [{"place": one["place"], "change": one["change"], "error": one["error"]} for one in said["probes"]]
    return {
        "outcome": said["answer"], "code": said["exit_code"], "planted": where,
        "found": [names.index(one["commit"]) + 1 for one in said["culprits"]],
        "endpoint": said["endpoint"], "step": said["step"], "probes": probes, "failed": len(said["failed"]), "seconds": seconds,
    }  # fmt: skip


def is_right(found: Mapping[str, Any]) -> bool:
    return found.get("found") == [found["planted"]] and len(found["probes"]) <= MOST


def cells(found: dict[str, Any]) -> Sequence[str]:
    minutes = f"{found['seconds'] / 60:.1f}"
    if found["outcome"] == FAILED:
        return (str(found["planted"]), FAILED, "**no**", found["complaint"], "", "", "", minutes)
    named = ", ".join(map(str, found["found"])) or found["outcome"]
    step = found["step"] or {}
    size = f"{found['endpoint']} {step['change']:+.1%}" if step.get("change") is not None else ""
    sure = f"{step['probability']:.2%}" if step else ""
    right = "yes" if is_right(found) else "**no**"
    return (str(found["planted"]), named, right, size, sure, str(len(found["probes"])), f"{error_of(found):.2%}", minutes)


def error_of(found: Mapping[str, Any]) -> float:
    """Of a probe; of a search that made none there is none."""
    return statistics.median([float(one["error"]) for one in found["probes"]] or [math.nan])


def simulate(wanted: Wanted) -> bool:
    """Whether enough of the simulated searches are right."""
    error: float | None = wanted.more.error
    if error is None:
        answered = [one.found for one in kept("bisect", wanted.series).answered if one.found["outcome"] != FAILED]
        error = statistics.median(probe["error"] for found in answered for probe in found["probes"])
    count: int = wanted.more.simulate
    found = simulated(error, count)
    low, high = exact(found.right, count)
    columns = ("series", "simulated", "standard error", "right", "wrong", "not yet", "95 % interval", "probes", "most probes")
    results = Results("compare-bisect", "A step among 64 commits", columns, keeps=not wanted.is_try)
    left = count - found.right - found.wrong
    mean, most = statistics.mean(found.probes), max(found.probes)
    results.row(
        wanted.series, str(count), f"{error:.2%}", str(found.right), str(found.wrong), str(left), f"{low:.1%} to {high:.1%}",
        f"{mean:.1f}", str(most),
    )  # fmt: skip
    return found.right >= NEEDED * count


def summed_up(series: Series) -> bool:
    answered = [one.found for one in series.answered]
    right = sum(is_right(one) for one in answered)
    print(f"the planted commit, in at most {MOST} probes: {so_many(right, len(answered))}")
    return right == len(answered)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=TRIES, help="of a series that is registered now")
    parser.add_argument("--simulate", type=int, default=0, metavar="SEARCHES", help="search lines that are not real")
    parser.add_argument("--error", type=float, default=None, help="of a simulated probe; the series' own otherwise")
    wanted = parsed(parser)
    if wanted.more.simulate:
        sys.exit(not simulate(wanted))
    with made() as repository:
        planned = partial(plan, repository, wanted.more.tries, is_try=wanted.is_try)
        title = "A step among 64 commits"
        series = Bench("bisect", title, COLUMNS, planned, partial(run, repository), cells).conduct(wanted)
    sys.exit(not summed_up(series))


if __name__ == "__main__":
    main()
