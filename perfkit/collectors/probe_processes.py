"""What each process of the target said of itself: the names that its records refer to, and its events."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from perfkit.errors import EvidenceError
from perfkit.probe import records
from perfkit.target import events

# The probe interns a few thousand names; an id beyond this is damage, and would cost its size in memory.
HIGHEST_NAME: Final = 1_000_000
# Flask writes <int:id>, Starlette {id:int}: everywhere else a parameter is {id}.
PARAMETER: Final = re.compile(r"<(?:[^<>:]*:)?([^<>:]+)>|\{([^{}:]+):[^{}]*\}")
PROFILER: Final = "pyinstrument"  # its hook event is about call trees, not about what the requests did


@dataclass(frozen=True, slots=True)
class Process:
    """One stem of the probe's directory."""

    stem: Path  # without a suffix
    pid: int
    events: events.Events
    names: Mapping[int, str] = field(default_factory=dict)

    def name(self, event: Mapping[str, Any], key: str) -> str:
        """The text behind a name id of an event; "" for 0 and for an id that was never written."""
        number = event.get(key)
        return self.names.get(number, "") if isinstance(number, int) else ""

    def endpoint(self, event: Mapping[str, Any]) -> str:
        """Method and route template as TRACES have them; the step's name where no framework named a route."""
        route = normalised(self.name(event, "route"))
        method = self.name(event, "method")
        return f"{method} {route}".strip() if route else self.name(event, "step")


def read(directory: Path) -> tuple[Process, ...]:
    """Every process that wrote anything, in a stable order."""
    stems = sorted({path.with_suffix("") for kind in ("events", "requests", "calls") for path in directory.glob(f"*.{kind}")})
    return tuple(_read(stem) for stem in stems)


def normalised(route: str) -> str:
    """A route template with its parameters as {x}."""
    return PARAMETER.sub(lambda match: "{" + (match[1] or match[2]) + "}", route)


def labels(processes: Sequence[Process]) -> dict[tuple[int, int], str]:
    """The endpoint behind each <perfkit:ep:N> of each process."""
    return {
        (process.pid, event["id"]): process.endpoint(event)
        for process in processes
        for event in process.events.of(records.EVENT_LABEL)
        if isinstance(event.get("id"), int)
    }


def hooks(processes: Sequence[Process]) -> Iterator[dict[str, Any]]:
    """What became of each hook in each process; the last word counts."""
    last: dict[tuple[int, str], dict[str, Any]] = {}
    for process in processes:
        for event in process.events.of(records.EVENT_HOOK):
            name = str(event.get("name", ""))
            said = {key: str(event.get(key, "")) for key in ("state", "version", "why")}
            last[process.pid, name] = {"pid": process.pid, "name": name, **said}
    yield from last.values()


def cost(processes: Sequence[Process]) -> dict[str, float]:
    """CPU seconds that the probe adds to a request and to a call, as it timed itself: the median process; empty when none did."""
    events = [event for process in processes for event in process.events.of(records.EVENT_COST)[:1]]
    figures: dict[str, float] = {}
    for key in ("request", "call"):
        times = [event[key] for event in events if isinstance(event.get(key), int)]
        if times:
            figures[key] = statistics.median(times) * 1e-9
    return figures


def servers(processes: Sequence[Process]) -> Iterator[dict[str, Any]]:
    """Every process that ever served."""
    for process in processes:
        started = process.events.of(records.EVENT_STARTED)
        if not started:
            continue
        yield {
            "pid": process.pid,
            "ppid": started[0].get("ppid", 0),
            "server": _versioned(process.events.of(records.EVENT_SERVER)),
            "framework": _versioned(process.events.of(records.EVENT_FRAMEWORK)),
            "python": str(started[0].get("python", "")),
        }


def frameworks(processes: Sequence[Process]) -> frozenset[str]:
    """Servers, frameworks and hooked drivers that were met, in lower case."""
    found: set[str] = set()
    for process in processes:
        for kind in (records.EVENT_SERVER, records.EVENT_FRAMEWORK):
            found.update(str(event.get("name", "")).lower() for event in process.events.of(kind))
    found.update(hook["name"].lower() for hook in hooks(processes) if hook["state"] == "installed")
    return frozenset(found - {""})


def blindness(processes: Sequence[Process]) -> str:
    """Hooks that did not go in, as one sentence; "" when all did."""
    whys = {f"{hook['name']} {hook['state']}: {hook['why']}" for hook in hooks(processes) if hook["state"] != "installed"}
    return "; ".join(sorted(why for why in whys if not why.startswith(PROFILER)))


def _versioned(said: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(" ".join(str(event[key]) for key in ("name", "version") if event.get(key)) for event in said)


def _read(stem: Path) -> Process:
    said = events.read(stem.with_suffix(".events"))
    started = said.of(records.EVENT_STARTED)
    if started and started[0].get("format", records.FORMAT) != records.FORMAT:
        raise EvidenceError(
            f"{stem.name}.events has format {started[0]['format']}, this perfkit reads {records.FORMAT}",
            hint="Analyze the run with the version of perfkit that made it.",
        )
    pid = started[0].get("pid") if started else None
    if not isinstance(pid, int):
        digits = stem.name.partition("-")[0]
        pid = int(digits) if digits.isdecimal() else 0
    names = {
        line["id"]: str(line.get("text", ""))
        for line in said.of(records.EVENT_NAME)
        if isinstance(line.get("id"), int) and 0 < line["id"] < HIGHEST_NAME
    }
    return Process(stem, pid & 0xFFFFFFFF, said, names)
