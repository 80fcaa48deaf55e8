"""A virtual user's way to the target: one connection, opened when it is needed and kept as long as both sides allow.

Where redirects lead to other origins, each of those has a client of its own.
"""

import asyncio
from collections.abc import Callable

from perfkit.load.destination import Destination
from perfkit.load.exchange import Exchange, TransportError
from perfkit.load.plane.connection import Connection
from perfkit.load.plane.line import Line
from perfkit.load.plane.manners import Manners
from perfkit.load.plane.opening import NotOpenedError, Opening
from perfkit.load.turns import Word


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
        self._elsewhere: dict[Destination, Client] = {}

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

    def send_to(self, where: Destination) -> None:
        """The same, to another origin."""
        client = self._elsewhere.get(where)
        if client is None:
            client = type(self)(self._exchange, where, Manners(), self._clock, self._on_end, self._on_fault)
            self._elsewhere[where] = client
        client.send()

    @property
    def is_busy(self) -> bool:
        if self._opening is not None or (self._connection is not None and self._connection.is_waiting):
            return True
        return any(client.is_busy for client in self._elsewhere.values())

    def expire(self, now: float, timeout: float) -> None:
        """Ends the request under way if it has been under way for longer."""
        if not self.is_busy or now - self._exchange.sent_at < timeout:
            return
        if self._opening is not None:
            self._opening.cancel()
            self._fail("timeout", "no connection in time")
        elif self._connection is not None and self._connection.is_waiting:
            self._connection.fail("timeout", "no answer in time")
        else:
            for client in list(self._elsewhere.values()):
                client.expire(now, timeout)

    def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._connection is not None:
            self._connection.drop()
            self._connection = None
        for client in self._elsewhere.values():
            client.close()

    async def _open(self) -> None:
        where = self._where
        exchange = self._exchange
        try:
            opened = await Opening(where, self._connect, self._clock).run()
            await self._agree(opened.connection)
        except NotOpenedError as failure:
            self._fail(failure.error, failure.problem)
            if failure.fault is not None:
                self._on_fault(failure.fault)
        except Exception as error:  # noqa: BLE001  whatever it is, it is told to the parent
            self._fail("connect", str(error))
            self._on_fault(error)
        else:
            self._opening = None
            connection = self._connection = opened.connection
            exchange.is_clean = False
            exchange.connect_time = opened.connect_time
            exchange.tls_time = opened.tls_time
            exchange.reconnect = self._connected_before and where.keepalive
            self._connected_before = True
            if not connection.write():
                self._fail("reset", "the target closed the connection at once")

    def _connect(self) -> Line:
        return Connection(self._exchange, self._where, self._manners, self._clock, self._on_end)

    async def _agree(self, line: Line) -> None:
        """Once per connection, before anything is asked: for protocols that have to be agreed upon."""

    def _fail(self, error: TransportError, problem: str) -> None:
        self._opening = None
        self._exchange.fail(error, problem, self._clock())
        self._on_end()
