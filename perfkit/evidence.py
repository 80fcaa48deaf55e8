"""What a run leaves behind, as values: Run, Evidence, what is Missing, what is doubtful, and where it lies on disk."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias

import polars as pl

from perfkit.errors import EvidenceError

FORMAT: Final = 1
# A run.json of a large scenario has some 50 kB, and is written beside the old one before it takes its place.
RESERVE: Final = 256 * 1024

Phase: TypeAlias = Literal["warm-up", "measure", "profile"]
PHASES: Final[tuple[Phase, ...]] = ("warm-up", "measure", "profile")


@dataclass(frozen=True, slots=True)
class Missing:
    """A thing that was not observed, with why."""

    why: str


@dataclass(frozen=True, slots=True)
class Caveat:
    """A doubt that stands beside a number."""

    text: str


Table: TypeAlias = pl.DataFrame | Missing
Need: TypeAlias = Literal[
    "samples", "responses", "traces", "statements", "waits", "plans", "stacks", "call_trees", "blockers", "memory", "host"
]


@dataclass(frozen=True, slots=True)
class Interval:
    """One phase of the run: seconds since the run's epoch."""

    phase: Phase
    started_at: float
    finished_at: float

    @property
    def duration(self) -> float:
        return self.finished_at - self.started_at


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """One generator process: its part of the account, and whether it came to its end."""

    worker: int  # as in the samples' column
    name: str  # "pid 4711", with its machine when that is another one
    offered: int  # of the measure phase, like the three below
    sent: int
    finished: int
    dropped: int  # with what a lost worker will never send
    rows: int  # requests on record, of all phases
    cpu_share: float
    clock_error: float = 0.0  # seconds by which its times may be off at most; 0 on the master's own machine
    lost: str = ""  # how it was lost; "" when it has acknowledged its end


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """What the generator says of itself in the measure phase."""

    offered: int  # requests that the schedule wanted
    sent: int
    finished: int
    dropped: int
    lag_p50: float  # sent - intended of the open arrivals; 0 for closed load
    lag_p99: float
    cpu_share: float  # of one core, the busiest process
    open_loop: bool
    held: int = 0  # how often guard.max_rate kept a user from beginning a flow
    workers: tuple[WorkerHealth, ...] = ()  # more than one when the load was divided

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """From JSON."""
        health = cls(**written)
        return replace(health, workers=tuple(WorkerHealth(**worker) for worker in written.get("workers", ())))


@dataclass(frozen=True, slots=True)
class Halt:
    """Why perfkit itself ended the load before its time."""

    by: Literal["objective", "breaker", "duration"]
    endpoint: str  # of the objective, or "all"
    sentence: str  # the objective or the condition as the scenario writes it, or the guard's key
    measured: float | None  # in the sentence's own base unit
    at: float  # seconds since the run's epoch


@dataclass(frozen=True, slots=True)
class Floor:
    """What one generator process can do on this machine, measured before the run against a server that only answers."""

    requests: int
    duration: float
    cpu_per_request: float  # the cheapest that a request of this scenario can be
    achieved_rate: float  # in these seconds, the machine shared with that server
    processes: int  # of the run; what they can do together is at most so many times what one can
    needed_rate: float  # requests per second that the load asks for at its peak; 0 when it is closed
    answer: int  # bytes of the answers' bodies

    @property
    def rate(self) -> float:
        """Requests per second that all processes can send at most, with a core each for themselves."""
        return self.processes / self.cpu_per_request


@dataclass(frozen=True, slots=True)
class Placement:
    """The cores that somebody's processes could run on while the load lasted."""

    cores: tuple[int, ...] | Missing
    asked: tuple[int, ...] = ()  # that the scenario names; none: it was not to be pinned


