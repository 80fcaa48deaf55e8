"""Whether the bottleneck is named right: targets whose limit is known, loaded beyond it.

    python -m bench.capacity.bottlenecks [--series 1] [--most RUNS] [--try RUNS [--kinds lock pool]] [--table]

Six targets with one limit, and six with two that bind at nearly the same rate (cases.py), each twice, in a registered random
order. A run is `perfkit run` with a little load first, in which calls are alone, and then 1.3 times what the target can do. It is
right when exactly the true limits are named. Every run is a row of docs/results/capacity-bottlenecks.md.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import command
from bench.capacity.cases import CASES, MIXED, PLAIN, Case, scenario
from bench.compare.conduct import Bench, parsed, so_many
from bench.compare.registered import Item
from perfkit.evidence import Missing
from perfkit.measures.lazy import Measures
from perfkit.run.read import read

ROUNDS: Final = 2
SEED: Final = 20261123
QUIET_SHARE, OVERLOAD = 0.2, 1.3
QUIET_SECONDS, SECONDS = 6.0, 20.0
COLUMNS: Final = ("true limits", "named", "their utilisation", "right", "validity", "others in use, and why not named")


def plan() -> tuple[Sequence[Item], dict[str, Any]]:
    dice = random.Random(SEED)
    order = [case.name for case in CASES.values() for _ in range(ROUNDS)]
    dice.shuffle(order)
    items = [Item(number, SEED + number, name, "") for number, name in enumerate(order, 1)]
    return items, {"overload": OVERLOAD, "seconds": SECONDS, "quiet_share": QUIET_SHARE, "quiet_seconds": QUIET_SECONDS}


def run(item: Item, facts: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
    """One target beyond its limit; `seconds` cut a try short."""
    case = CASES[item.kind]
    with TemporaryDirectory(prefix="bench-bottlenecks-") as folder, scenario(case, load_of(case, facts, seconds)) as content:
        ran = command.run(Path(folder), content | {"seed": item.seed}, "--no-calibrate")
        measures = Measures(read(ran.directory))
        found = measures.limits.bottlenecks
        return {
            "outcome": "named",
            "named": list(found.resources),
            "shares": [None if isinstance(one.share, Missing) else round(one.share, 3) for one in found.named],
            "besides": list(found.besides),
            "is_right": set(found.resources) == set(case.limits) and found.is_full,
            "validity": ran.findings["validity"]["state"],
            "used": [
                [one.resource, one.where, one.share if isinstance(one.share, float) else None, one.basis]
                for one in measures.limits.utilisation
            ],
        }


def load_of(case: Case, facts: Mapping[str, Any], seconds: float | None = None) -> list[Mapping[str, Any]]:
    """A little first, and then more than it can do."""
    return [
        {"rate": f"{case.rate * facts['quiet_share']:g}/s", "for": f"{facts['quiet_seconds']}s", "warmup": True},
        {"rate": f"{case.rate * facts['overload']:g}/s", "for": f"{seconds or facts['seconds']}s"},
    ]


def cells(found: Mapping[str, Any]) -> Sequence[str]:
    shares = ", ".join("not known" if share is None else f"{share:.0%}" for share in found["shares"])
    right = "yes" if found["is_right"] else "**no**"
    return (
        ", ".join(found["limits"]),
        ", ".join(found["named"]) or "none",
        shares,
        right,
        found["validity"],
        "; ".join(found["besides"]),
    )


def tell(series: Sequence[tuple[str, bool]]) -> None:
    for title, cases in (("one limit", PLAIN), ("two limits", MIXED)):
        names = {case.name for case in cases}
        judged = [is_right for name, is_right in series if name in names]
        if judged:
            print(f"{title}: named right in {so_many(sum(judged), len(judged))}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=None, help="of a try, to cut it short")
    wanted = parsed(options)
    if wanted.more.seconds and not wanted.is_try:
        options.error("--seconds is for a try: a registered series has its own")

    def once(item: Item, facts: Mapping[str, Any], cut: float | None) -> dict[str, Any]:
        return {"limits": list(CASES[item.kind].limits), **run(item, facts, cut)}

    title = "Bottlenecks: targets whose limit is known, loaded beyond it"
    bench = Bench("bottlenecks", title, COLUMNS, plan, partial(once, cut=wanted.more.seconds), cells, "capacity")
    series = bench.conduct(wanted)
    tell([(one.item.kind, bool(one.found["is_right"])) for one in series.answered])


if __name__ == "__main__":
    main()
