"""How often the verdict rules are right, by simulation: false alarms, slowdowns found, "equivalent", and blocks still needed.

    python -m bench.verdict_rates [--runs 10000] [--processes 2] [--look]

A run has six tests (three endpoints, two metrics) of forty blocks and four restarts; each block's log ratio is the true change, a
bias of its pair of processes, and noise. The measured machine is that of the research for comparisons, 8: noise of 1 to 2 % and a
bias of 0.2 to 0.9 %, drawn anew for every run; the others are worse on purpose. The first row takes `--runs` runs, the others a
fifth of them. Every row goes to docs/results/verdict-rates.md; more than 1 % of false alarms in the first ends with exit code 1.
"""

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Pool

import numpy as np

from bench.results import Results
from perfkit.stats.needed import DRAWS, More, decisions, spread_of, summary
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.proportions import wilson
from perfkit.stats.quantiles import Numbers
from perfkit.stats.spending import looks
from perfkit.stats.verdict import Look, TimeVerdict, judge

TESTS, BLOCKS, RESTARTS = 6, 40, 4
CHANGED = (Outcome.REGRESSED, Outcome.IMPROVED)
CHUNK = 50
# Blocks at which a run that is continued is given up.
FARTHEST = 400
COLUMNS = ("machine", "true change", "blocks", "runs", *(str(one) for one in Outcome), "runs with a false alarm", "95 % interval")
# Shares of the inconclusive: what they asked for was within a factor of two of what it took, counted from there and from the
# beginning; it took what the range allows; and what could be said if the true change and the noise were known.
NEEDED_COLUMNS = ("machine", "true change", "inconclusive", "more, right", "in all, right", "in the range", "more, truth known")


@dataclass(frozen=True, slots=True)
class Machine:
    """Standard deviations between two bounds, drawn per run; `lasting` is a bias that no restart draws anew."""

    name: str
    noise: tuple[float, float] = (0.01, 0.02)
    bias: tuple[float, float] = (0.002, 0.009)
    lasting: float = 0.0
    likeness: float = 0.0  # of neighbouring blocks

    def run(self, random: np.random.Generator, changes: tuple[float, ...], blocks: int) -> list[Numbers]:
        noise, bias = random.uniform(*self.noise), random.uniform(*self.bias)
        process = np.arange(blocks) * RESTARTS // blocks
        return [
            math.log1p(change) + self.lasting + random.normal(0, bias, RESTARTS)[process] + noise * self._noise(random, blocks)
            for change in changes
        ]

    def drawn(self, random: np.random.Generator) -> "Machine":
        """One of these machines, with a noise that is known."""
        noise = float(random.uniform(*self.noise))
        return replace(self, noise=(noise, noise))

    def _noise(self, random: np.random.Generator, blocks: int) -> Numbers:
        noise = random.normal(0, 1, blocks)
        for place in range(1, blocks if self.likeness else 0):
            noise[place] = self.likeness * noise[place - 1] + math.sqrt(1 - self.likeness**2) * noise[place]
        return noise


@dataclass(frozen=True, slots=True)
class Question:
    """`change` is that of the first test; of a version against itself it is 0 for all."""

    machine: Machine
    change: float = 0.0
    blocks: int = BLOCKS
    early: bool = False

    @property
    def title(self) -> str:
        return self.machine.name + (", looked at early" if self.early else "")


