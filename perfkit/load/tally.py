"""The sum over all generator processes: phases that all have entered, histograms added, nobody's end left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Protocol

from perfkit.evidence import PHASES, GeneratorHealth, Phase, WorkerHealth
from perfkit.load.account import Beat, Cell, Conclusion, Counts
from perfkit.load.breaker import Breaker
from perfkit.load.channel import Event
from perfkit.load.health import together
from perfkit.load.plan import Segment, duration_of
from perfkit.load.progress import Recent
from perfkit.scenario.objectives import ALL
from perfkit.stats.histogram import Histogram


class Tell(Protocol):
    """Says something to the parent."""

    def __call__(self, event: Event, **fields: Any) -> None: ...


@dataclass(slots=True)
class Worker:
    """What is known of one generator process; its times are already those of this machine."""

    name: str
    clock_error: float = 0.0
    begun: dict[Phase, float] = field(default_factory=dict[Phase, float])
    ended: dict[Phase, float] = field(default_factory=dict[Phase, float])
    met_at: float | None = None  # at a meeting that has not ended
    users: int = 0
    counts: Counts = field(default_factory=Counts)
    heard_at: float = 0.0  # its last beat
    settled_at: float = 0.0  # everything that had ended by then has been heard of
    conclusion: Conclusion | None = None
    rows: int = 0
    lost: str = ""
    lost_at: float = 0.0

    @property
    def is_over(self) -> bool:
        return self.conclusion is not None or bool(self.lost)


def nothing_unsent(_worker: int, _since: float, _until: float, /) -> int:
    """Of a load that ended together with the only worker that it had."""
    return 0


class Unsent(Protocol):
    """How many arrivals of a worker's share were due in the measure phase, between two instants of the phase."""

    def __call__(self, worker: int, since: float, until: float, /) -> int: ...


