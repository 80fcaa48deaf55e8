"""How often a history shows a change point that is not there, how surely one that is, and how late, by simulation.

    python -m bench.change_points [--runs 2000]

Series of 100 commits, each measured with a standard error of 1 % that is itself known from some thirty blocks. The step comes at
commit 40. "After 3 more" judges the series as it was when the step had been measured four times. Every row goes to
docs/results/change-points.md; more than 1 % of false change points where errors are as measured ends with exit code 1.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from bench.results import Results
from perfkit.stats.change_points import Levels, levels, places_of
from perfkit.stats.proportions import wilson

COUNT, AT, NOISE, LEAST = 100, 40, 0.01, 0.001**2
NEAR = 3  # commits
COLUMNS = (
    *("true noise / measured", "step", "series", "with a false point", "95 % interval", "found", "within 3", "place held"),
    "after 3 more",
)


@dataclass(frozen=True, slots=True)
class Case:
    factor: float
    step: float


CASES = tuple(Case(factor, step) for factor in (1.0, 2.0) for step in (0.0, 0.02, 0.03, 0.05))


def series(random: np.random.Generator, case: Case, count: int) -> Levels:
    measured = NOISE * np.sqrt(random.chisquare(30, count) / 30)
    values = random.normal(0, case.factor * NOISE, count)
    values[AT:] += math.log1p(case.step)
    return levels(values, measured**2, LEAST, places_of(count))


def row(case: Case, runs: int) -> tuple[tuple[str, ...], float]:
    random = np.random.default_rng(1)
    told = [series(random, case, COUNT).steps for _ in range(runs)]
    near = [[step for step in steps if case.step and abs(step.place - AT) <= NEAR] for steps in told]
    false = sum(len(steps) > bool(case.step) for steps in told)
    shares = ("-",) * 4
    if case.step:
        early = sum(bool(series(random, case, AT + 1 + NEAR).steps) for _ in range(runs))
        held = sum(any(step.first <= AT <= step.last for step in steps) for steps in told)
        found = sum(map(bool, told))
        there, places, kept, late = (f"{part / runs:.1%}" for part in (found, sum(map(bool, near)), held, early))
        shares = (there, places, kept, late)
    low, high = wilson(false, runs)
    step = f"{case.step:+.0%}" if case.step else "none"
    return (f"{case.factor:g}", step, f"{runs:,}", f"{false / runs:.2%}", f"{low:.2%} to {high:.2%}", *shares), false / runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=2000)
    runs: int = parser.parse_args().runs
    results = Results("change-points", "Change points of a history, by simulation", COLUMNS)
    worst = 0.0
    for case in CASES:
        cells, false = row(case, runs)
        results.row(*cells)
        worst = max(worst, false if case.factor == 1 and not case.step else 0.0)
    return int(worst > 0.01)


if __name__ == "__main__":
    sys.exit(main())
