"""Which processes of the target serve requests: the probe says so itself, because a supervisor looks the same from outside."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfkit.probe import records
from perfkit.target import events
from perfkit.target.target import Target


@dataclass(frozen=True, slots=True)
class Worker:
    """A process in which an entry point of the probe is in place; `server` is the framework when no server made itself known."""

    pid: int
    ppid: int
    server: str
    python: str


def serving(target: Target) -> tuple[Worker, ...]:
    """Every living process that serves, by pid; empty in attach mode and as long as the probe has not reported."""
    if target.probe_directory is None:
        return ()
    # Files of an earlier process with the same pid would name a stranger, so only the target's own tree counts.
    alive = set(descendants(target))
    workers = {worker.pid: worker for worker in reported(target.probe_directory) if worker.pid in alive}
    return tuple(workers[pid] for pid in sorted(workers))


def reported(probe_directory: Path) -> Iterator[Worker]:
    """Every process that has ever served, dead or alive."""
    for path in sorted(probe_directory.glob("*.events")):
        said = events.read(path)
        started = said.of(records.EVENT_STARTED)
        # The probe writes files only in a process that serves; which server it is, it may not know (`python app.py`).
        if not started:
            continue
        pid, ppid = started[0].get("pid"), started[0].get("ppid")
        if not isinstance(pid, int):
            continue
        servers = [*said.of(records.EVENT_SERVER), *said.of(records.EVENT_FRAMEWORK), {}]
        server = " ".join(str(servers[0][key]) for key in ("name", "version") if servers[0].get(key))
        yield Worker(pid, ppid if isinstance(ppid, int) else 0, server, str(started[0].get("python", "")))


def pythons(probe_directory: Path) -> tuple[str, ...]:
    """The Python versions that the probe met."""
    found = {
        str(started["python"])
        for path in probe_directory.glob("*.events")
        for started in events.read(path).of(records.EVENT_STARTED)
        if started.get("python")
    }
    return tuple(sorted(found))


def descendants(target: Target) -> list[int]:
    """All living processes of the target, whatever their parents became; empty in attach mode."""
    top = target.supervisor_pid or target.root_pid
    if top is None:
        return []
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    found = [] if target.supervisor_pid else [top]
    unseen = [top]
    while unseen:
        below = children.get(unseen.pop(), [])
        found += below
        unseen += below
    return sorted(found)


def _parents() -> Iterator[tuple[int, int]]:
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            # The command name may hold spaces and brackets: fields count from its last bracket.
            fields = Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if fields[0] not in (b"Z", b"X"):
            yield int(entry.name), int(fields[1])
