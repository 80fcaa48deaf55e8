"""Whether the targets with two limits have two: what each completes with twice as much of the one, of the other, and of both.

    python -m bench.capacity.relaxed [--rounds 1] [--seconds 8] [--kinds GIL and lock]

Nothing of perfkit's measures is asked: users without think time keep the target full, and its answers are counted. Two limits
bind together when more of either alone does not help much, and more of both does: each alone gains less than half of what both
gain. A row per target is added to docs/results/capacity-relaxed.md.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import command
from bench.capacity.cases import MIXED, Case, relaxed, scenario
from bench.results import Results
from perfkit.measures.lazy import Measures
from perfkit.run.read import read

WARMUP: Final = 3.0
USERS: Final = 60  # more than any of the targets has threads
COLUMNS: Final = ("target", "limits", "as it is", "twice the first", "twice the second", "twice both", "gains", "both bind")


def completed(case: Case, seconds: float) -> float:
    """Answers per second when there is always more to do."""
    users = USERS * max(1, case.threads // 24)
    load: list[Mapping[str, Any]] = [
        {"users": users, "for": f"{WARMUP}s", "warmup": True},
        {"users": users, "for": f"{seconds}s"},
    ]
    with TemporaryDirectory(prefix="bench-relaxed-") as folder, scenario(case, load, kind="closed") as content:
        ran = command.run(Path(folder), content, "--no-calibrate")
        rows = Measures(read(ran.directory)).endpoints
        return float(rows["requests"].sum()) / seconds


def variants(case: Case) -> tuple[Case, Case, Case, Case]:
    first, second = case.limits
    return case, relaxed(case, first), relaxed(case, second), relaxed(relaxed(case, first), second)


def row(case: Case, rates: Sequence[float]) -> tuple[str, ...]:
    gains = [rate / rates[0] - 1 for rate in rates[1:]]
    bind = max(gains[0], gains[1]) < gains[2] / 2
    shown = ", ".join(f"{gain:+.0%}" for gain in gains)
    return (case.name, ", ".join(case.limits), *(f"{rate:.1f}/s" for rate in rates), shown, "yes" if bind else "**no**")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--kinds", nargs="+", default=())
    options.add_argument("--try", dest="is_try", action="store_true", help="nothing is kept")
    given = options.parse_args()
    results = Results("capacity-relaxed", "Two limits: what more of either brings, and of both", COLUMNS, keeps=not given.is_try)
    for case in (case for case in MIXED if not given.kinds or case.name in given.kinds):
        rounds = [[completed(one, given.seconds) for one in variants(case)] for _ in range(given.rounds)]
        results.row(*row(case, [median(rates) for rates in zip(*rounds, strict=True)]))


if __name__ == "__main__":
    main()
