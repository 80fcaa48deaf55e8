"""Who used the processors: target, generator, profilers and perfkit, once a second, and what the machine lost to others."""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from perfkit.collectors import rows, sampling
from perfkit.collectors.base import Observation
from perfkit.evidence import PHASES as ALL_PHASES
from perfkit.evidence import Phase, RunDirectory, Table
from perfkit.schemas import HOST

NAME: Final = "host"
PHASES: Final[frozenset[Phase]] = frozenset(ALL_PHASES)
FILE: Final = "host.jsonl"
EVERY: Final = 1.0
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
PROFILER: Final = "py-spy"


@dataclass(frozen=True, slots=True)
class Usage:
    """A living process: its parent and its CPU seconds, without and with those of its ended children."""

    parent: int
    name: str
    own: float
    with_ended: float


@dataclass(frozen=True, slots=True)
class Ticks:
    """Processor time of the whole machine since boot."""

    idle: int
    steal: int
    total: int


@dataclass(slots=True)
class Machine:
    """Shares since the last look."""

    last: Ticks = field(default_factory=lambda: ticks(Path("/proc/stat")))

    def shares(self, now: Ticks) -> dict[str, float]:
        passed = max(now.total - self.last.total, 1)
        busy = 1 - (now.idle - self.last.idle) / passed
        steal = (now.steal - self.last.steal) / passed
        self.last = now
        return {"busy": min(max(busy, 0.0), 1.0), "steal": min(max(steal, 0.0), 1.0)}


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    machine = Machine()
    roots = (observation.target.supervisor_pid or observation.target.root_pid, observation.generator)

    def take() -> None:
        at = time.monotonic() - observation.epoch
        cpu = by_role(processes(Path("/proc")), *roots, own=os.getpid())
        row = {"at": at, **cpu, **machine.shares(ticks(Path("/proc/stat"))), "load": os.getloadavg()[0]}
        rows.append(observation.directory.path / FILE, [row])

    return sampling.every(EVERY, take, observation.directory, NAME)


def read(directory: RunDirectory) -> Table:
    """`target_cpu` is null when perfkit did not start the target."""
    return rows.read(directory.path / FILE, HOST, directory.notes().get(NAME, "the machine was not sampled"))


def by_role(usage: Mapping[int, Usage], target: int | None, generator: int | None, *, own: int) -> dict[str, float | None]:
    """Cumulative CPU seconds. The ended children of a living process are in its own account, so no total ever falls."""
    children: dict[int, list[int]] = {}
    for pid, process in usage.items():
        children.setdefault(process.parent, []).append(pid)
    profilers = [pid for pid in _tree(children, own) if pid in usage and usage[pid].name == PROFILER]
    return {
        "target_cpu": None if target is None else _sum(usage, _tree(children, target)),
        "generator_cpu": 0.0 if generator is None else _sum(usage, _tree(children, generator)),
        "profiler_cpu": _sum(usage, profilers),
        "perfkit_cpu": usage[own].own if own in usage else 0.0,
    }


def processes(proc: Path) -> dict[int, Usage]:
    """All living processes, in one pass."""
    found: dict[int, Usage] = {}
    for entry in os.scandir(proc):
        if not entry.name.isdigit():
            continue
        try:
            content = Path(entry.path, "stat").read_text(errors="replace")
        except OSError:
            continue  # it ended while we looked
        found[int(entry.name)] = parse(content)
    return found


def parse(stat: str) -> Usage:
    """One /proc/PID/stat; the name may hold spaces and brackets, so fields count from its last bracket."""
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    user, system, children_user, children_system = (int(ticked) for ticked in fields[11:15])
    own = (user + system) * TICK
    return Usage(int(fields[1]), head.partition("(")[2], own, own + (children_user + children_system) * TICK)


def ticks(path: Path) -> Ticks:
    """User nice system idle iowait irq softirq steal; guest time is already in user time."""
    fields = [int(ticked) for ticked in path.read_text().split("\n", 1)[0].split()[1:9]]
    return Ticks(idle=fields[3] + fields[4], steal=fields[7], total=sum(fields))


def _tree(children: Mapping[int, Iterable[int]], root: int) -> list[int]:
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _sum(usage: Mapping[int, Usage], pids: Iterable[int]) -> float:
    return sum(usage[pid].with_ended for pid in pids if pid in usage)
