"""Where requests spend their wall time: pyinstrument inside the probe, on a share of the requests of the profile phase."""

import math
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from perfkit.collectors import probe_processes, stack_files
from perfkit.collectors.absent import NOT_LAUNCHED, absent
from perfkit.collectors.base import Observation
from perfkit.collectors.probe_processes import PROFILER, Process
from perfkit.evidence import Missing, Phase, RunDirectory, Table
from perfkit.probe import records
from perfkit.schemas import PROFILE
from perfkit.target import control

NAME: Final = "call_trees"
PHASES: Final[frozenset[Phase]] = frozenset({"profile"})
NONE: Final = -1.0  # a share that the probe reads as "no request"; 0 would be its default

Key: TypeAlias = tuple[int, str, tuple[str, ...]]  # pid, endpoint, stack


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    options = observation.profiling.call_trees
    if options is False:
        control.set_share(observation.target, NONE)
        return absent(observation.directory, NAME, "switched off by profiling.call_trees: false")
    if not observation.target.launched:
        return absent(observation.directory, NAME, NOT_LAUNCHED)
    return _sampling(observation, options.sample)


@contextmanager
def _sampling(observation: Observation, share: float) -> Generator[None]:
    control.set_share(observation.target, share)
    try:
        yield
    finally:
        profile = read(observation.directory)
        observation.directory.note(NAME, profile.why if isinstance(profile, Missing) else "ok")
        if not isinstance(profile, Missing):
            stack_files.write_speedscope(profile, observation.directory.call_trees)


@dataclass(frozen=True, slots=True)
class Followed:
    """One request that pyinstrument looked at."""

    pid: int
    endpoint: str
    started_at: float  # CLOCK_MONOTONIC
    stacks: Mapping[tuple[str, ...], float]  # root first → seconds


def read(directory: RunDirectory) -> Table:
    """One row per process, endpoint and stack; `samples` counts the requests in which the stack was seen, `time` is theirs."""
    processes = probe_processes.read(directory.probe)
    found = table(followed(processes))
    return Missing(_why(directory, processes)) if found.is_empty() else found


def followed(processes: Iterable[Process]) -> Iterator[Followed]:
    """Every request with a tree, as they ended."""
    for process in processes:
        for event in process.events.of(records.EVENT_CALL_TREE):
            stacks: dict[tuple[str, ...], float] = defaultdict(float)
            for stack, seconds in _stacks(event):
                stacks[stack] += seconds
            started = event.get("started")
            at = started * 1e-9 if isinstance(started, int) else math.nan
            yield Followed(process.pid, process.endpoint(event), at, stacks)


def table(requests: Iterable[Followed]) -> pl.DataFrame:
    """As schemas.PROFILE."""
    times: dict[Key, float] = defaultdict(float)
    seen: dict[Key, int] = defaultdict(int)
    for request in requests:
        for stack, seconds in request.stacks.items():
            times[request.pid, request.endpoint, stack] += seconds
            seen[request.pid, request.endpoint, stack] += 1
    rows = [(pid, endpoint, list(stack), seen[pid, endpoint, stack], time) for (pid, endpoint, stack), time in times.items()]
    return pl.DataFrame(rows, schema=PROFILE, orient="row")


def _stacks(event: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """[[["function (file:line)", ...], seconds], ...], as far as it has that form; without the probe's own frames."""
    stacks = event.get("stacks")
    for entry in stacks if isinstance(stacks, list) else ():
        match entry:
            case [[*frames], int() | float() as seconds]:
                _, below = stack_files.split([str(frame) for frame in frames])
                yield below, float(seconds)
            case _:
                continue


def _why(directory: RunDirectory, processes: tuple[Process, ...]) -> str:
    noted = directory.notes().get(NAME, "ok")
    if noted != "ok":
        return noted
    for hook in probe_processes.hooks(processes):
        if hook["name"] == PROFILER and hook["state"] != "installed":
            return f"pyinstrument is {hook['state']} in the target: {hook['why']}"
    return "pyinstrument followed no request: the profile phase was too short for profiling.call_trees.sample"
