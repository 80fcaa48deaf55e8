"""Both versions watched by the profilers in stretches, base, head, head, base: bounded, and with the collectors of a run."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.collectors import call_trees, stacks
from perfkit.collectors.base import Observation
from perfkit.compare.side import Pair, Side
from perfkit.compare.sides import WORK
from perfkit.compare.why.stretches import Load, Stretch
from perfkit.evidence import RunDirectory
from perfkit.probe import records
from perfkit.scenario.profiling import CallTrees, Profiling, Stacks
from perfkit.target import control

# Everything together: a comparison that found something is to be explained while somebody still waits for it.
LONGEST: Final = 60.0
# Of profiled load, both versions together; what is left of LONGEST is for starting the profilers.
DURATION: Final = 45.0
# Pairs of stretches: the unit of replication. With fewer the tails of the t distribution are so long that a correction for a
# hundred functions lets nothing pass (p = 0.001 takes 5.4 standard errors with 8, 4.4 with 12); with more, starting the
# profilers takes longer than what they see.
PAIRS: Final = 12
# Where nothing was alternated before: stretches without a profiler, which say what requests take undisturbed.
PLAIN_PAIRS: Final = 5
PLAIN_SHARE: Final = 0.25
# In a shorter one only a few requests are answered, whatever `profiling.for` says.
SHORTEST: Final = 0.4
# The probe imports pyinstrument and asks for query plans when it begins to profile: none of that belongs to a stretch.
WARM_UP: Final = 1.0
# A whole run is profiled for longer; here a few seconds have to do, and no figure of theirs is judged.
STACKS_RATE: Final = 200.0
TREES_SHARE: Final = 1 / 10
FOLDER: Final = "why"  # in the comparison's work folder, which is cleared whatever happens


@dataclass(frozen=True, slots=True)
class Profiled:
    """One stretch under the profilers; py-spy's files of it lie in `directory`."""

    stretch: Stretch
    directory: RunDirectory


@dataclass(frozen=True, slots=True)
class Watched:
    """What was done, in the order of time; times are of CLOCK_MONOTONIC."""

    plain: tuple[Stretch, ...]
    profiled: tuple[Profiled, ...]
    profiling_from: float
    lasted: float
    cut_short: bool  # the time was up before all pairs had been asked


def watch(pair: Pair, size: int, *, plain: bool, on_progress: Callable[[float], None]) -> Watched:
    """Loads and profiles both for LONGEST seconds at most; with `plain`, first without profilers."""
    began = time.monotonic()
    load = Load(pair, size)
    duration = min(pair.base.scenario.profiling.duration or DURATION, DURATION)
    undisturbed = _plain(load, duration * PLAIN_SHARE) if plain else ()
    folder = pair.base.directory.path.parent / WORK / FOLDER
    with _profiling(pair):
        profiling_from = time.monotonic()
        for side in (pair.base, pair.head):
            load.stretch(side.name, -1, WARM_UP)
        left = duration * (1 - PLAIN_SHARE * plain)
        profiled = tuple(_profiled(pair, load, max(SHORTEST, left / (2 * PAIRS)), folder, began + LONGEST, on_progress))
    return Watched(
        undisturbed, profiled, profiling_from, time.monotonic() - began, cut_short=len(profiled) < 2 * PAIRS
    )  # fmt: skip


def order(pair: Pair, number: int) -> Sequence[Side]:
    """ABBA: a machine that becomes faster or slower all the time favours nobody."""
    return (pair.head, pair.base) if number % 2 else (pair.base, pair.head)


def _plain(load: Load, duration: float) -> tuple[Stretch, ...]:
    each = max(SHORTEST, duration / (2 * PLAIN_PAIRS))
    names = [("head", "base") if number % 2 else ("base", "head") for number in range(PLAIN_PAIRS)]
    return tuple(load.stretch("base" if name == "base" else "head", number, each)
                 for number, both in enumerate(names) for name in both)  # fmt: skip


def _profiled(
    pair: Pair, load: Load, each: float, folder: Path, deadline: float, on_progress: Callable[[float], None]
) -> Iterator[Profiled]:
    longest = 0.0
    for number in range(PAIRS):
        began = time.monotonic()
        if began + longest > deadline:
            return
        for side in order(pair, number):
            directory = RunDirectory(folder / f"{side.name}-{number}")
            directory.path.mkdir(parents=True, exist_ok=True)
            with stacks.observe(_observation(side, directory, pair.epoch)):
                stretch = load.stretch(side.name, PLAIN_PAIRS + number, each)
            yield Profiled(stretch, directory)
        longest = max(longest, time.monotonic() - began)
        on_progress((number + 1) / PAIRS)


@contextmanager
def _profiling(pair: Pair) -> Generator[None]:
    """The probe in its profiling mode in both, with call trees of some requests; as it was before, afterwards."""
    with ExitStack() as stack:
        for side in (pair.base, pair.head):
            control.set_plans(side.target, wanted=side.scenario.profiling.queries.plans)
            control.set_mode(side.target, records.PROFILE)
            stack.callback(control.set_mode, side.target, records.MEASURE)
            stack.enter_context(call_trees.observe(_observation(side, side.directory, pair.epoch)))
        yield


def _observation(side: Side, directory: RunDirectory, epoch: float) -> Observation:
    return Observation(side.target, directory, "profile", _closer(side.scenario.profiling), epoch, generator=None)


def _closer(profiling: Profiling) -> Profiling:
    """The scenario's profilers, looking more often; what it has switched off stays off."""
    looks, trees = profiling.stacks, profiling.call_trees
    if isinstance(looks, Stacks):
        looks = looks.model_copy(update={"rate": max(looks.rate, STACKS_RATE), "required": False})
    if isinstance(trees, CallTrees):
        trees = trees.model_copy(update={"sample": max(trees.sample, TREES_SHARE)})
    return profiling.model_copy(update={"stacks": looks, "call_trees": trees})
