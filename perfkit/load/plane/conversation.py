"""One conversation of one virtual user: what has come is kept in order until somebody's turn takes it.

Nothing that came is lost, and nothing is told twice: a conversation that breaks off is the failure of the turn that is under
way, or of the next one.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from perfkit.load.exchange import Error, Exchange
from perfkit.load.plane.line import Line
from perfkit.load.turns import Turn

# So many messages may wait for their turn; then the target is kept waiting, as TCP does it.
MOST_KEPT: Final = 1_000


class Came(NamedTuple):
    """One message."""

    began_at: float  # when its first byte came
    at: float
    kind: str  # text or bytes; the type of a server-sent event
    content: bytes


class Conversation(Line, ABC):
    """From its opening to its end; `on_end` is called once for each turn that `write` has taken."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float], on_end: Callable[[], None]) -> None:
        self.is_open = False
        self.is_waiting = False
        self._exchange = exchange
        self._clock = clock
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._came: deque[Came] = deque()
        self._over: tuple[Error, str] | None = None  # why nothing more will come
        self._is_closing = False  # the last word has been said, and the target's is waited for
        self._status = 0
        self._is_paused = False

    # What the client calls

    def is_stale(self) -> bool:
        return False

    def write(self) -> bool:
        """Takes the exchange's turn."""
        turn = cast("Turn", self._exchange.turn)
        self.is_waiting = True
        if turn.opens:
            self._ask(turn)
        else:
            if self._exchange.request and not self.say(self._exchange.request):
                self.fail(*(self._over or ("reset", "the conversation is over")))
                return True
            if self._came or self._over is not None:
                # Later: whoever takes many turns that are answered already must not be called from within each of them.
                asyncio.get_running_loop().call_soon(self._look)
        return True

    def say(self, message: bytes) -> bool:
        """Sends a message that nobody waits for an answer to; False when that cannot be done any more."""
        if not self.is_open or self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(self._framed(message))
        return True

    def part(self, code: int) -> bool:
        """Says the last word; True when the target's is waited for, until on_end."""
        self._is_closing = self._farewell(code)
        self.is_waiting = self._is_closing
        if not self._is_closing:
            self.drop()
        return self._is_closing

    def leave(self, code: int) -> None:
        """Goes without waiting for anything."""
        if self._farewell(code) and self._transport is not None:
            self._transport.close()  # what has been written still leaves
        else:
            self.drop()
        self.is_open = self.is_waiting = False

    def drop(self) -> None:
        """Closes it at once; a turn under way must have been failed before."""
        self.is_open = False
        self.is_waiting = False
        self._came.clear()
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: Error, problem: str) -> None:
        """Ends the turn under way as a failure; a farewell that is not answered is none."""
        was_closing, self._is_closing = self._is_closing, False
        if not was_closing:
            self._exchange.fail(error, problem, self._clock())
        self.drop()
        self._on_end()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._transport = None
        self._finish("reset", str(exc) if exc else "the target closed the connection")

    # What each kind says in its own way

    @abstractmethod
    def _ask(self, turn: Turn) -> None:
        """Sends the request that opens it."""

    @abstractmethod
    def _framed(self, message: bytes) -> bytes:
        """A message as bytes."""

    @abstractmethod
    def _farewell(self, code: int) -> bool:
        """Says the last word; True when there is one, and the target answers it."""

    # For each kind

    def _opened(self, status: int, headers: list[tuple[str, str]], now: float, body: bytes = b"") -> None:
        """The opening has come to its outcome."""
        exchange = self._exchange
        exchange.is_clean = False
        exchange.status = self._status = status
        exchange.headers = headers
        exchange.body = body
        exchange.finished_at = now
        self.is_waiting = False
        self._on_end()

    def _keep(self, came: Came) -> None:
        self._came.append(came)
        if len(self._came) > MOST_KEPT and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def _finish(self, error: Error, problem: str) -> None:
        """Nothing more will come."""
        if self._over is None:
            self._over = (error, problem)
        if self._is_closing:
            self._is_closing = self.is_waiting = False
            self._on_end()
        else:
            self._look()

    def _look(self) -> None:
        """Whose turn it is takes the first message that is meant for it."""
        if not self.is_waiting or self._is_closing:
            return
        exchange = self._exchange
        takes = cast("Turn", exchange.turn).takes
        while self._came:
            came = self._came.popleft()
            exchange.size += len(came.content)
            exchange.is_clean = False
            if takes is None or takes(came.kind, came.content):
                self._take(came)
                return
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        if self._over is not None:
            self.fail(*self._over)

    def _take(self, came: Came) -> None:
        exchange = self._exchange
        exchange.status = self._status
        exchange.body = came.content
        # What had come before it was waited for has not been waited for.
        exchange.first_byte_at = max(came.began_at, exchange.sent_at)
        exchange.finished_at = max(came.at, exchange.sent_at)
        self.is_waiting = False
        self._on_end()
