"""How far searches are off whose truth is known exactly, by simulation: four steps of half a minute around the truth.

    python -m bench.capacity.simulated [--searches 40] [--processes 2] [--look]

The target has two workers and requests of 24 ms, and `p95 < 200ms` has to hold. In the first case all requests take the same, so
that a step misses by the luck of its arrivals alone; in the others they are unlike each other, and the target feels as much more
load than the prediction thinks. Each search is fitted twice: held against the rates of its steps, and against their very arrivals
(decision 0032). Every row goes to docs/results/capacity-simulated.md.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import Pool
from typing import Final

import numpy as np

from bench.results import Results
from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Demands
from perfkit.capacity.limits import Limit
from perfkit.capacity.predict import Prediction, predict
from perfkit.capacity.step import BLOCK, Arrived, Usage
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate
from perfkit.stats.load_factor import Watched, limit
from perfkit.stats.stations import Station, response_times

LIMIT: Final = Limit("all", "p95 < 200ms", 0.2, 0.05)
SETTLING, LASTING, BLOCKS = 2.0, 30.0, 15
MEAN: Final = 0.024
WORKERS: Final = 2
AROUND: Final = (0.9, 1.0, 0.95, 1.05)
# Requests that the prediction was made from, and of the target that it is made of.
OBSERVED, POPULATION = 2000, 20_000
WAYS: Final = ("the rates of its steps", "their very arrivals")
COLUMNS: Final = ("requests", "feels more load by", "held against", "searches", "mean", "standard deviation", "worst", "covered")


@dataclass(frozen=True, slots=True)
class Case:
    """`slower` is by what factor requests take longer than they did when the prediction was made."""

    name: str
    taken: Callable[[int, int], Demands]
    slower: float = 1.0

    def prediction(self) -> Prediction:
        return known(self.taken(OBSERVED, 3))

    def target(self) -> Demands:
        found = self.taken(POPULATION, 5)
        return replace(found, cpu=self.slower * found.cpu)


@dataclass(frozen=True, slots=True)
class Searched:
    """A search's limit, by the rates of its steps alone and with their arrivals."""

    by_rates: Estimate
    by_arrivals: Estimate


def unlike(count: int, seed: int) -> Demands:
    """Log-normal with a standard deviation of half the mean, as services of small handlers are; nothing but CPU."""
    cpu = np.random.default_rng(seed).lognormal(np.log(MEAN) - 0.125, 0.5, count)
    return _demands(cpu)


def alike(count: int, _: int) -> Demands:
    """Requests that all take the same: what a step misses is its arrivals' doing alone."""
    return _demands(np.full(count, MEAN))


CASES: Final = (Case("all alike", alike), *(Case("log-normal", unlike, slower) for slower in (1.0, 1.1, 1.25)))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--searches", type=int, default=40, help="of each case")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--look", action="store_true", help="show, and write nothing down")
    wanted = options.parse_args()
    results = Results(
        "capacity-simulated", "How far searches are off whose truth is known, by simulation", COLUMNS, keeps=not wanted.look
    )
    with Pool(wanted.processes) as pool:
        for case in CASES:
            true = truth(case)
            found = pool.map(partial(one, case, true), range(wanted.searches))
            for way, estimates in zip(
                WAYS, zip(*((each.by_rates, each.by_arrivals) for each in found), strict=True), strict=True
            ):
                results.row(case.name, f"{case.slower - 1:.0%}", way, *cells(estimates, true))


def cells(estimates: tuple[Estimate, ...], true: float) -> tuple[str, ...]:
    """How far off they are, and how often the interval holds the truth."""
    off = np.array([each.value for each in estimates]) / true - 1
    covered = sum(each.low <= true <= each.high for each in estimates)
    worst = off[abs(off).argmax()]
    return (f"{len(off)}", f"{off.mean():+.1%}", f"{off.std(ddof=1):.1%}", f"{worst:+.1%}", f"{covered / len(off):.0%}")


def one(case: Case, true: float, seed: int) -> Searched:
    return searched(case.prediction(), case.target(), true, seed)


def searched(prediction: Prediction, target: Demands, true: float, seed: int) -> Searched:
    """Four steps around the truth, and the limit that they give."""
    steps = [played(true * share, target, 100 * seed + place) for place, share in enumerate(AROUND)]
    plain = [watched for watched, _ in steps]
    own = [replace(watched, expected=prediction.network.expected(arrived, BLOCKS, 0)) for watched, arrived in steps]
    return Searched(limit(prediction.model, plain), limit(prediction.model, own))


def known(taken: Demands) -> Prediction:
    """Of two workers, from a low-load run without any waiting."""
    usage = Usage(None, None, None, 8)
    observed = Observed(taken, usage, 20.0, WORKERS, Missing("it was not calibrated"))
    return predict(observed, (LIMIT,), (None,), (SETTLING, LASTING), 0)


def played(rate: float, target: Demands, seed: int) -> tuple[Watched, Arrived]:
    """A step of the target."""
    random = np.random.default_rng(seed)
    at = np.cumsum(random.exponential(1 / rate, int(2 * rate * (SETTLING + LASTING))))
    at = at[at < SETTLING + LASTING]
    took = response_times(at, target.cpu[random.integers(0, len(target), len(at)), None], (Station(WORKERS),))
    block = np.where(at < SETTLING, -1, ((at - SETTLING) / BLOCK).astype(np.int64))
    judged = block >= 0
    requests = np.bincount(block[judged], minlength=BLOCKS)[:, None].astype(np.float64)
    late = np.bincount(block[judged & (took >= LIMIT.bound)], minlength=BLOCKS)[:, None].astype(np.float64)
    arrived = Arrived(at - at[0], ("GET /orders",), np.zeros(len(at), dtype=np.int64), block)
    return Watched(float(judged.sum()) / LASTING, requests, late), arrived


@lru_cache
def truth(case: Case) -> float:
    """By bisection over long runs."""
    times, low, high = case.target().cpu[:, None], 30.0, 120.0
    for _ in range(9):
        rate = (low + high) / 2
        random = np.random.default_rng(11)
        at = np.cumsum(random.exponential(1 / rate, 60_000))
        took = response_times(at, times[random.integers(0, len(times), len(at))], (Station(WORKERS),))[3000:]
        low, high = (low, rate) if (took >= LIMIT.bound).mean() > LIMIT.allowed else (rate, high)
    return low


def _demands(cpu: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Demands:
    return Demands(
        endpoints=("GET /orders",), endpoint=np.zeros(len(cpu), dtype=np.intp), cpu=cpu, rest=np.zeros(len(cpu)), shared=(),
        slots=Missing("a simulated target"), beside=0.0, processor=float(cpu.mean()), outside=np.zeros(1), is_asynchronous=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
