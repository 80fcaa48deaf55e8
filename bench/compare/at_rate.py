"""At a rate: what a comparison simulates for p95 at the scenario's rate, against a long run of both versions at that rate.

    python -m bench.compare.at_rate [--series 1] [--try 1 --windows 4] [--table]

Two kinds: more work in every request, and a sleep in some of them. The comparison is one of a minute; the truth are windows of
open load, base and head in turn, in an order drawn for each pair, 20 minutes in all, each with processes of its own, on the core
that the comparison had its versions on; half of them before it and half after, so that both see the same machine. The simulated
change of p95 has to lie within a third of the long run's. What is planted is therefore large: pairs of windows vary by a quarter,
and with 20 % more work the long run itself does not know the change to a third (series 1: 3 to 27 %). The sleep of the planted
changes, 10 ms in one of 20, is such a small one (9 to 19 % by the state of the machine): a third kind, shown beside the two.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from bench import command
from bench.compare import calibration, plain
from bench.compare.changes import SLEEPS, Kind, sleeps, works
from bench.compare.compared import FAILED, Asked, compared, told
from bench.compare.conduct import Bench, parsed
from bench.compare.registered import Item
from bench.compare.repository import BASE, SCENARIO, Repository, made
from perfkit.stats import signed_rank
from perfkit.stats.quantiles import of_unordered
from perfkit.target import pinning

CPU = Kind("cpu-50", "50 % of server time more work", 1, ("server_time",), works(0.50, "server_time"), ("order",))
SLEEPS_LONG = Kind("sleep-20", "20 ms of sleep in one of 10", 1, ("server_time_p95",), sleeps(0.020, 10), ("order",))
OWN = {kind.name: kind for kind in (CPU, SLEEPS_LONG, SLEEPS)}
TO_HOLD = (CPU.name, SLEEPS_LONG.name)
PLACE = "order"
WINDOWS, WINDOW = 60, 20.0
BUDGET = "60s"
# As busy as the research's pairs of windows were: queues are felt, and neither version is near its end.
UTILISATION = 0.5
ALLOWED = 1 / 3
P95 = 0.95
Times: TypeAlias = Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]  # by version
COLUMNS = ("rate", "simulated", "its interval", "long run", "its interval", "windows", "deviation", "within a third", "minutes")


def plan(repository: Repository, windows: int, *, is_try: bool) -> tuple[Sequence[Item], dict[str, Any]]:
    facts = calibration.calibrated(repository, is_try=is_try)
    rate = round(UTILISATION / facts["busy"])
    items = [Item(number, 5000 + number, name, PLACE) for number, name in enumerate(OWN, 1)]
    return items, {**facts, "rate": rate, "windows": windows, "budget": calibration.SHORT if is_try else BUDGET}


def run(repository: Repository, item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    files = OWN[item.kind].files(repository.files, item.place, calibration.sizes_of(facts), item.seed)
    head = repository.branch(f"run-{item.number}", files)
    text = repository.files[SCENARIO].replace("rate: 60/s", f"rate: {facts['rate']}/s")
    scenario = repository.top / "at-rate.yaml"
    scenario.write_text(text)
    # With bursts, which show whether one process serves several at once.
    options = (*calibration.NO_GATE, "--budget", facts["budget"], "--set", f"seed={item.seed}")
    run_at_rate = long_run(text, repository.files, files, facts["windows"] // 2, item)
    before = list(islice(run_at_rate, facts["windows"] // 4))
    with compared(Asked(repository.top, scenario, BASE, head, options)) as one:
        found = told(one)
        if not one.has_answer:
            return found
        simulated = one.said["at_rate"]
    found |= {"at_rate": simulated.get("why") or "saturated", "rate": facts["rate"]}
    own = [endpoint for endpoint in simulated.get("endpoints", ()) if endpoint["endpoint"] == item.place]
    if own:
        names = ("change", "interval", "base", "head")
        found["simulated"] = {name: own[0]["p95"][name] for name in names} | {
            name: simulated[name] for name in ("utilisation", "computing", "windows")
        }
        found["long"] = summed_up([*before, *run_at_rate])
    found["minutes"] = round((time.monotonic() - began) / 60, 1)
    return found


def long_run(text: str, base: Mapping[str, str], changed: Mapping[str, str], pairs: int, item: Item) -> Iterator[Times]:
    """Response times of the endpoint, pair by pair of windows."""
    cores = pinning.divided(pinning.available(), pinning.siblings(pinning.available()), 1)
    dice = random.Random(item.seed)
    with TemporaryDirectory(prefix="bench-rate-") as folder:
        text = text.replace("for: 20s", f"for: {WINDOW:g}s")
        sides = {"base": base, "head": {**base, **changed}}
        versions = {name: plain.laid_out(Path(folder) / name, text, files) for name, files in sides.items()}
        for pair in range(pairs):
            order = dice.sample(sorted(versions), 2)
            with pinning.client_on(cores.client):
                found = {name: window(versions[name], item, pair, cores.versions) for name in order}
            yield found


def summed_up(pairs: Sequence[Times]) -> dict[str, Any]:
    """p95 of all response times of either version, and the interval of the pairs' ratios."""
    times = {name: [pair[name] for pair in pairs] for name in ("base", "head")}
    ratios = np.log([_p95(head) / _p95(base) for base, head in zip(times["base"], times["head"], strict=True)])
    interval = signed_rank.estimate(ratios)
    whole = {name: _p95(np.concatenate(some)) for name, some in times.items()}
    return {
        "base": round(whole["base"], 6), "head": round(whole["head"], 6), "change": whole["head"] / whole["base"] - 1,
        "interval": [float(np.expm1(end)) if np.isfinite(end) else None for end in (interval.low, interval.high)],
        "pairs": [round(float(ratio), 4) for ratio in ratios],
    }  # fmt: skip


