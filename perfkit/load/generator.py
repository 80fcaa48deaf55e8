"""The control side of the load: starts the plane, empties what it writes down, tells the parent how it goes."""

import gc
import importlib
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, Protocol, TypeAlias

import gevent
import numpy as np

from perfkit.errors import LoadError
from perfkit.evidence import Phase
from perfkit.load.breaker import Breaker
from perfkit.load.channel import Event as Word
from perfkit.load.health import Health
from perfkit.load.plan import Plan, duration_of
from perfkit.load.plane.ledger import Ledger
from perfkit.load.plane.plane import Plane
from perfkit.load.progress import Recent
from perfkit.load.recorder import DTYPE, Recorder
from perfkit.load.responses import describe
from perfkit.load.seconds import Seconds
from perfkit.scenario.objectives import ALL

# Samples reach the disk, and progress the parent, five times a second.
BEAT: Final = 0.2
CPU_EVERY: Final = 5  # beats
# How long the plane may have to wait for this side to let go of the interpreter: it would be felt as a late request.
SWITCH: Final = 0.0002


Rows: TypeAlias = np.ndarray[Any, Any]  # of recorder.DTYPE


class Tell(Protocol):
    """Says something to the parent."""

    def __call__(self, event: Word, **fields: Any) -> None: ...


class Generator:
    """One generator process; `in_thread` runs a function in a native thread and returns when it has returned."""

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        worker: int,
        tell: Tell,
        in_thread: Callable[[Callable[[], None]], None],
        breaker: Breaker,
        on_rows: Callable[[Rows, Sequence[str]], None] | None = None,
    ) -> None:
        self._plan = plan
        self._recorder = recorder
        self._tell = tell
        self._in_thread = in_thread
        self._ledger = Ledger(recorder)
        self._health = Health()
        self._recent = Recent()
        self._failure: OSError | LoadError | None = None
        self._breaker = breaker
        self._on_rows = on_rows
        self._is_halted = False
        self._pumped_at = 0.0
        self._plane = Plane(plan, self._ledger, worker, self._phase)
        self._seconds = Seconds(recorder, self._plane, self._ledger, plan.destination.port)

    def run(self) -> None:
        """Plays the plan to its end, or until stop(); every sample is on disk when it returns."""
        sys.setswitchinterval(SWITCH)
        # numpy imports it when it first needs it: that would be in mid-run, and perhaps without a descriptor to read it with.
        importlib.import_module("numpy.ma")
        # The objects that exist now stay, and of later ones the plane takes care: a collection is felt as late requests.
        gc.freeze()
        gc.disable()
        self._seconds.begin()
        beat = gevent.spawn(self._beat)
        try:
            self._in_thread(self._plane.run)
        finally:
            beat.kill()
            try:
                self._pump()
                self._note_cap()
            finally:
                self._recorder.close()
                gc.enable()
        self._seconds.close()
        if self._failure is not None:
            raise self._failure
        for kept in self._ledger.responses.kept:
            self._recorder.response(describe(kept))
        counts = self._ledger.counts["measure"]
        health = replace(self._health.close(counts.offered, counts.sent, counts.dropped), held=self._plane.held)
        self._tell("finished", health=asdict(health))

    @property
    def users(self) -> int:
        """Virtual users at work."""
        return self._plane.users

    def stop(self) -> None:
        """Ends the load early: nothing more is started, what is in flight may finish."""
        self._plane.stop()

    def _phase(self, phase: Phase | None, at: float) -> None:
        if phase is None:
            phase = self._ledger.phases.current
            self._read_cpu(phase)
            self._tell("end", phase=phase, at=at)
        else:
            self._read_cpu(phase)
            self._tell("begin", phase=phase, at=at)

    def _beat(self) -> None:
        for count in itertools.count(1):
            gevent.sleep(BEAT)
            try:
                self._pump()
                self._seconds.beat()
            except (OSError, LoadError) as error:
                # Nothing more can be written down: run() says so once the load has ended.
                self._failure = error
                self.stop()
                return
            phases = self._ledger.phases
            phase = phases.current
            if phase is None:
                continue
            if count % CPU_EVERY == 0:
                self._read_cpu(phase)
            now = time.monotonic()
            self._halt(phase)
            total = duration_of(self._plan.segments, phase)
            self._tell("progress", **asdict(self._recent.show(now, phase, now - phases.began_at, total, self._plane.users)))

    def _halt(self, phase: Phase) -> None:
        """Ends the load when the breaker says so; the plane may have ended it at its cap."""
        self._note_cap()
        if self._is_halted or not self._breaker.is_needed:
            return
        trip = self._breaker.look(self._recent, self._recorder.names, phase, self._ledger.phases.began_at, self._pumped_at)
        if trip is not None:
            self._is_halted = True
            self._tell("halted", **asdict(trip))
            self.stop()

    def _note_cap(self) -> None:
        capped_at = self._plane.capped_at
        if capped_at is not None and not self._is_halted:
            self._is_halted = True
            self._tell("halted", by="duration", endpoint=ALL, sentence="guard.max_duration", measured=None, at=capped_at)

    def _pump(self) -> None:
        """From the plane's memory to the disk, and into the figures that a person is shown."""
        self._pumped_at = time.monotonic()
        for piece in self._recorder.flush():
            rows: Rows = np.frombuffer(piece, dtype=DTYPE)
            finished_at = np.ascontiguousarray(rows["finished_at"])
            self._recent.add(finished_at, finished_at - rows["intended_at"], rows["endpoint"], rows["error"])
            self._seconds.took(rows)
            names = self._recorder.names
            if self._on_rows is not None:
                self._on_rows(rows, names)
            if "measure" in names:
                self._health.ended(rows["lag"][rows["phase"] == names.index("measure")])

    def _read_cpu(self, phase: Phase | None) -> None:
        if phase == "measure":
            self._health.cpu(time.monotonic(), time.process_time())
