"""A stream of server-sent events of one virtual user: an answer that is read as it comes, and hung up on when enough has come."""

from collections.abc import Callable
from typing import Final

import httptools

from perfkit.load.exchange import Exchange
from perfkit.load.plane.conversation import Came, Conversation
from perfkit.load.plane.events import Events
from perfkit.load.turns import Turn

_OK: Final = 200
_FINAL: Final = 200  # statuses below announce an answer that is still to come
_FIRST_FAILURE: Final = 400
_TYPE: Final = "text/event-stream"
_FRAMES: Final = frozenset({"content-length", "transfer-encoding"})
_BROKEN: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class EventStream(Conversation):
    """The first event is the answer to the request that opens it."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float], on_end: Callable[[], None]) -> None:
        super().__init__(exchange, clock, on_end)
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._headers: list[tuple[str, str]] = []
        self._events = Events()
        self._body: list[bytes] = []  # of an answer that is no stream
        self._is_stream = False
        self._has_head = False
        self._now = 0.0
        self._began_at: float | None = None
        self._first_byte_at: float | None = None
        self._code = 0

    def data_received(self, data: bytes) -> None:
        self._now = now = self._clock()
        if self._first_byte_at is None:
            self._first_byte_at = now
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except _BROKEN as error:
            self.is_open = False
            self._finish("protocol", str(error) or type(error).__name__)
            return
        if self._is_stream:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        # Parsers and what they report to hold each other, and nobody collects garbage while requests are timed.
        self._parser = None
        has_end = any(name in _FRAMES for name, _ in self._headers)
        if exc is None and self._has_head and not has_end:
            self._end_of_body()
        super().connection_lost(exc)

    # Conversation

    def _ask(self, turn: Turn) -> None:  # noqa: ARG002  the request says it all
        if self._transport is not None:
            self._transport.write(self._exchange.request)

    def _framed(self, message: bytes) -> bytes:
        raise NotImplementedError  # nothing is said on a stream: the model knows no such step

    def _farewell(self, code: int) -> bool:  # noqa: ARG002  it is hung up
        return False

    def _take(self, came: Came) -> None:
        if self._status:
            super()._take(came)
            return
        exchange = self._exchange
        exchange.first_byte_at = self._first_byte_at or came.at
        self._opened(self._code, self._headers, came.at, came.content)

    # What the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:
            self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < _FINAL:
            self._headers.clear()
            return
        self._has_head = True
        self._code = status
        known = dict(self._headers)
        is_plain = known.get("content-encoding", "identity").lower() == "identity"
        self._is_stream = status == _OK and known.get("content-type", "").partition(";")[0].strip().lower() == _TYPE and is_plain

    def on_body(self, body: bytes) -> None:
        if not self._is_stream:
            self._body.append(body)
            return
        if self._began_at is None:
            self._began_at = self._now
        for event in self._events.feed(body):
            self._keep(Came(self._began_at, self._now, event.kind, event.data))
            self._began_at = self._now
        if self._events.is_between:
            self._began_at = None

    def on_message_complete(self) -> None:
        if self._has_head:
            self._end_of_body()

    def _end_of_body(self) -> None:
        self.is_open = False
        if self._is_stream:
            self._finish("expectation", "the stream ended before the event came")
        elif self.is_waiting and not self._status:
            self._no_stream()

    def _no_stream(self) -> None:
        """Something else was the answer: an error that says so itself, or nothing that this step can read."""
        exchange = self._exchange
        exchange.first_byte_at = self._first_byte_at or self._now
        if self._code < _FIRST_FAILURE:
            known = dict(self._headers)
            self.fail("protocol", f"status {self._code} and {known.get('content-type', 'no type')} is no plain event stream")
            return
        body = b"".join(self._body)
        exchange.size = len(body)
        self._opened(self._code, self._headers, self._now, body)
