"""A WebSocket of one virtual user; wsproto speaks the protocol."""

from collections.abc import Callable, Mapping
from typing import Final

from h11 import ProtocolError
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from perfkit.load.exchange import Exchange
from perfkit.load.plane.conversation import Came, Conversation
from perfkit.load.plane.parts import parts_of
from perfkit.load.turns import Turn

_SWITCHING: Final = 101
_LEAVING: Final = frozenset({ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING})


class WebSocket(Conversation):
    """No extensions are offered: compressing would be the generator's work, not the target's."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float], on_end: Callable[[], None]) -> None:
        super().__init__(exchange, clock, on_end)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._began_at: float | None = None
        self._pieces: list[bytes] = []
        self._refused: tuple[int, list[tuple[str, str]]] | None = None
        self._handlers: Mapping[type[Event], Callable[..., None]] = {
            AcceptConnection: self._accepted,
            RejectConnection: self._rejected,
            RejectData: self._explained,
            TextMessage: self._text,
            BytesMessage: self._bytes,
            Ping: self._ping,
            CloseConnection: self._closed,
        }

    def data_received(self, data: bytes) -> None:
        now = self._clock()
        exchange = self._exchange
        if self.is_waiting and not self._status and exchange.first_byte_at != exchange.first_byte_at:  # NaN: the first piece
            exchange.first_byte_at = now
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                handle = self._handlers.get(type(event))
                if handle is not None:
                    handle(event, now)
        except (RemoteProtocolError, LocalProtocolError, ProtocolError) as error:
            self._garbled(str(error) or type(error).__name__)
            return
        self._look_at_messages()

    def _look_at_messages(self) -> None:
        if self._status == _SWITCHING:
            self._look()

    # Conversation

    def _ask(self, turn: Turn) -> None:
        parts = parts_of(self._exchange.request)
        request = Request(
            host=parts.host.decode("latin-1"),
            target=parts.path.decode("latin-1"),
            extra_headers=parts.headers,
            subprotocols=list(turn.subprotocols),
        )
        try:
            self._write(request)
        except (LocalProtocolError, ProtocolError) as error:
            self.fail("protocol", f"the handshake cannot be written: {error}")

    def _framed(self, message: bytes) -> bytes:
        return self._protocol.send(TextMessage(data=message.decode()))

    def _farewell(self, code: int) -> bool:
        if self._status != _SWITCHING or self._protocol.state is not ConnectionState.OPEN or not self.is_open:
            return False
        self._write(CloseConnection(code=code))
        return True

    # What the target says

    def _accepted(self, event: AcceptConnection, now: float) -> None:
        self._opened(_SWITCHING, _texts(event.extra_headers), now)

    def _rejected(self, event: RejectConnection, now: float) -> None:
        self._refused = (event.status_code, _texts(event.headers))
        if not event.has_body:
            self._refuse(now)

    def _explained(self, event: RejectData, now: float) -> None:
        self._exchange.size += len(event.data)
        self._exchange.is_clean = False
        if event.body_finished:
            self._refuse(now)

    def _refuse(self, now: float) -> None:
        assert self._refused is not None
        status, headers = self._refused
        self.is_open = False
        if self.is_waiting:
            self._opened(status, headers, now)

    def _text(self, event: TextMessage, now: float) -> None:
        self._message("text", event.data.encode(), now, is_whole=event.message_finished)

    def _bytes(self, event: BytesMessage, now: float) -> None:
        self._message("bytes", bytes(event.data), now, is_whole=event.message_finished)

    def _message(self, kind: str, content: bytes, now: float, *, is_whole: bool) -> None:
        if self._began_at is None:
            self._began_at = now
        self._pieces.append(content)
        if is_whole:
            self._keep(Came(self._began_at, now, kind, b"".join(self._pieces)))
            self._began_at = None
            self._pieces = []

    def _ping(self, event: Ping, _now: float) -> None:
        self._write(event.response())

    def _closed(self, event: CloseConnection, _now: float) -> None:
        state = self._protocol.state
        if state is ConnectionState.OPEN:
            # wsproto's own word for what it could not read.
            self._garbled(event.reason or f"code {event.code}", event.code)
            return
        if state is ConnectionState.REMOTE_CLOSING:
            self._write(event.response())
        self.is_open = False
        if self._transport is not None:
            self._transport.close()
        self._finish("reset", f"the target closed the conversation with {event.code}")

    def _garbled(self, problem: str, code: int = 1002) -> None:
        if self.is_open and self._protocol.state in _LEAVING:
            self._write(CloseConnection(code=code))
        self.is_open = False
        if self._transport is not None:
            self._transport.close()
        self._finish("protocol", problem)

    def _write(self, event: Event) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._protocol.send(event))


def _texts(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
