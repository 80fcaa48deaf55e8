"""What each process of the target used of a processor, and how long it was ready to run and did not get one; once a second."""

import os
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from perfkit.collectors import host, rows, sampling
from perfkit.collectors.absent import NOT_LAUNCHED, absent
from perfkit.collectors.base import Observation
from perfkit.evidence import PHASES as ALL_PHASES
from perfkit.evidence import Phase, RunDirectory, Table
from perfkit.schemas import PROCESSES
from perfkit.target import identify

NAME: Final = "processes"
PHASES: Final[frozenset[Phase]] = frozenset(ALL_PHASES)
FILE: Final = "processes.jsonl"
EVERY: Final = 1.0
NANOSECOND: Final = 1e-9


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    """Reads /proc only; the target notices nothing."""
    if not observation.target.launched:
        return absent(observation.directory, NAME, NOT_LAUNCHED)

    def take() -> None:
        at = time.monotonic() - observation.epoch
        taken = [row(pid, at, Path("/proc")) for pid in identify.descendants(observation.target)]
        rows.append(observation.directory.path / FILE, [one for one in taken if one is not None])

    return sampling.every(EVERY, take, observation.directory, NAME)


def read(directory: RunDirectory) -> Table:
    return rows.read(directory.path / FILE, PROCESSES, directory.notes().get(NAME, "no process was looked at"))


def row(pid: int, at: float, proc: Path) -> dict[str, Any] | None:
    """One process at one moment; None when it has ended."""
    place = proc / str(pid)
    try:
        cpu = host.parse((place / "stat").read_text(errors="replace")).own
        threads = [entry.name for entry in os.scandir(place / "task")]
    except OSError:
        return None
    return {"at": at, "pid": pid, "cpu": cpu, "delay": _delay(place, threads), "threads": len(threads)}


def _delay(place: Path, threads: list[str]) -> float | None:
    """Seconds that its threads waited for a core, all together; null where the kernel keeps no account of it."""
    waited = 0.0
    for thread in threads:
        try:
            # schedstat: nanoseconds on a core, nanoseconds waiting for one, slices.
            waited += int((place / "task" / thread / "schedstat").read_text().split()[1]) * NANOSECOND
        except FileNotFoundError:
            if not (place / "schedstat").exists():
                return None
        except ProcessLookupError:
            continue  # the thread ended while we looked
    return waited