MEASURED = Machine("as measured")
NOISY = Machine("noisy", noise=(0.06, 0.12))
QUESTIONS = (
    Question(MEASURED),
    Question(MEASURED, early=True),
    Question(Machine("a lasting bias of 0.9 %", lasting=0.009)),
    Question(NOISY),
    Question(NOISY, early=True),
    Question(Machine("noisy, neighbours alike (0.3)", noise=(0.06, 0.12), likeness=0.3)),
    Question(MEASURED, change=0.03),
    Question(MEASURED, change=0.05),
    Question(Machine("noise 1.5 %, bias 0.5 %", (0.015, 0.015), (0.005, 0.005)), change=0.03),
    Question(Machine("noise 2 %, bias 0.9 %", (0.02, 0.02), (0.009, 0.009)), change=0.03),
    Question(MEASURED, change=0.05, early=True),
    Question(MEASURED, change=-0.05),
    Question(Machine("noise 1.5 %, bias 0.5 %", (0.015, 0.015), (0.005, 0.005)), blocks=60),
    Question(NOISY, change=0.05),
    Question(NOISY, change=0.10),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=10_000, help="of the first row")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--look", action="store_true", help="show, and write nothing down")
    wanted = options.parse_args()
    results = Results("verdict-rates", "How often the verdict rules are right, by simulation", COLUMNS, keeps=not wanted.look)
    fewer = max(CHUNK, wanted.runs // 5)
    with Pool(wanted.processes) as pool:

        def counted(count: Callable[[tuple[Question, int]], Counter[str]], question: Question, runs: int) -> Counter[str]:
            return sum(pool.imap_unordered(count, [(question, seed) for seed in range(math.ceil(runs / CHUNK))]), Counter())

        first = 0.0
        for place, question in enumerate(QUESTIONS):
            found = counted(outcomes, question, wanted.runs if place == 0 else fewer)
            results.row(*cells(question, found))
            first = found["alarm"] / found["runs"] if place == 0 else first
        asked = Results("verdict-rates", "", NEEDED_COLUMNS, keeps=not wanted.look)
        for change in (0.0, 0.04, 0.08):
            question = Question(NOISY, change=change, blocks=20)
            asked.row(*blocks_cells(question, counted(asked_for, question, fewer)))
    sys.exit(first > 0.01)


def outcomes(asked: tuple[Question, int]) -> Counter[str]:
    """Of a chunk of runs: how the first test came out, and runs in which a test without a change was called changed."""
    question, seed = asked
    random = np.random.default_rng((seed, QUESTIONS.index(question)))
    found: Counter[str] = Counter()
    changes = (question.change, *[0.0] * (TESTS - 1))
    for _ in range(CHUNK):
        verdicts = judged(question.machine.run(random, changes, question.blocks), early=question.early)
        false = [verdict for verdict, change in zip(verdicts, changes, strict=True) if not change and verdict in CHANGED]
        found.update({"runs": 1, "alarm": bool(false), str(verdicts[0]): 1})
    return found


def judged(series: list[Numbers], *, early: bool) -> list[Outcome]:
    """With early looks, what was called changed once stays so."""
    blocks = len(series[0])
    seen = looks(blocks) if early else (blocks,)
    decided: list[Outcome | None] = [None] * len(series)
    for number, count in enumerate(seen, 1):
        look = Look(tuple(some / blocks for some in seen[:number]), final=count == blocks)
        verdicts = judge([one[:count] for one in series], look=look, already=[one is not None for one in decided]).times
        decided = [
            before or (verdict.outcome if look.final or verdict.outcome in CHANGED else None)
            for before, verdict in zip(decided, verdicts, strict=True)
        ]
    return [one for one in decided if one is not None]


def asked_for(asked: tuple[Question, int]) -> Counter[str]:
    """Of inconclusive tests that are continued until they are decided: how often what they asked for was right."""
    question, seed = asked
    random = np.random.default_rng((seed, 77, round(1e4 * (1 + question.change))))
    found: Counter[str] = Counter()
    for _ in range(CHUNK):
        machine = question.machine.drawn(random)
        (series,) = machine.run(random, (question.change,), FARTHEST)
        verdict = judge([series[: question.blocks]]).times[0]
        if verdict.outcome is not Outcome.INCONCLUSIVE or verdict.more is None:
            continue
        actual = continued(series, question.blocks)
        known = knowing(verdict, math.log1p(question.change), machine.noise[0], random)
        found["asked"] += 1
        found["more"] += is_right(verdict.more.likely, actual)
        found["all"] += is_right(verdict.more.likely + verdict.blocks, actual + verdict.blocks)
        found["range"] += verdict.more.low <= actual <= verdict.more.high
        found["known"] += known is not None and is_right(known.likely, actual)
    return found


def continued(series: Numbers, blocks: int) -> float:
    """How many blocks more it takes until it is judged to be decided, in steps of a sixth; infinite when it never is."""
    more = 1
    while blocks + more <= len(series):
        if judge([series[: blocks + more]]).times[0].outcome is not Outcome.INCONCLUSIVE:
            return more
        more = max(more + 1, round(more * 7 / 6))
    return math.inf


def knowing(verdict: TimeVerdict, change: float, noise: float, random: np.random.Generator) -> More | None:
    """What could be said if true change and noise were known: the best that any estimate can do."""
    truth = np.full(DRAWS, change), np.full(DRAWS, noise)
    return summary(decisions(verdict.change, spread_of(verdict.change, verdict.blocks), verdict.blocks, Rules(), *truth, random))


def is_right(said: float, actual: float) -> bool:
    return 0.5 <= said / actual <= 2


def cells(question: Question, found: Counter[str]) -> tuple[str, ...]:
    runs = found["runs"]
    low, high = wilson(found["alarm"], runs)
    return (
        question.title,
        f"{question.change:+.0%}" if question.change else "none",
        str(question.blocks),
        f"{runs:,}",
        *(f"{found[str(one)] / runs:.1%}" for one in Outcome),
        f"{found['alarm']} ({found['alarm'] / runs:.2%})",
        f"{low:.2%} to {high:.2%}",
    )


def blocks_cells(question: Question, found: Counter[str]) -> tuple[str, ...]:
    asked = max(found["asked"], 1)
    change = f"{question.change:+.0%}" if question.change else "none"
    return (
        question.title,
        change,
        f"{found['asked']:,}",
        *(f"{found[one] / asked:.0%}" for one in ("more", "all", "range", "known")),
    )


if __name__ == "__main__":
    main()
