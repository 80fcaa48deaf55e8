"""One connection of one virtual user: bytes out, and an answer parsed once on its way in.

An answer that nobody reads is only counted: its headers never become objects. Nothing is sent twice here: a connection that
was closed before the first byte of a request left says so, and its owner opens another one; after that byte it is a failure.
"""

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import Final, cast

import httptools

from perfkit.load.destination import Destination
from perfkit.load.exchange import Exchange, TransportError
from perfkit.load.plane.answers import END_OF_HEAD, FINAL, UNUSUAL, VERSION, Count, Whole, parsed
from perfkit.load.plane.line import Line
from perfkit.load.plane.manners import Manners, has_spoken

_BROKEN: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class Connection(Line):
    """From its opening to its end; `on_end` is called once for each request that `write` has taken."""

    __slots__ = (
        *("_clock", "_counted", "_descriptor", "_exchange", "_feed", "_head", "_keeps", "_manners"),
        *("_on_end", "_pieces", "_spare", "_status", "_to_begin", "_to_complete", "_transport", "_whole"),
        *("is_open", "is_waiting"),
    )

    def __init__(
        self, exchange: Exchange, where: Destination, manners: Manners, clock: Callable[[], float], on_end: Callable[[], None]
    ) -> None:
        self.is_open = False
        self._manners = manners
        self._exchange = exchange
        self._clock = clock
        self._on_end = on_end
        self._keeps = where.keepalive
        self._transport: asyncio.Transport | None = None
        self._descriptor = -1  # for writing past the transport; -1 when that cannot be done
        self.is_waiting = False
        self._head: bytes | None = None  # the first bytes of an answer that is counted
        self._whole: Whole | None = None
        self._spare: Whole | None = None  # with its parser at the beginning of an answer

    def is_stale(self) -> bool:
        """The target has closed it, or has sent something that nobody asked for; asked before a byte is sent."""
        if not self._manners.closes_silently:
            return False  # what was closed a while ago, the loop has told
        return self._descriptor >= 0 and has_spoken(self._descriptor)

    def write(self) -> bool:
        """Sends the exchange's request; False when the connection turned out to be closed and nothing has left."""
        request = self._exchange.request
        transport = cast("asyncio.Transport", self._transport)
        if self._descriptor < 0:
            if transport.is_closing():
                return False
            self.is_waiting = True
            transport.write(request)
            return True
        self.is_waiting = True
        try:
            sent = os.write(self._descriptor, request)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.is_waiting = False
            self.drop()
            return False
        if sent < len(request):
            transport.write(request[sent:])
        return True

    def drop(self) -> None:
        """Closes it at once; a request under way must have been failed before."""
        self.is_open = False
        self.is_waiting = False
        self._head = None
        self._forget_whole()
        if self._transport is not None:
            self._transport.abort()

    def fail(self, error: TransportError, problem: str) -> None:
        """Ends the request under way as a failure."""
        self._exchange.fail(error, problem, self._clock())
        self.drop()
        self._on_end()

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True
        self._begin_counting()
        if transport.get_extra_info("ssl_object") is None:
            self._descriptor = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        now = self._clock()
        if not self.is_waiting:
            self.drop()  # nobody asked for it: whatever follows could not be told from an answer
            return
        exchange = self._exchange
        if self._whole is not None:
            self._read(self._whole, data, now)
            return
        if self._head is None:
            exchange.first_byte_at = now
            if exchange.is_head:
                self._read_whole(data, now)
                return
            self._head = data
        try:
            self._feed(data)
        except _BROKEN as error:
            self._garbled(data, str(error), now)
            return
        if self._to_complete:
            self._go_on(data, now)
            return
        status = self._status()
        head = self._head
        if status < FINAL or UNUSUAL.search(head) or not head.startswith(VERSION):
            self._unusual(data, now)
            return
        exchange.status = status
        if exchange.is_whole:
            self._take_body()
            exchange.head = head[: head.find(END_OF_HEAD)]
        else:
            exchange.size = self._size()
        exchange.finished_at = now
        self._to_begin.append(None)
        self._to_complete.append(None)
        self._head = None
        self.is_waiting = False
        if not self._keeps:
            self.drop()
        self._on_end()

    def eof_received(self) -> None:
        self.is_open = False  # the loop closes it, and says so a moment later
        self._manners.closes_silently = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._descriptor = -1
        self._transport = None
        if self.is_waiting:
            self._cut_off(exc)
        # Parsers and what they report to hold each other, and nobody collects garbage while requests are timed.
        self._forget_whole()

    def _begin_counting(self) -> None:
        count = Count()
        self._feed = count.parser.feed_data
        self._status = count.parser.get_status_code
        self._to_begin = count.to_begin
        self._to_complete = count.to_complete
        self._pieces = count.pieces
        self._counted = 0  # bytes of pieces that are gone

    def _size(self) -> int:
        """Of the body that has been counted."""
        pieces = self._pieces
        if len(pieces) == 1 and not self._counted:
            return len(pieces.pop())
        size = self._counted + sum(map(len, pieces))
        self._counted = 0
        pieces.clear()
        return size

    def _take_body(self) -> None:
        """Whatever of the body has been kept, and its size."""
        exchange = self._exchange
        if exchange.is_whole:
            exchange.is_clean = False
            exchange.body = b"".join(self._pieces)
        exchange.size = self._size()

    def _go_on(self, data: bytes, now: float) -> None:
        """An answer that does not come in one piece; one whose head does not is read, because its head may be unusual."""
        if self._head is data and END_OF_HEAD not in data:
            self._begin_counting()
            self._read_whole(data, now)
        elif not self._exchange.is_whole:
            self._counted += sum(map(len, self._pieces))
            self._pieces.clear()

    def _forget_whole(self) -> None:
        for whole in (self._whole, self._spare):
            if whole is not None:
                whole.parser = None
        self._whole = self._spare = None

    def _read_whole(self, data: bytes, now: float) -> None:
        """Begins to read an answer, with what has come of it so far."""
        self._head = None
        whole = self._spare
        if whole is None:
            whole = Whole(is_head=self._exchange.is_head)
        else:
            self._spare = None
            whole.begin(is_head=self._exchange.is_head)
        self._whole = whole
        self._read(whole, data, now)

    def _read(self, whole: Whole, data: bytes, now: float) -> None:
        try:
            cast("httptools.HttpResponseParser", whole.parser).feed_data(data)
        except _BROKEN as error:
            if not whole.complete:
                self.fail("protocol", str(error) or type(error).__name__)
                return
            whole.begun += 1  # the answer is whole, and what follows it is nothing
        if whole.complete:
            self._finish_whole(whole, now)

    def _finish_whole(self, whole: Whole, now: float) -> None:
        exchange = self._exchange
        exchange.is_clean = False
        exchange.status = whole.status
        exchange.size = whole.size
        exchange.headers = whole.headers
        exchange.body = b"".join(whole.body)
        is_clean = whole.is_kept_alive and whole.begun == 1
        self._whole = None
        if is_clean and not whole.is_head:
            self._spare = whole
        else:
            whole.parser = None
        self._end(now, is_clean=is_clean)

    def _garbled(self, data: bytes, problem: str, now: float) -> None:
        """A count has come upon something that is no answer, or no answer alone."""
        if self._to_complete:
            self.fail("protocol", problem)
        else:
            self._unusual(data, now, is_alone=False)

    def _unusual(self, data: bytes, now: float, *, is_alone: bool = True) -> None:
        """A counted answer whose head has to be read after all, or which something follows."""
        head = self._head
        assert head is not None
        self._take_body()
        self._begin_counting()
        if head is data:
            self._read_whole(data, now)
        else:
            self._finish_counted(head, now, is_clean=is_alone)

    def _finish_counted(self, head: bytes, now: float, *, is_clean: bool) -> None:
        whole = parsed(head)
        is_kept = is_clean and whole.keeps_connection
        whole.parser = None
        exchange = self._exchange
        exchange.is_clean = False
        exchange.status = whole.status
        exchange.headers = whole.headers
        self._end(now, is_clean=is_kept)

    def _cut_off(self, exc: Exception | None) -> None:
        """The target has closed the connection: the end of an answer whose length it did not say, a failure of any other."""
        now = self._clock()
        if exc is None and self._whole is not None and self._whole.ends_with_connection:
            self._finish_whole(self._whole, now)
        elif exc is None and self._head is not None and parsed(self._head).ends_with_connection:
            self._take_body()
            self._finish_counted(self._head, now, is_clean=False)
        else:
            self._manners.closes_silently = True
            # With TLS 1.3 a target refuses the client's certificate only after the handshake.
            self.fail(
                "tls" if isinstance(exc, ssl.SSLError) else "reset",
                str(exc) if exc else "the target closed the connection before its answer was complete",
            )

    def _end(self, now: float, *, is_clean: bool) -> None:
        self._exchange.finished_at = now
        self.is_waiting = False
        self._head = None
        if not (is_clean and self._keeps):
            self.drop()
        self._on_end()