@dataclass(frozen=True, slots=True)
class Run:
    """run.json: what was run, on what, when, and how well it was observed."""

    id: str
    scenario: str
    started_at: str  # UTC, ISO 8601
    state: Literal["running", "finished", "interrupted", "aborted", "died"]
    commit: str  # "" outside git
    parent: str
    dirty: bool
    load: str  # name of the load profile
    resolved: Mapping[str, Any]  # the scenario as it was run, secrets masked
    machine: Mapping[str, Any]  # cores, cpu, memory, kernel, python and tool versions, noise grade
    intervals: tuple[Interval, ...]
    serving: tuple[Mapping[str, Any], ...]  # every serving pid: pid, server, framework, python
    observers: Mapping[str, str]  # name → "ok", or why it is missing
    hooks: tuple[Mapping[str, Any], ...]  # per pid and hook: name, state, version, why
    generator: GeneratorHealth | None
    probe_cost: Mapping[str, float] = field(default_factory=dict[str, float])  # CPU seconds it adds to a request, to a call
    caveats: tuple[str, ...] = ()
    failure: str = ""  # what ended the run early
    plan: Mapping[str, Any] = field(default_factory=dict)  # load lines with their times, for the charts
    epoch: float = 0.0  # CLOCK_MONOTONIC of the run's second 0
    floor: Floor | Missing = Missing("the generator was not calibrated")
    halt: Halt | None = None  # of an aborted run
    libraries: Mapping[str, str] = field(default_factory=dict[str, str])  # of the serving interpreters; empty when not known
    placement: Mapping[str, Placement] = field(default_factory=dict[str, Placement])  # target, generator, perfkit

    def interval(self, phase: Phase) -> Interval | None:
        return next((interval for interval in self.intervals if interval.phase == phase), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A run read back: everything judging may look at, in tables of the schemas above."""

    run: Run
    samples: pl.DataFrame
    responses: Table
    traces: Table
    statements: Table
    shapes: Table
    waits: Table
    plans: Table
    stacks: Table
    call_trees: Table
    blockers: Table
    memory: Table
    host: Table
    caveats: tuple[Caveat, ...] = ()
    generator: Table = Missing("the generator wrote nothing about itself")  # what it says of itself, once a second
    counts: Table = Missing("the generator did not count up")  # its ledger
    processes: Table = Missing("no process was looked at")
    accept_queue: Table = Missing("the accept queue was not looked at")
    gauges: Table = Missing("the probe told nothing of what is limited")

    def missing(self, need: Need) -> Missing | None:
        """Why `need` was not observed; None when it was."""
        table: Table = getattr(self, need)
        return table if isinstance(table, Missing) else None


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Where the files of a run lie; the only interface between observing and judging."""

    path: Path

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    @property
    def probe(self) -> Path:
        """Raw files of the probe, until they are compacted."""
        return self.path / "probe"

    @property
    def samples(self) -> Path:
        """Raw segments of the generator, until they are compacted."""
        return self.path / "samples"

    @property
    def stacks(self) -> Path:
        return self.path / "stacks"

    @property
    def call_trees(self) -> Path:
        return self.path / "call_trees"

    @property
    def _reserve(self) -> Path:
        return self.path / "reserve"

    @property
    def target_log(self) -> Path:
        return self.path / "target.log"

    def table(self, name: str) -> Path:
        return self.path / f"{name}.parquet"

    def keep_reserve(self) -> None:
        """Keeps room back while the run is made, so that a full disk cannot keep the run from saying how it ended."""
        # Not zeros: there are file systems that need no room for those.
        self._reserve.write_bytes(os.urandom(RESERVE))

    def spend_reserve(self) -> bool:
        """Gives the room back; False when that has been done before."""
        had = self._reserve.exists()
        self._reserve.unlink(missing_ok=True)
        return had

    def write(self, what: Callable[[], None]) -> None:
        """Writes something that must not be lost: on a full disk into the room that was kept back."""
        try:
            what()
        except OSError:
            if not self.spend_reserve():
                raise
            what()

    def note(self, observer: str, status: str) -> None:
        """Records what became of an observer: "ok", or why its evidence is missing."""
        path = self.path / "observers.jsonl"
        before = path.stat().st_size if path.exists() else 0

        def append() -> None:
            with path.open("ab") as file:
                file.truncate(before)  # of a first attempt half a line may be there
                file.write(json.dumps({"observer": observer, "status": status}).encode() + b"\n")

        self.write(append)

    def notes(self) -> dict[str, str]:
        """The last note of each observer."""
        path = self.path / "observers.jsonl"
        if not path.exists():
            return {}
        notes: dict[str, str] = {}
        # What stands after the last end of a line was cut off when perfkit was killed.
        for line in path.read_text().split("\n")[:-1]:
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise EvidenceError(f"{path} is damaged: {error}") from error
            notes[entry["observer"]] = entry["status"]
        return notes
