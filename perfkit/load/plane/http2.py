"""One HTTP/2 connection of one virtual user, one stream at a time; h2 speaks the protocol, this file does the timing.

Nothing is sent twice here either: a request whose HEADERS have left is a failure when it is not answered, also when the
target says that it never took it up.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import H2Error, NoAvailableStreamIDError
from h2.settings import SettingCodes, Settings
from hpack import NeverIndexedHeaderTuple

from perfkit.load.destination import Destination
from perfkit.load.exchange import Exchange, TransportError
from perfkit.load.plane.frames import Frames, GoingAway
from perfkit.load.plane.line import Line
from perfkit.load.plane.parts import parts_of
from perfkit.probe.records import ID_HEADER

# How much a target may send before it hears from us: what a browser grants (Chromium: 6 MiB a stream, 15 MiB a connection).
STREAM_WINDOW: Final = 6 * 1024**2
CONNECTION_WINDOW: Final = 15 * 1024**2
_FIRST_WINDOW: Final = 65_535  # of a connection, by the protocol
ALPN: Final = "h2"
_ID: Final = ID_HEADER.encode()
_HTTP1: Final = b"HTTP/"


class _Session(H2Connection):
    # h2 remembers how each stream ended, 65,536 of them per connection; a user has one at a time.
    MAX_CLOSED_STREAMS = 64


class Http2(Line):
    """From its opening to its end; `on_end` is called once for each request that `write` has taken."""

    def __init__(self, exchange: Exchange, where: Destination, clock: Callable[[], float], on_end: Callable[[], None]) -> None:
        self.is_open = False
        self.is_waiting = False
        self.agreed = asyncio.Event()  # the target has shown that it speaks HTTP/2, or that it does not
        self.refusal = ""
        self._exchange = exchange
        self._scheme = where.scheme.encode()
        self._keeps = where.keepalive
        self._clock = clock
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._session = _Session(H2Configuration(client_side=True, header_encoding=None, normalize_outbound_headers=False))
        self._stream = 0
        self._body = memoryview(b"")  # of the request, what has not left yet
        self._pieces: list[bytes] = []
        self._is_going = False  # the target takes up nothing more
        self._handlers: Mapping[type[Event], Callable[..., None]] = {
            InformationalResponseReceived: self._interim,
            ResponseReceived: self._answered,
            DataReceived: self._received,
            StreamEnded: self._ended,
            StreamReset: self._reset,
            RemoteSettingsChanged: self._settled,
        }

    # What the client calls

    def is_stale(self) -> bool:
        """Closing is announced in this protocol, and the loop tells of it."""
        return False

    def write(self) -> bool:
        """Sends the exchange's request; False when the connection cannot take it and nothing has left."""
        session = self._session
        if self._transport is None or self._transport.is_closing():
            return False
        parts = parts_of(self._exchange.request)
        headers = [(b":method", parts.method), (b":scheme", self._scheme), (b":authority", parts.host), (b":path", parts.path)]
        # A number that is never the same would only push what repeats itself out of the table.
        headers += [NeverIndexedHeaderTuple(name, value) if name == _ID else (name, value) for name, value in parts.headers]
        try:
            stream = session.get_next_available_stream_id()
            session.send_headers(stream, headers, end_stream=not parts.body)
        except NoAvailableStreamIDError:
            self.drop()  # after a billion requests
            return False
        except H2Error as error:
            self.fail("protocol", f"the request cannot be sent: {error}")
            return True
        self._stream = stream
        self._pieces = []
        self._body = memoryview(parts.body)
        self.is_waiting = True
        self._send_body()
        self._flush()
        return True

    def drop(self) -> None:
        """Closes it at once; a request under way must have been failed before."""
        self.is_open = False
        self.is_waiting = False
        self._body = memoryview(b"")
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
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != ALPN:
            self._refuse(f"its TLS chose {tls.selected_alpn_protocol() or 'nothing'} when it was offered h2")
            return
        self.is_open = True
        session = self._session
        # From the start: what is changed later only holds once the target has acknowledged it.
        session.local_settings = Settings(
            initial_values={SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW}
        )
        session.initiate_connection()
        session.increment_flow_control_window(CONNECTION_WINDOW - _FIRST_WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        now = self._clock()
        if not self.agreed.is_set() and data.startswith(_HTTP1):
            self._refuse("it answered in HTTP/1")
            return
        try:
            frames, leaving = self._frames.take(data)
            events = self._session.receive_data(frames) if frames else []
        except (H2Error, ValueError, IndexError, UnicodeError) as error:
            self._garbled(error)
            return
        if leaving is not None:
            self._leave(leaving)  # first: the end of an answer sends the next request
        for event in events:
            handle = self._handlers.get(type(event))
            if handle is not None:
                handle(event, now)
        self._send_body()
        self._flush()

    def eof_received(self) -> None:
        self.is_open = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._transport = None
        self._refuse("it closed the connection")
        if self.is_waiting:
            self.fail("reset", str(exc) if exc else "the target closed the connection before its answer was complete")

    # What the target says

    def _settled(self, _event: RemoteSettingsChanged, _now: float) -> None:
        self.agreed.set()

    def _interim(self, event: InformationalResponseReceived, now: float) -> None:
        if event.stream_id == self._stream and self.is_waiting:
            self._exchange.first_byte_at = now

    def _answered(self, event: ResponseReceived, now: float) -> None:
        if event.stream_id != self._stream or not self.is_waiting:
            return
        exchange = self._exchange
        exchange.is_clean = False
        if exchange.first_byte_at != exchange.first_byte_at:
            exchange.first_byte_at = now
        pairs = event.headers or []
        exchange.status = next(int(value) for name, value in pairs if name == b":status")
        if exchange.is_whole or any(name == b"set-cookie" for name, _ in pairs):
            exchange.headers = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs if not name.startswith(b":")
            ]

    def _received(self, event: DataReceived, _now: float) -> None:
        self._session.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        if event.stream_id != self._stream or not self.is_waiting:
            return
        exchange = self._exchange
        exchange.size += len(event.data or b"")
        if exchange.is_whole:
            self._pieces.append(event.data or b"")

    def _ended(self, event: StreamEnded, now: float) -> None:
        if event.stream_id != self._stream or not self.is_waiting:
            return
        exchange = self._exchange
        exchange.body = b"".join(self._pieces)
        exchange.finished_at = now
        self._over()

    def _reset(self, event: StreamReset, now: float) -> None:
        """The target ends one stream: the connection stays."""
        if event.stream_id == self._stream and self.is_waiting:
            self._body = memoryview(b"")
            self._exchange.fail("reset", f"the target reset the stream: {_named(event.error_code or 0)}", now)
            self._over()

    def _leave(self, leaving: GoingAway) -> None:
        """It finishes what it has taken up, and takes up nothing more."""
        self._is_going = True
        self.is_open = False
        if self.is_waiting and self._stream > leaving.last_stream:
            self.fail("reset", f"the target went away before it took the request up: {_named(leaving.code)}")
        elif not self.is_waiting:
            self.drop()

    def _garbled(self, error: Exception) -> None:
        if not self.agreed.is_set():
            self._refuse("what it sent is not HTTP/2")
        elif self.is_waiting:
            self._flush()  # h2 says what is wrong to the target, too
            self.fail("protocol", str(error) or type(error).__name__)
        else:
            self.drop()

    def _refuse(self, why: str) -> None:
        """It does not speak HTTP/2: nothing has been asked of it yet."""
        if not self.agreed.is_set():
            self.refusal = why
            self.agreed.set()
            self.drop()

    # Ours

    def _over(self) -> None:
        """The request has come to its outcome; the connection is kept if both sides allow it."""
        self.is_waiting = False
        if self._is_going or not self._keeps:
            self.drop()
        elif self._body:
            # It has answered before it had the whole body: the rest is not sent.
            with suppress(H2Error):  # unless the target has reset the stream itself
                self._session.reset_stream(self._stream, ErrorCodes.CANCEL)
            self._body = memoryview(b"")
            self._flush()
        self._on_end()

    def _send_body(self) -> None:
        """As much of the body as the target's windows take."""
        session, stream = self._session, self._stream
        while self._body:
            room = min(session.local_flow_control_window(stream), session.max_outbound_frame_size, len(self._body))
            if room <= 0:
                return
            session.send_data(stream, bytes(self._body[:room]), end_stream=room == len(self._body))
            self._body = self._body[room:]

    def _flush(self) -> None:
        data = self._session.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _named(code: int) -> str:
    try:
        return ErrorCodes(code).name
    except ValueError:
        return f"code {code}"
