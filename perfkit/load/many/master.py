"""The master of several generator processes: hires them, lets them begin at one instant, adds up what they say, and ends them."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from queue import Empty
from typing import Any, Final, Protocol

from perfkit.errors import LoadError
from perfkit.load import clockfile
from perfkit.load.account import Beat, Conclusion
from perfkit.load.breaker import Breaker
from perfkit.load.channel import Order
from perfkit.load.compile import segments
from perfkit.load.many import clock, errand, missed, wire
from perfkit.load.many.clock import Clocks, Echo
from perfkit.load.many.own import OwnWorker
from perfkit.load.many.pieces import SAMPLES, Piece, Store
from perfkit.load.many.roster import Member
from perfkit.load.many.wire import Mail
from perfkit.load.recorder import RECORD
from perfkit.load.tally import Tally, Tell

BEAT: Final = 0.2
# A worker speaks five times a second; one that is silent for so long is lost: it may still send, but nobody can stop it.
SILENCE: Final = 10.0
# Own workers start as the master does: Locust takes a second or two, several times that on a busy machine.
HIRE_LIMIT: Final = 50.0
# From "go" to the first request: longer than a message takes to any machine that shares a data centre.
LEAD: Final = 0.5
END_LIMIT: Final = 5.0  # for own processes to go once their end is known


class Gate(Protocol):
    """The way to the workers; only those who were admitted can be sent to, or heard."""

    @property
    def port(self) -> int: ...

    @property
    def members(self) -> Mapping[str, Member]: ...

    def say(self, number: int, word: str, data: Mapping[str, Any]) -> None: ...

    def hear(self, limit: float) -> Mail:
        """Raises Empty when nothing comes in time."""
        ...


class Master:
    """One load; `hire` starts an own worker, whose end comes as mail."""

    def __init__(self, order: Order, gate: Gate, tell: Tell, hire: Callable[[int], OwnWorker]) -> None:
        self._order = order
        self._gate = gate
        self._tell = tell
        self._size = order.workforce.size
        self._segments = segments(order.scenario, order.profile, order.profile_for)
        self._store = Store(order.samples)
        self._own = [hire(number) for number in range(order.workforce.processes)]
        self._heard_at: dict[int, float] = {}
        self._ready: set[int] = set()
        self._clocks = Clocks()
        self._has_gone = False
        self._is_asked_to_end = False
        self._takers: Mapping[str, Callable[[Mail], None]] = {
            wire.JOINED: self._admitted,
            wire.NEWS: self._news,
            wire.STARTED: self._go,
            wire.STOPPED: self._drain,
            wire.DIED: self._died,
            wire.READY: self._is_ready,
            wire.CLOCK: self._has_echoed,
            wire.BEGIN: self._has_begun,
            wire.FINISH: self._has_finished,
            wire.BEAT: self._beats,
            wire.MEET: self._meets,
            wire.PIECE: self._piece,
            wire.CONCLUSION: self._concludes,
            wire.FAILED: self._fails,
            wire.ALIVE: lambda _mail: None,
        }
        self.tally = Tally(self._segments, dict.fromkeys(range(self._size), ""), tell, Breaker(order.scenario))
        self.tally.stop = self._drain_all

    def run(self) -> None:
        self._gather()
        self._set_clocks()
        self._tell("ready", pids=[os.getpid(), *(worker.pid for worker in self._own)])
        while not self._has_gone and not self._is_asked_to_end:
            self._attend()
            self._require_everybody(time.monotonic())
        if not self._has_gone:
            self._tell("finished", health=None)
            return
        self._begin()
        self._follow()
        self._settle_accounts()
        for worker in self._own:
            worker.end(END_LIMIT)

    def _gather(self) -> None:
        """Until every worker has compiled the plan."""
        joining = self._order.workforce.joining
        if joining:
            self._tell("news", text=f"waiting for {joining} worker{'s' if joining > 1 else ''} at {self._place()}")
        limit = time.monotonic() + HIRE_LIMIT
        while len(self._ready) < self._size:
            self._attend()
            self._require_everybody(time.monotonic())
            own = sum(number < len(self._own) for number in self._ready)
            if own < len(self._own) and time.monotonic() > limit:
                message = f"{len(self._own) - own} of {len(self._own)} generator processes did not come up"
                raise LoadError(message, hint="Look at the machine's load, then try again.")
        for member in self._gate.members.values():
            self.tally.workers[member.number].name = member.name

    def _set_clocks(self) -> None:
        """Workers whose machine has another clock are asked for it before the load."""
        here = clock.machine()
        for member in self._gate.members.values():
            if not here or member.machine != here:
                self._measure_clock(member.number)

    def _measure_clock(self, number: int) -> None:
        for _ in range(clock.QUESTIONS):
            known = self._clocks.answers(number)
            self._gate.say(number, wire.ASK_CLOCK, {"asked_at": time.monotonic()})
            limit = time.monotonic() + SILENCE
            while self._clocks.answers(number) == known:
                self._attend()
                if time.monotonic() > limit:
                    raise LoadError(f"{self._name(number)} does not answer", hint="Look at the network between the two machines.")
        found = self._clocks.settle(number)
        self.tally.workers[number].clock_error = found.error
        clockfile.write(self._order.samples, number, found.seconds, found.error)

    def _begin(self) -> None:
        at = time.monotonic() + LEAD
        for number in range(self._size):
            self._gate.say(number, wire.GO, {"at": self._clocks.there(number, at)})

    def _follow(self) -> None:
        shown_at = 0.0
        while not self.tally.is_over:
            self._attend()
            now = time.monotonic()
            if now - shown_at >= BEAT:
                shown_at = now
                self.tally.progress(now)
                self._miss_the_silent(now)
            if self.tally.have_met():
                for number in self._living():
                    self._gate.say(number, wire.ONWARD, {"at": self._clocks.there(number, now + LEAD)})

    def _settle_accounts(self) -> None:
        if self.tally.are_all_lost:
            why = self.tally.workers[0].lost
            raise LoadError(f"no generator process is left: {why}", hint="The samples until then were kept.")
        of = missed.unsent(self._order, self._size)
        self._tell("finished", health=asdict(self.tally.health(of)))

    # Mail

    def _attend(self) -> None:
        """Takes one message, if one comes within a beat."""
        try:
            mail = self._gate.hear(BEAT)
        except Empty:
            return
        if mail.word in wire.OF_WORKER:
            if self.tally.workers[mail.sender].is_over:
                return  # it was given up
            self._heard_at[mail.sender] = mail.heard_at
        self._takers[mail.word](mail)

    def _admitted(self, mail: Mail) -> None:
        order = self._order
        member = next(member for member in self._gate.members.values() if member.number == mail.sender)
        self._heard_at[mail.sender] = mail.heard_at
        if not member.is_own:
            here = sum(not known.is_own for known in self._gate.members.values())
            self._tell("news", text=f"{member.name} has joined ({here} of {order.workforce.joining})")
        self._gate.say(mail.sender, wire.ORDER, errand.written(order, for_elsewhere=not member.is_own))

    def _news(self, mail: Mail) -> None:
        self._tell("news", text=mail.data)

    def _go(self, _mail: Mail) -> None:
        self._has_gone = True

    def _drain(self, _mail: Mail) -> None:
        self._is_asked_to_end = True
        self._drain_all()

    def _drain_all(self) -> None:
        for number in self._living():
            self._gate.say(number, wire.DRAIN, {})

    def _is_ready(self, mail: Mail) -> None:
        self._ready.add(mail.sender)

    def _has_echoed(self, mail: Mail) -> None:
        echo = Echo(float(mail.data["asked_at"]), float(mail.data["answered_at"]), mail.heard_at)
        self._clocks.hear(mail.sender, echo)

    def _has_begun(self, mail: Mail) -> None:
        self.tally.begin(mail.sender, mail.data["phase"], self._here(mail))

    def _has_finished(self, mail: Mail) -> None:
        self.tally.end(mail.sender, mail.data["phase"], self._here(mail))

    def _meets(self, mail: Mail) -> None:
        self.tally.meet(mail.sender, self._here(mail))

    def _beats(self, mail: Mail) -> None:
        self.tally.beat(mail.sender, Beat.read(mail.data, round(-self._clocks.here(mail.sender, 0.0))), mail.heard_at)

    def _piece(self, mail: Mail) -> None:
        piece = Piece(mail.data["file"], mail.data["offset"], mail.data["data"])
        self._gate.say(mail.sender, wire.HAD, {"file": piece.file, "size": self._store.take(mail.sender, piece)})

    def _concludes(self, mail: Mail) -> None:
        """Its last word; what it says is on record must be on this machine's disk."""
        conclusion = Conclusion.read(mail.data)
        if conclusion.capped_at is not None:
            conclusion = replace(conclusion, capped_at=self._clocks.here(mail.sender, conclusion.capped_at))
        rows = self._rows(mail.sender)
        if rows == conclusion.rows:
            self.tally.conclude(mail.sender, conclusion)
        else:
            self._lose(mail.sender, f"says that it recorded {conclusion.rows} requests, and {rows} are here")
        self._gate.say(mail.sender, wire.END, {})

    def _fails(self, mail: Mail) -> None:
        if not self._has_gone:
            raise LoadError(f"{self._name(mail.sender)}: {mail.data['message']}", hint=str(mail.data["hint"]))
        self._lose(mail.sender, f"failed: {mail.data['message']}")

    def _died(self, mail: Mail) -> None:
        """An own process has ended; one whose account is settled may."""
        if self.tally.workers[mail.sender].is_over:
            return
        if not self._has_gone:
            message = f"{self._name(mail.sender)} died before the load began ({mail.data})"
            raise LoadError(message, hint="Look at the machine's memory, then try again.")
        self._lose(mail.sender, f"died ({mail.data})")

    # Workers

    def _require_everybody(self, now: float) -> None:
        """A worker that is ready beats, too."""
        for number in self._ready:
            if now - self._heard_at[number] > SILENCE:
                raise LoadError(f"{self._name(number)} has gone", hint="Start it again, then the run.")

    def _miss_the_silent(self, now: float) -> None:
        for number in self._living():
            if now - self._heard_at[number] > SILENCE:
                self._lose(number, f"was silent for {SILENCE:.0f} s")

    def _lose(self, number: int, what: str) -> None:
        since = "" if self._started_at is None else f" {time.monotonic() - self._started_at:.1f} s into the load"
        why = f"{self._name(number)} {what}{since}"
        self._tell("news", text=why)
        # Whatever it still does, nobody could stop it later.
        self._gate.say(number, wire.END, {})
        if number < len(self._own):
            self._own[number].kill()
        self.tally.lose(number, why, time.monotonic(), self._rows(number))

    @property
    def _started_at(self) -> float | None:
        return min((at for worker in self.tally.workers.values() for at in worker.begun.values()), default=None)

    def _living(self) -> list[int]:
        return [number for number, worker in self.tally.workers.items() if not worker.is_over]

    def _name(self, number: int) -> str:
        name = next((member.name for member in self._gate.members.values() if member.number == number), "")
        return f"generator process {number} ({name})" if name else f"generator process {number}"

    def _rows(self, number: int) -> int:
        return self._store.size(number, SAMPLES) // RECORD.size

    def _here(self, mail: Mail) -> float:
        return self._clocks.here(mail.sender, float(mail.data["at"]))

    def _place(self) -> str:
        host = self._order.workforce.host
        return f"[{host}]:{self._gate.port}" if ":" in host else f"{host}:{self._gate.port}"
