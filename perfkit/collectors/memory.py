"""Memory of every process of the target, at even intervals, in all phases: leaks show over the whole run."""

import time
from contextlib import AbstractContextManager
from typing import Any, Final

import psutil

from perfkit.collectors import rows, sampling
from perfkit.collectors.absent import NOT_LAUNCHED, absent
from perfkit.collectors.base import Observation
from perfkit.evidence import PHASES as ALL_PHASES
from perfkit.evidence import Phase, RunDirectory, Table
from perfkit.schemas import MEMORY
from perfkit.target import identify

NAME: Final = "memory"
PHASES: Final[frozenset[Phase]] = frozenset(ALL_PHASES)
FILE: Final = "memory.jsonl"
UNKNOWN: Final = -1  # where the kernel does not tell


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    """Samples in a thread of perfkit; the target notices nothing but the reading of its maps."""
    options = observation.profiling.memory
    if options is False:
        return absent(observation.directory, NAME, "switched off by profiling.memory: false")
    if not observation.target.launched:
        return absent(observation.directory, NAME, NOT_LAUNCHED)
    serving: dict[frozenset[int], frozenset[int]] = {}

    def take() -> None:
        at = time.monotonic() - observation.epoch
        pids = frozenset(identify.descendants(observation.target))
        # The probe's files are read again only when a process came or went.
        if pids not in serving:
            serving.clear()
            serving[pids] = frozenset(worker.pid for worker in identify.serving(observation.target))
        taken = [row(pid, at, serving=pid in serving[pids]) for pid in sorted(pids)]
        rows.append(observation.directory.path / FILE, [one for one in taken if one is not None])

    return sampling.every(options.every, take, observation.directory, NAME)


def read(directory: RunDirectory) -> Table:
    return rows.read(directory.path / FILE, MEMORY, directory.notes().get(NAME, "no process was sampled"))


def row(pid: int, at: float, *, serving: bool) -> dict[str, Any] | None:
    """One process at one moment; None when it has ended."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            counts = {"threads": process.num_threads(), "files": _files(process)}
            return {"at": at, "pid": pid, "serving": serving, **_sizes(process), **counts}
    except psutil.NoSuchProcess:
        return None


def _sizes(process: psutil.Process) -> dict[str, int]:
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        return {"rss": process.memory_info().rss, "pss": UNKNOWN, "uss": UNKNOWN}
    return {"rss": full.rss, "pss": full.pss, "uss": full.uss}


def _files(process: psutil.Process) -> int:
    try:
        return process.num_fds()
    except psutil.AccessDenied:
        return UNKNOWN
