"""The parent's side of the load: starts the generator process, follows its phases, ends it and never outlives it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, Final, TypeAlias

from perfkit.errors import LoadError
from perfkit.evidence import GeneratorHealth, Halt, Interval, Phase, RunDirectory
from perfkit.load.channel import ALONE, DRAIN, GO, Order, Post, Workforce, send_order
from perfkit.load.progress import Progress
from perfkit.scenario.model import Scenario
from perfkit.scenario.secrets import mask_text
from perfkit.target import pinning

Message: TypeAlias = dict[str, Any]
Tick: TypeAlias = Callable[[Progress], object]
News: TypeAlias = Callable[[str], object]

# Importing Locust takes a second or two; a machine that is busy starting a target, several times that.
START_LIMIT: Final = 60.0
# The generator drains for 10 s at most, then compresses the answers that it kept.
END_LIMIT: Final = 30.0
# A generator that says nothing for so long hangs: it speaks five times a second.
SILENCE_LIMIT: Final = 60.0
LEAVE_LIMIT: Final = 3.0
WAKE: Final = 0.5  # how long a person waits for Ctrl-C at most
LAST_LINES: Final = 20  # of the generator's standard error, for the error message
PACKAGES: Final = Path(__file__).resolve().parents[2]


class Drive:
    """A load under way. Not an iterator's frame but an object, so that an interrupt in mid-phase leaves it usable."""

    def __init__(self, process: "subprocess.Popen[bytes]", epoch: float, news: News) -> None:
        self.pid: Final = process.pid
        self.pids: tuple[int, ...] = (process.pid,)  # of this machine's generator processes, with their master
        self.intervals: list[Interval] = []
        self.health: GeneratorHealth | None = None  # None until it has finished, or when it died
        self.was_interrupted = False  # somebody stopped it in the web UI
        self.web = ""  # where Locust's web UI is, if it is open
        self.halt: Halt | None = None  # what made the generator end the load before its time
        self._process = process
        self._epoch = epoch
        self._news = news
        self._messages: SimpleQueue[Message | None] = SimpleQueue()
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._begun: deque[Phase] = deque()
        self._present: tuple[Phase, float] | None = None  # the phase under way and when it began
        self._has_ended = False
        self._is_ready = False
        self._is_draining = False
        self._readers = [
            threading.Thread(target=self._read_messages, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def phases(self, tick: Tick | None = None) -> Iterator[Phase]:
        """Each phase when it begins; asking for the next waits until the present one has ended. `tick` may raise."""
        return _Phases(self, tick)

    def interrupt(self) -> None:
        """Ends the load early and returns when what was in flight has come in and everything is written."""
        # Asked once: a wait that a second Ctrl-C broke off is not begun anew when the block is left.
        if not self._has_ended and not self._is_draining:
            self._is_draining = True
            self._say(DRAIN)
            self._await(lambda: self._has_ended, END_LIMIT, None)

    def order(self, order: Order | Post, limit: float | None) -> None:
        """Tells the generator what to do and waits until it could begin."""
        assert self._process.stdin is not None
        try:
            send_order(self._process.stdin, order)
        except BrokenPipeError:
            raise self._death() from None
        self._await(lambda: self._is_ready, limit, None, silence=None)

    def next_phase(self, tick: Tick | None) -> Phase | None:
        """The next phase, or None when the load has ended."""
        self._await(lambda: bool(self._begun) or self._has_ended, None, tick)
        return self._begun.popleft() if self._begun else None

    def follow(self) -> None:
        """To the end of what somebody else commands."""
        self._await(lambda: self._has_ended, None, None, silence=None)

    def leave(self) -> None:
        """Nothing more is sent; whoever commands is told."""
        self._say(DRAIN)
        self._wait(LEAVE_LIMIT)

    def go(self) -> None:
        self._say(GO)

    def close(self) -> None:
        """Whatever happened, no generator is left behind."""
        if self._process.poll() is None and self._has_ended:
            self._wait(END_LIMIT)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            _close(pipe)

    def _wait(self, limit: float) -> None:
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _await(
        self, is_reached: Callable[[], bool], limit: float | None, tick: Tick | None, silence: float | None = SILENCE_LIMIT
    ) -> None:
        """Follows the generator's messages until something is reached; raises LoadError when it cannot be any more."""
        deadline = None if limit is None else time.monotonic() + limit
        heard_at = time.monotonic()
        while not is_reached():
            try:
                # Not at one stretch: polars has the kernel go on with a wait that Ctrl-C has interrupted.
                message = self._messages.get(timeout=WAKE)
            except Empty:
                now = time.monotonic()
                if (now >= deadline) if deadline is not None else (silence is not None and now - heard_at > silence):
                    raise LoadError(
                        "the generator does not answer any more", hint="Look at the machine's load, then try again."
                    ) from None
                continue
            heard_at = time.monotonic()
            if message is None:
                raise self._death()
            self._take(message, tick)

    def _take(self, message: Message, tick: Tick | None) -> None:
        event = message.pop("event")
        if event == "ready":
            self._is_ready = True
            self.pids = tuple(message["pids"])
        elif event == "begin":
            self._present = (message["phase"], message["at"])
            self._begun.append(message["phase"])
        elif event == "end":
            self._close_interval(message["at"])
        elif event == "finished":
            self.health = GeneratorHealth.read(message["health"]) if message["health"] else None
            self._has_ended = True
        elif event == "failed":
            self._has_ended = True
            self._close_interval(time.monotonic())
            raise LoadError(message["message"], hint=message["hint"])
        elif event == "progress":
            if tick is not None:
                tick(Progress(**message))
        else:
            self._note(event, message)

    def _note(self, event: str, message: Message) -> None:
        """What the phases do not depend on."""
        if event == "news":
            self._news(message["text"])
        elif event == "interrupted":
            self.was_interrupted = True
        elif event == "web":
            self.web = message["url"]
        elif event == "halted":
            self.halt = Halt(**{**message, "at": message["at"] - self._epoch})

    def _close_interval(self, at: float) -> None:
        if self._present is not None:
            phase, began_at = self._present
            self.intervals.append(Interval(phase, began_at - self._epoch, at - self._epoch))
            self._present = None

    def _death(self) -> LoadError:
        self._has_ended = True
        self._close_interval(time.monotonic())
        status = self._process.wait()
        self._readers[1].join(timeout=1.0)
        said = "\n  ".join(mask_text(text) for text in self._last_lines)
        detail = f"; its last words:\n  {said}" if said else ""
        return LoadError(f"the generator process died (exit status {status}){detail}", hint="The samples until then were kept.")

    def _say(self, word: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(word)
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended, and its last message says how

    def _read_messages(self, pipe: IO[bytes]) -> None:
        for text in pipe:
            self._messages.put(json.loads(text))
        self._messages.put(None)

    def _read_errors(self, pipe: IO[bytes]) -> None:
        for text in pipe:
            self._last_lines.append(text.decode(errors="replace").rstrip())


class _Phases:
    """An iterator that an exception does not close: after a Ctrl-C the phases can still be followed to their end."""

    def __init__(self, drive: Drive, tick: Tick | None) -> None:
        self._drive = drive
        self._tick = tick
        self._has_begun = False

    def __iter__(self) -> Iterator[Phase]:
        return self

    def __next__(self) -> Phase:
        if not self._has_begun:
            self._has_begun = True
            self._drive.go()
        phase = self._drive.next_phase(self._tick)
        if phase is None:
            raise StopIteration
        return phase


@contextmanager
def driving(
    scenario: Scenario,
    profile: str,
    directory: RunDirectory,
    run_id: str,
    profile_for: float,
    epoch: float,
    workforce: Workforce = ALONE,
    news: News = str,
    *,
    responder: int | None = None,
    web: bool = False,
) -> Generator[Drive]:
    """Starts the generator and waits until it could begin; drains it if it still runs when the block is left.

    With the port of a null responder, it is that which is loaded and not the target.
    """
    drive = Drive(_start(scenario.generator.cores), epoch, news)
    try:
        # People start workers elsewhere: that takes as long as it takes.
        limit = None if workforce.joining else START_LIMIT
        order = Order(scenario, profile, directory.samples, run_id, profile_for, os.getpid(), workforce, responder, web)
        drive.order(order, limit)
        try:
            yield drive
        finally:
            drive.interrupt()
    finally:
        drive.close()


def work(post: Post, news: News) -> None:
    """One worker of somebody else's run, to its end."""
    drive = Drive(_start(), 0.0, news)
    try:
        drive.order(post, None)
        drive.follow()
    except KeyboardInterrupt:
        drive.leave()
        raise
    finally:
        drive.close()


def _start(cores: Collection[int] | None = None) -> "subprocess.Popen[bytes]":
    # Found again wherever this package was imported from.
    paths = [str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pinning.inherited(cores):
        return subprocess.Popen(
            [sys.executable, "-m", "perfkit.load.locustfile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its arithmetic is small: a pool of threads per library would only be memory and wake-ups.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"},
            # A group of its own: the terminal's signals go to perfkit alone.
            start_new_session=True,
        )


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        # What could not be said any more need not be said.
        with suppress(BrokenPipeError):
            pipe.close()
