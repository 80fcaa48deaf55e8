"""The load while it runs: segment after segment, journalling every request, then draining what is in flight."""

import gc
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol, TypeAlias

import gevent
from gevent.pool import Group

from perfkit.load.alarm import Alarm
from perfkit.load.channel import Event as Word
from perfkit.load.crowd import Crowd
from perfkit.load.health import Health
from perfkit.load.phases import Phases
from perfkit.load.plan import Plan, Segment, duration_of
from perfkit.load.play import Outcome, Pace, Player
from perfkit.load.pool import Pool
from perfkit.load.progress import Recent
from perfkit.load.recorder import Recorder, Sample
from perfkit.load.responses import Responses, describe
from perfkit.load.transport import SocketTransport

# Between "go" and the first request, so that the first arrivals are not late.
LEAD: Final = 0.05
# Samples reach the disk, and progress the parent, five times a second.
BEAT: Final = 0.2
CPU_EVERY: Final = 5  # beats
# Requests still in flight after the end get so long, at most, to come to an outcome.
DRAIN: Final = 10.0
ID_SHIFT: Final = 48  # worker << 48 | counter


Spawn: TypeAlias = Callable[[Callable[[], None]], None]


class Tell(Protocol):
    """Says something to the parent."""

    def __call__(self, event: Word, **fields: Any) -> None: ...


class Generator:
    """One generator process; `spawn` starts a virtual user among `users` and returns at once."""

    def __init__(self, plan: Plan, recorder: Recorder, tell: Tell, spawn: Spawn, users: Group) -> None:
        self.plan = plan
        self._alarm = Alarm()
        self._recorder = recorder
        self._tell = tell
        self._spawn = spawn
        self._users = users
        self._ids: Iterator[int] = itertools.count(1)
        self._phases = Phases()
        self._health = Health()
        self._recent = Recent()
        self._responses = Responses()
        self._crowd = Crowd(self)
        self._pool = Pool(self)
        self._failure: Exception | None = None
        self._is_open = plan.segments[0].is_open

    def run(self) -> None:
        """Plays the plan to its end, or until stop(); every sample is on disk when it returns."""
        # The objects that exist now stay: collecting them again and again would only be felt as late requests.
        gc.freeze()
        at = self.now() + LEAD
        beat = gevent.spawn(self._beat)
        try:
            for segment in self.plan.segments:
                self._enter(segment, at)
                at = self._play(segment, at)
                if self.is_over:
                    break
            self._leave(at)
            self._drain()
        finally:
            beat.kill()
            self._alarm.close()
            self._recorder.close()
        if self._failure is not None:
            raise self._failure
        for kept in self._responses.kept:
            self._recorder.response(describe(kept))
        self._tell("finished", health=asdict(self._health.close()))

    def stop(self) -> None:
        """Ends the load early: nothing more is started, what is in flight may finish."""
        self._alarm.stop()

    # What virtual users stand on (workplace.Load)

    @property
    def is_over(self) -> bool:
        return self._alarm.is_stopped

    def now(self) -> float:
        return time.monotonic()

    def player(self, number: int, pace: Pace) -> Player:
        transport = SocketTransport(self.plan.destination)
        return Player(self.plan, number, transport, pace, self, self._ids, _ENVIRONMENT)

    def hire(self, work: Callable[[], None]) -> None:
        self._spawn(lambda: self._guarded(work))

    def sleep_until(self, due: float) -> bool:
        return self._alarm.wait_until(due)

    def dropped(self, due: float) -> None:
        self._health.drop(self._phases.at(due))

    # What is written down of each request (play.Journal)

    def due(self, at: float, /) -> None:
        self._health.due(self._phases.at(at))

    def left(self, due: float, /) -> None:
        self._health.left(self._phases.at(due))

    def ended(self, outcome: Outcome, /) -> None:
        phase = self._phases.at(outcome.intended_at)
        answer = outcome.answer
        self._recorder.record(_sample(outcome, phase))
        self._health.ended(phase)
        if self._is_open and outcome.opening:
            # Waiting for a free user is the limit's doing, and the target's; only the rest is the generator's.
            free_at = self._pool.free_at.get(outcome.user, 0.0)
            self._health.arrival(phase, answer.sent_at - max(outcome.intended_at, free_at))
        self._recent.add(answer.finished_at, answer.finished_at - outcome.intended_at, failed=bool(outcome.error))
        self._responses.offer(outcome.request.endpoint, outcome.path, outcome.offered_encodings, answer)

    def _play(self, segment: Segment, at: float) -> float:
        """When the segment ended."""
        (self._pool if segment.is_open else self._crowd).play(segment, at)
        if self.is_over or segment.duration is None:
            return self.now()
        return at + segment.duration

    def _enter(self, segment: Segment, at: float) -> None:
        if self._phases.current == segment.phase:
            return
        if self._phases.current is not None:
            self._leave(at)
        self._phases.begin(segment.phase, at)
        self._read_cpu()
        self._tell("begin", phase=segment.phase, at=at)

    def _leave(self, at: float) -> None:
        self._read_cpu()
        self._tell("end", phase=self._phases.current, at=at)

    def _drain(self) -> None:
        self.stop()
        self._crowd.retire()
        self._pool.retire()
        self._users.join(timeout=min(self.plan.destination.timeout, DRAIN))
        # A request without an answer after all that time has an outcome too: it timed out.
        self._users.kill(exception=TimeoutError, block=True, timeout=1.0)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  a user that fails is a fault of the load, told to the parent by run()
            self._failure = self._failure or error
            self.stop()

    def _beat(self) -> None:
        for count in itertools.count(1):
            gevent.sleep(BEAT)
            self._recorder.flush()
            if count % CPU_EVERY == 0:
                self._read_cpu()
            phase = self._phases.current
            if phase is None:
                continue
            now = self.now()
            users = self._pool.users if self._is_open else self._crowd.users
            total = duration_of(self.plan.segments, phase)
            self._tell("progress", **asdict(self._recent.show(now, phase, now - self._phases.began_at, total, users)))

    def _read_cpu(self) -> None:
        if self._phases.current == "measure":
            self._health.cpu(self.now(), time.process_time())


_ENVIRONMENT: Final[Mapping[str, str]] = os.environ


def _sample(outcome: Outcome, phase: str) -> Sample:
    answer = outcome.answer
    request = outcome.request
    return Sample(
        id=outcome.id,
        virtual_user=outcome.user,
        flow=request.flow,
        step=request.step,
        endpoint=request.endpoint,
        named=request.named,
        phase=phase,
        intended_at=outcome.intended_at,
        sent_at=answer.sent_at,
        first_byte_at=answer.first_byte_at,
        finished_at=answer.finished_at,
        connect_time=answer.connect_time,
        reconnect=answer.reconnect,
        status=answer.status,
        bytes=len(answer.body),
        error=outcome.error,
    )