def window(version: plain.Version, item: Item, pair: int, cores: frozenset[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Response times of the endpoint; the same seed for both windows of a pair, so the same requests at the same instants."""
    said = version.described(item.seed * 100 + pair)
    launch = said["target"]["launch"]
    launch["command"] = ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *launch["command"]]
    with TemporaryDirectory(prefix="bench-window-") as folder:
        samples = command.run(Path(folder), said, *plain.OPTIONS).samples
    own = samples.filter(
        (pl.col("phase").cast(pl.String) == "measure")
        & (pl.col("endpoint").cast(pl.String) == item.place)
        & (pl.col("error").cast(pl.String).fill_null("") == "")
    )
    return (own["finished_at"] - own["intended_at"]).to_numpy()


def _p95(times: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return float(of_unordered(times, (P95,))[0])


def deviation(found: Mapping[str, Any]) -> float:
    """Of the simulated change from the long run's, as a share of it."""
    return float(found["simulated"]["change"] / found["long"]["change"] - 1)


def cells(found: dict[str, Any]) -> Sequence[str]:
    if found["outcome"] == FAILED or "long" not in found:
        return (FAILED, found.get("complaint") or found["at_rate"], *[""] * 7)
    off, minutes = deviation(found), found["minutes"]
    return (
        f"{found['rate']}/s", f"{found['simulated']['change']:+.1%}", _ends(found["simulated"]["interval"]),
        f"{found['long']['change']:+.1%}", _ends(found["long"]["interval"]), str(2 * len(found["long"]["pairs"])),
        f"{off:+.0%}", "yes" if abs(off) <= ALLOWED else "**no**", f"{minutes:.0f}",
    )  # fmt: skip


def _ends(interval: Sequence[float | None]) -> str:
    return " to ".join("?" if end is None else f"{end:+.1%}" for end in interval)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=4, help="of a try")
    wanted = parsed(parser)
    windows = wanted.more.windows if wanted.is_try else WINDOWS
    with made() as repository:
        making = partial(plan, repository, windows, is_try=wanted.is_try)
        title = "The simulated change at a rate, against a long run"
        series = Bench("at-rate", title, COLUMNS, making, partial(run, repository), cells).conduct(wanted)
    missed = {one.item.kind for one in series.answered if "long" not in one.found or abs(deviation(one.found)) > ALLOWED}
    for one in series.answered:
        print(f"{one.item.kind}: {'not ' if one.item.kind in missed else ''}within a third")
    sys.exit(bool(missed.intersection(TO_HOLD)))


if __name__ == "__main__":
    main()