class Tally:
    """Told what each worker says; tells the parent what all of them say together."""

    def __init__(self, segments: tuple[Segment, ...], names: Mapping[int, str], tell: Tell, breaker: Breaker) -> None:
        self.stop: Callable[[], None] = _nobody  # lets every worker drain
        self.on_cells: Callable[[Sequence[Cell]], None] | None = None
        self.workers: Final = {number: Worker(name) for number, name in names.items()}
        self.recent: Final = Recent()
        self.endpoints: Final[list[str]] = [""]  # by the number that `recent` knows them by
        self._numbers: dict[str, int] = {}
        self._segments = segments
        self._tell = tell
        self._begun: dict[Phase, float] = {}
        self._ended: dict[Phase, float] = {}
        self._breaker = breaker
        self._is_halted = False

    @property
    def users(self) -> int:
        """Virtual users at work."""
        return sum(worker.users for worker in self.workers.values())

    @property
    def is_over(self) -> bool:
        return all(worker.is_over for worker in self.workers.values())

    @property
    def are_all_lost(self) -> bool:
        return all(worker.lost for worker in self.workers.values())

    def begin(self, number: int, phase: Phase, at: float) -> None:
        self.workers[number].begun[phase] = at
        self._settle()

    def end(self, number: int, phase: Phase, at: float) -> None:
        self.workers[number].ended[phase] = at
        self._settle()

    def beat(self, number: int, beat: Beat, at: float) -> None:
        worker = self.workers[number]
        worker.users, worker.counts, worker.heard_at, worker.settled_at = beat.users, beat.counts, at, beat.at
        for cell in beat.cells:
            self.recent.take(cell.second, self._number(cell.endpoint), cell.error, cell.times)
        if self.on_cells is not None:
            self.on_cells(beat.cells)

    def conclude(self, number: int, conclusion: Conclusion) -> None:
        worker = self.workers[number]
        worker.users, worker.conclusion, worker.rows = 0, conclusion, conclusion.rows
        if conclusion.capped_at is not None:
            self._halt(by="duration", endpoint=ALL, sentence="guard.max_duration", measured=None, at=conclusion.capped_at)
        self._settle()

    def lose(self, number: int, why: str, at: float, rows: int) -> None:
        """It will not be heard of again; `rows` of it are on record."""
        worker = self.workers[number]
        worker.users, worker.lost, worker.lost_at, worker.rows = 0, why, at, rows
        self._settle()

    def meet(self, number: int, at: float) -> None:
        """A worker has done its part of a segment without a duration, and waits for the others."""
        self.workers[number].met_at = at

    def have_met(self) -> bool:
        """Once for each meeting: everybody who still works is there."""
        waiting = [worker for worker in self.workers.values() if not worker.is_over]
        if not waiting or any(worker.met_at is None for worker in waiting):
            return False
        for worker in waiting:
            worker.met_at = None
        return True

    def progress(self, now: float) -> None:
        """Tells how it goes; between phases there is nothing to tell."""
        phase = next(reversed(self._begun), None)
        if phase is None:
            return
        self._look(phase)
        total = duration_of(self._segments, phase)
        self._tell("progress", **asdict(self.recent.show(now, phase, max(now - self._begun[phase], 0.0), total, self.users)))

    def health(self, unsent: Unsent) -> GeneratorHealth:
        """Of all workers; what a lost one will not send any more was offered all the same, and dropped."""
        lags = Histogram()
        for worker in self.workers.values():
            if worker.conclusion is not None:
                lags.add(worker.conclusion.lags)
        accounts = [self._account(number, worker, unsent) for number, worker in sorted(self.workers.items())]
        if len(accounts) > 1:
            held = sum(worker.conclusion.health.held for worker in self.workers.values() if worker.conclusion is not None)
            return replace(together(accounts, lags), held=held)
        conclusion = self.workers[accounts[0].worker].conclusion
        return conclusion.health if conclusion is not None else together(accounts, lags)

    def _account(self, number: int, worker: Worker, unsent: Unsent) -> WorkerHealth:
        conclusion = worker.conclusion
        if conclusion is not None:
            health = conclusion.health
            counts = Counts(health.offered, health.sent, health.dropped, health.finished)
            share = health.cpu_share
        else:
            counts, share = self._of_lost(number, worker, unsent), 0.0
        return WorkerHealth(
            worker=number,
            name=worker.name,
            **asdict(counts),
            rows=worker.rows,
            cpu_share=share,
            clock_error=worker.clock_error,
            lost=worker.lost,
        )

    def _of_lost(self, number: int, worker: Worker, unsent: Unsent) -> Counts:
        began = self._begun.get("measure")
        if began is None:
            return worker.counts
        ended = self._ended.get("measure", worker.lost_at)
        missed = unsent(number, max(worker.heard_at, began) - began, ended - began)
        counts = worker.counts
        return replace(counts, offered=counts.offered + missed, dropped=counts.dropped + missed)

    def _look(self, phase: Phase) -> None:
        """Ends the load when an objective or a condition says so, judged by what is known of all workers."""
        working = [worker.settled_at for worker in self.workers.values() if not worker.is_over]
        if self._is_halted or not self._breaker.is_needed or not working:
            return
        trip = self._breaker.look(self.recent, self.endpoints, phase, self._begun[phase], min(working))
        if trip is not None:
            self._halt(**asdict(trip))
            self.stop()

    def _halt(self, **why: Any) -> None:
        if not self._is_halted:
            self._is_halted = True
            self._tell("halted", **why)

    def _settle(self) -> None:
        """A phase has begun, or ended, when it has for everybody who still works."""
        living = [worker for worker in self.workers.values() if not worker.lost]
        for phase in PHASES:
            if phase not in self._begun and (at := _all([worker.begun for worker in living], phase)) is not None:
                self._begun[phase] = at
                self._tell("begin", phase=phase, at=at)
            if phase in self._begun and phase not in self._ended and (at := _all([worker.ended for worker in living], phase)):
                self._ended[phase] = at
                self._tell("end", phase=phase, at=at)

    def _number(self, endpoint: str) -> int:
        known = self._numbers.get(endpoint)
        if known is None:
            known = self._numbers[endpoint] = len(self.endpoints)
            self.endpoints.append(endpoint)
        return known


def _nobody() -> None:
    """Before anything has begun there is nothing to stop."""


def _all(instants: Sequence[Mapping[Phase, float]], phase: Phase) -> float | None:
    """When the last of them was there; None while one is not, or when there is nobody."""
    if not instants or any(phase not in known for known in instants):
        return None
    return max(known[phase] for known in instants)
