"""A worker: plays its share of the load that its master orders, says how it goes, and hands over what it recorded."""

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from queue import Empty
from typing import Any, Final, Protocol

import gevent

from perfkit.errors import PerfkitError
from perfkit.evidence import Phase
from perfkit.load.account import Beat
from perfkit.load.channel import Post
from perfkit.load.compile import compile_plan
from perfkit.load.generator import Audience, Generator
from perfkit.load.many import errand, wire
from perfkit.load.many.pieces import Parcel
from perfkit.load.many.wire import Mail
from perfkit.load.plan import Plan
from perfkit.load.recorder import Recorder
from perfkit.load.share import Share
from perfkit.scenario.model import Scenario
from perfkit.scenario.secrets import mask_text

ALIVE_EVERY: Final = 1.0
# After its last word, for the master to have taken note of it.
FAREWELL: Final = 5.0


class Line(Protocol):
    """The way to the master; whoever loses it ends the process."""

    number: int
    is_over: bool  # set: losing the master is no loss any more

    def say(self, word: str, data: Mapping[str, Any]) -> None: ...

    def hear(self, limit: float | None) -> Mail:
        """Raises Empty when nothing comes in time."""
        ...


class Worker:
    """Between its master and a generator; also the generator's audience."""

    def __init__(self, line: Line, post: Post, generate: Callable[[Plan, Recorder, Audience], Generator]) -> None:
        self._line = line
        self._post = post
        self._generate = generate
        self._generator: Generator | None = None
        self._parcel: Parcel | None = None
        self._go_at: float | None = None
        self._is_drained = False
        self._is_over = False

    def run(self, news: Callable[[str], None]) -> None:
        """Returns when the master knows everything."""
        try:
            with ExitStack() as stack:
                self._work(stack, news)
        except PerfkitError as error:
            self._fail(mask_text(error.message), error.hint)
            raise
        except Exception as error:
            # Whatever it is, the master is told: nobody reads this process's own words.
            self._fail(mask_text(f"{type(error).__name__}: {error}"), "")
            raise

    def _work(self, stack: ExitStack, news: Callable[[str], None]) -> None:
        order = self._line.hear(None)
        while order.word != wire.ORDER:
            order = self._line.hear(None)
        said = order.data
        # One that has come from elsewhere has no folder of the run's: it works in one of its own.
        is_own = bool(self._post.samples)
        folder = Path(self._post.samples) if is_own else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perfkit-")))
        scenario = Scenario.model_validate_json(said["scenario"]) if is_own else errand.scenario_here(said, folder, os.environ)
        plan = compile_plan(scenario, said["profile"], said["profile_for"], said["run_id"], Share(self._line.number, said["of"]))
        self._generator = self._generate(plan, Recorder(folder, self._line.number), self)
        if not is_own:
            self._parcel = Parcel(folder, self._line.number)
            news(f"generator process {self._line.number} of {said['of']} for run {said['run_id']} at {scenario.target.base_url}")
        self._line.say(wire.READY, {})
        gevent.spawn(self._keep_alive)
        while self._go_at is None and not self._is_drained:
            self._take(self._line.hear(None))
        if self._go_at is None:
            return
        gevent.spawn(self._listen)
        conclusion = self._generator.run(self._go_at)
        self._hand_over()
        sizes = {} if self._parcel is None else dict(self._parcel.sizes)
        self._line.say(wire.CONCLUSION, {**conclusion.write(), "sizes": sizes})
        self._await_end()
        if not is_own:
            news(f"{conclusion.rows} requests are on the master's record")

    # generator.Audience

    def begin(self, phase: Phase, at: float, /) -> None:
        self._line.say(wire.BEGIN, {"phase": phase, "at": at})

    def end(self, phase: Phase, at: float, /) -> None:
        self._line.say(wire.FINISH, {"phase": phase, "at": at})

    def meet(self, at: float, /) -> None:
        self._line.say(wire.MEET, {"at": at})

    def beat(self, beat: Beat, /) -> None:
        self._line.say(wire.BEAT, beat.write())
        self._send_piece()

    # From the master

    def _listen(self) -> None:
        while not self._is_over:
            try:
                self._take(self._line.hear(1.0))
            except Empty:
                continue

    def _take(self, mail: Mail) -> None:
        if mail.word == wire.ASK_CLOCK:
            self._line.say(wire.CLOCK, {"asked_at": mail.data["asked_at"], "answered_at": mail.heard_at})
        elif mail.word == wire.GO:
            self._go_at = float(mail.data["at"])
        elif mail.word == wire.END:
            self._is_over = True
            if self._generator is not None:
                self._generator.stop()
        elif mail.word == wire.DRAIN:
            self._is_drained = True
            if self._generator is not None:
                self._generator.stop()
        elif mail.word == wire.ONWARD and self._generator is not None:
            self._generator.go_on(float(mail.data["at"]))
        elif mail.word == wire.HAD and self._parcel is not None:
            self._parcel.had(mail.data["file"], mail.data["size"])
            self._send_piece()

    def _send_piece(self) -> None:
        piece = None if self._parcel is None else self._parcel.next()
        if piece is not None:
            self._line.say(wire.PIECE, {"file": piece.file, "offset": piece.offset, "data": piece.data})

    def _hand_over(self) -> None:
        while self._parcel is not None and not self._parcel.is_delivered and not self._is_over:
            self._send_piece()
            gevent.sleep(0.01)

    def _keep_alive(self) -> None:
        while True:
            gevent.sleep(ALIVE_EVERY)
            self._line.say(wire.ALIVE, {})

    def _await_end(self) -> None:
        limit = time.monotonic() + FAREWELL
        while not self._is_over and time.monotonic() < limit:
            gevent.sleep(0.01)

    def _fail(self, message: str, hint: str) -> None:
        self._line.say(wire.FAILED, {"message": message, "hint": hint})
        self._line.is_over = True  # a master that ends for it does not hide why
        limit = time.monotonic() + FAREWELL
        if self._go_at is not None:
            self._await_end()
        while self._go_at is None and time.monotonic() < limit:
            try:
                if self._line.hear(limit - time.monotonic()).word == wire.END:
                    return
            except Empty:
                return
