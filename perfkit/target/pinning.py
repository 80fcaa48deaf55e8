"""Which cores a process may use: the versions of a comparison share theirs, so that what drifts drifts for both."""

import os
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TOPOLOGY: Final = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@dataclass(frozen=True, slots=True)
class Cores:
    """Whose cores are whose."""

    versions: frozenset[int]
    client: frozenset[int]

    @property
    def are_apart(self) -> bool:
        return not self.versions & self.client


def divided(
    available: Sequence[int],
    siblings: Mapping[int, frozenset[int]],
    wanted: int = 1,
    *,
    versions: Collection[int] | None = None,
    client: Collection[int] | None = None,
) -> Cores:
    """The first cores for the versions, the last one for the client, if possible one that shares no silicon with them.

    What the scenario itself asks for (`target.cores`, `generator.cores`) is `versions` and `client`, and is not divided.
    """
    ordered = sorted(available)
    if versions is None:
        free = [core for core in ordered if core not in (client or ())] or ordered
        most = len(free) if client else max(1, len(free) - 1)
        versions = free[: max(1, min(wanted, most))]
    if client is None:
        taken = frozenset[int]().union(*(siblings.get(core, frozenset()) for core in versions))
        rest = [core for core in ordered if core not in versions] or ordered
        client = ([core for core in rest if core not in taken] or rest)[-1:]
    return Cores(frozenset(versions), frozenset(client))


def available() -> tuple[int, ...]:
    """The cores that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))


def siblings(cores: Iterable[int]) -> dict[int, frozenset[int]]:
    """The hardware threads that share a core with each; itself alone where the kernel does not tell."""
    return {core: _listed(Path(_TOPOLOGY.format(core)), core) for core in cores}


def of(pids: Iterable[int]) -> tuple[int, ...]:
    """The cores that these processes may use, all together; those that have ended use none."""
    found: set[int] = set()
    for pid in pids:
        # It may end while we look.
        with suppress(ProcessLookupError):
            found |= os.sched_getaffinity(pid)
    return tuple(sorted(found))


@contextmanager
def inherited(cores: Collection[int] | None) -> Generator[None]:
    """Whatever this thread starts meanwhile runs on these cores (None: wherever it may); the thread goes back to its own."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def client_on(cores: Collection[int]) -> Generator[None]:
    """Every thread of this process runs on these cores; those that begin later inherit it."""
    before: dict[int, set[int]] = {}
    for thread in _threads():
        try:
            before[thread] = os.sched_getaffinity(thread)
            os.sched_setaffinity(thread, cores)
        except ProcessLookupError:
            continue  # it ended while we looked
    own = before[os.getpid()]  # the first thread has the number of its process
    try:
        yield
    finally:
        for thread in _threads():
            try:
                os.sched_setaffinity(thread, before.get(thread, own))
            except ProcessLookupError:
                continue


def _threads() -> list[int]:
    return [int(entry.name) for entry in os.scandir("/proc/self/task")]


def _listed(path: Path, core: int) -> frozenset[int]:
    """`0-1` and `0,4` are both how the kernel lists."""
    try:
        text = path.read_text().strip()
    except OSError:
        return frozenset({core})
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return frozenset(found)
