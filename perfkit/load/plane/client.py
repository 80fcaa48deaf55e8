"""A virtual user's way to the target: one connection, opened when it is needed and kept as long as both sides allow."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol, TypeVar

from perfkit.errors import LoadError
from perfkit.load.destination import Destination, addresses
from perfkit.load.exchange import Exchange, TransportError
from perfkit.load.plane.connection import Connection
from perfkit.load.plane.manners import Manners
from perfkit.load.turns import Word

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


class NotUnderstood(LoadError):  # noqa: N818 - it is what went wrong
    """The target does not speak the protocol that the scenario asks for."""


class Line(Protocol):
    """A connection as its client uses it; connection.Connection says more."""

    is_open: bool
    is_waiting: bool

    def is_stale(self) -> bool: ...

    def write(self) -> bool: ...

    def drop(self) -> None: ...

    def fail(self, error: TransportError, problem: str, /) -> None: ...


class Client:
    """Sends the exchange's request and calls `on_end` when it has come to an outcome; one request at a time."""

    def __init__(
        self,
        exchange: Exchange,
        where: Destination,
        manners: Manners,
        clock: Callable[[], float],
        on_end: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._exchange = exchange
        self._where = where
        self._manners = manners
        self._clock = clock
        self._on_end = on_end
        self._on_fault = on_fault
        self._connection: Line | None = None
        self._opening: asyncio.Task[None] | None = None
        self._connected_before = False

    def send(self) -> None:
        self._exchange.take_up(self._clock())
        connection = self._connection
        if connection is not None and connection.is_open and not connection.is_stale() and connection.write():
            return
        if connection is not None:
            connection.drop()
        self._opening = asyncio.get_running_loop().create_task(self._open())

    def say(self, _word: Word, /) -> bool:
        """Something is to be said in a conversation; `on_end` is called later when that takes time: True."""
        raise NotImplementedError  # conversations have a client of their own

    @property
    def is_busy(self) -> bool:
        return self._opening is not None or (self._connection is not None and self._connection.is_waiting)

    def expire(self, now: float, timeout: float) -> None:
        """Ends the request under way if it has been under way for longer."""
        if not self.is_busy or now - self._exchange.sent_at < timeout:
            return
        if self._opening is not None:
            self._opening.cancel()
            self._fail("timeout", "no connection in time")
        elif self._connection is not None:
            self._connection.fail("timeout", "no answer in time")

    def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._connection is not None:
            self._connection.drop()
            self._connection = None

    async def _open(self) -> None:
        where = self._where
        exchange = self._exchange
        started = self._clock()
        try:
            async with asyncio.timeout(min(where.connect_timeout, where.timeout)):
                connection = await self._connect()
        except TimeoutError:
            self._fail("connect", "no connection in time")
        except OSError as error:
            self._fail(_failure(error, is_secure=where.tls is not None), error.strerror or str(error))
        except NotUnderstood as error:
            self._fail("protocol", error.message)
            if not self._manners.is_understood:
                self._on_fault(error)
        except Exception as error:  # noqa: BLE001  whatever it is (a foreign address for one), it is told to the parent
            self._fail("connect", str(error))
            self._on_fault(error)
        else:
            self._opening = None
            self._connection = connection
            exchange.is_clean = False
            exchange.connect_time = self._clock() - started
            exchange.reconnect = self._connected_before and where.keepalive
            self._connected_before = True
            if not connection.write():
                self._fail("reset", "the target closed the connection at once")

    async def _connect(self) -> Line:
        """A connection that is ready for the request."""
        return await self._reach(
            lambda: Connection(self._exchange, self._where, self._manners, self._clock, self._on_end), self._where.tls
        )

    async def _reach(self, protocol: Callable[[], ProtocolT], tls: ssl.SSLContext | None) -> ProtocolT:
        """To the first address that answers; each is checked before anything is sent to it."""
        where = self._where
        loop = asyncio.get_running_loop()
        failure: OSError | None = None
        for address in await addresses(where):
            name = where.host if tls is not None else None
            try:
                _, reached = await loop.create_connection(protocol, address, where.port, ssl=tls, server_hostname=name)
            except OSError as error:
                failure = error
                continue
            return reached
        raise failure or OSError(f"{where.host} has no address")

    def _fail(self, error: TransportError, problem: str) -> None:
        self._opening = None
        self._exchange.fail(error, problem, self._clock())
        self._on_end()


def _failure(error: OSError, *, is_secure: bool) -> TransportError:
    """A connection that is there and then breaks broke in the handshake."""
    broke = isinstance(error, ssl.SSLError | ConnectionResetError | ConnectionAbortedError | BrokenPipeError)
    return "tls" if is_secure and broke else "connect"
