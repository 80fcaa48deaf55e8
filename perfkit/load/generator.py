"""The control side of the load: starts the plane, empties what it writes down, and gives an account of it."""

import gc
import importlib
import itertools
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol

import gevent
import numpy as np

from perfkit.errors import LoadError
from perfkit.evidence import Phase
from perfkit.load.account import Beat, Cell, Conclusion, Counts
from perfkit.load.health import Health
from perfkit.load.plan import Plan
from perfkit.load.plane.ledger import Ledger
from perfkit.load.plane.plane import Plane
from perfkit.load.progress import by_second
from perfkit.load.recorder import DTYPE, Recorder
from perfkit.load.responses import describe
from perfkit.load.seconds import Seconds

# Samples reach the disk, and progress the parent, five times a second.
BEAT: Final = 0.2
CPU_EVERY: Final = 5  # beats
# How long the plane may have to wait for this side to let go of the interpreter: it would be felt as a late request.
SWITCH: Final = 0.0002


class Audience(Protocol):
    """Who is told: the tally of this process, or that of the master."""

    def begin(self, phase: Phase, at: float, /) -> None: ...

    def end(self, phase: Phase, at: float, /) -> None: ...

    def meet(self, at: float, /) -> None:
        """A segment without a duration is over here; go_on() is to be called when it is for all."""
        ...

    def beat(self, beat: Beat, /) -> None: ...


class Generator:
    """One generator process; `in_thread` runs a function in a native thread and returns when it has returned."""

    def __init__(
        self, plan: Plan, recorder: Recorder, audience: Audience, in_thread: Callable[[Callable[[], None]], None]
    ) -> None:
        self._recorder = recorder
        self._audience = audience
        self._in_thread = in_thread
        self._ledger = Ledger(recorder)
        self._health = Health()
        self._failure: OSError | LoadError | None = None
        self._pumped_at = 0.0
        self._plane = Plane(plan, self._ledger, plan.share.worker, self._phase)
        self._seconds = Seconds(recorder, self._plane, self._ledger, plan.destination.port)
        self._cells: list[Cell] = []
        # What the plane's thread has said; the hub is woken for it.
        self._said: deque[Callable[[], None]] = deque()
        self._wake = gevent.get_hub().loop.async_()
        if plan.share.of > 1:
            self._plane.meeting = lambda at: self._say(lambda: audience.meet(at))

    def run(self, at: float | None = None) -> Conclusion:
        """Plays the plan, from `at` on, to its end, or until stop(); every sample is on disk when it returns."""
        sys.setswitchinterval(SWITCH)
        # numpy imports it when it first needs it: that would be in mid-run, and perhaps without a descriptor to read it with.
        importlib.import_module("numpy.ma")
        # The objects that exist now stay, and of later ones the plane takes care: a collection is felt as late requests.
        gc.freeze()
        gc.disable()
        self._plane.start_at = at
        self._wake.start(self._rouse)
        self._seconds.begin()
        beat = gevent.spawn(self._beat)
        try:
            self._in_thread(self._plane.run)
        finally:
            beat.kill()
            self._wake.stop()
            self._deliver()
            try:
                self._pump()
            finally:
                self._recorder.close()
                gc.enable()
        self._seconds.close()
        if self._failure is not None:
            raise self._failure
        for kept in self._ledger.responses.kept:
            self._recorder.response(describe(kept))
        self._audience.beat(self._account())
        counts = self._ledger.counts["measure"]
        health = replace(self._health.close(counts.offered, counts.sent, counts.dropped), held=self._plane.held)
        return Conclusion(health, self._health.lags, self._recorder.rows, self._plane.capped_at)

    def stop(self) -> None:
        """Ends the load early: nothing more is started, what is in flight may finish."""
        self._plane.stop()

    def go_on(self, at: float) -> None:
        self._plane.go_on(at)

    def _phase(self, phase: Phase | None, at: float) -> None:
        """On the plane's thread."""
        present = self._ledger.phases.current if phase is None else phase
        assert present is not None
        self._read_cpu(present)
        tell = self._audience.end if phase is None else self._audience.begin
        self._say(lambda: tell(present, at))

    def _say(self, saying: Callable[[], None]) -> None:
        self._said.append(saying)
        self._wake.send()

    def _rouse(self) -> None:
        """The hub itself must not wait for anything."""
        gevent.spawn(self._deliver)

    def _deliver(self) -> None:
        while self._said:
            self._said.popleft()()

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
            phase = self._ledger.phases.current
            if phase is None:
                continue
            if count % CPU_EVERY == 0:
                self._read_cpu(phase)
            self._audience.beat(self._account())

    def _account(self) -> Beat:
        counts = self._ledger.counts["measure"]
        cells, self._cells = tuple(self._cells), []
        so_far = Counts(counts.offered, counts.sent, counts.dropped, self._health.finished)
        return Beat(cells, self._plane.users, so_far, self._pumped_at)

    def _pump(self) -> None:
        """From the plane's memory to the disk, and into the figures that a person is shown."""
        self._pumped_at = time.monotonic()
        names = self._recorder.names
        for piece in self._recorder.flush():
            rows: np.ndarray[Any, Any] = np.frombuffer(piece, dtype=DTYPE)
            finished_at = np.ascontiguousarray(rows["finished_at"])
            response_times = np.maximum(finished_at - rows["intended_at"], 0.0)
            cells = by_second(finished_at, response_times, rows["endpoint"], rows["error"], rows["bytes"])
            self._cells += [
                Cell(second, names[endpoint], error, times, size) for (second, endpoint, error), (times, size) in cells.items()
            ]
            self._seconds.took(rows)
            if "measure" in names:
                self._health.ended(rows["lag"][rows["phase"] == names.index("measure")])

    def _read_cpu(self, phase: Phase | None) -> None:
        if phase == "measure":
            self._health.cpu(time.monotonic(), time.process_time())
