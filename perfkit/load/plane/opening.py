"""Opening a connection: the name looked up, each address asked in turn, then the handshake; each with a time of its own."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from perfkit.errors import LoadError
from perfkit.load.destination import Destination, addresses
from perfkit.load.exchange import TransportError
from perfkit.load.plane.line import Line


@dataclass(frozen=True, slots=True)
class Opened:
    connection: Line
    connect_time: float  # looking the name up is part of it
    tls_time: float


class NotOpenedError(Exception):
    """There is no connection: at which step it ended, and why; with a fault the load cannot go on at all."""

    def __init__(self, error: TransportError, problem: str, fault: LoadError | None = None) -> None:
        super().__init__(problem)
        self.error: Final = error
        self.problem: Final = problem
        self.fault: Final = fault


class Opening:
    """One connection on its way to standing."""

    def __init__(self, where: Destination, make: Callable[[], Line], clock: Callable[[], float]) -> None:
        self._where = where
        self._make = make
        self._clock = clock
        self._limit = min(where.connect_timeout, where.timeout)
        self._step: TransportError = "connect"

    async def run(self) -> Opened:
        """Raises NotOpenedError; each address is checked by the guard before anything is sent to it."""
        tls = self._where.tls
        try:
            async with asyncio.timeout(self._limit):
                if self._where.socket is not None:
                    return await self._local(self._where.socket)
                return await (self._plain() if tls is None else self._secured(tls))
        except TimeoutError:
            raise NotOpenedError(self._step, "no connection in time") from None
        except LoadError as fault:
            raise NotOpenedError(self._step, fault.message, fault) from fault
        except OSError as error:
            raise NotOpenedError(self._step, getattr(error, "reason", None) or error.strerror or str(error)) from error

    async def _local(self, path: str) -> Opened:
        started = self._clock()
        _, connection = await asyncio.get_running_loop().create_unix_connection(self._make, path)
        return Opened(connection, self._clock() - started, 0.0)

    async def _plain(self) -> Opened:
        where = self._where
        started = self._clock()
        failure: OSError | None = None
        for address in await addresses(where):
            try:
                _, connection = await asyncio.get_running_loop().create_connection(self._make, address, where.port)
            except OSError as error:
                failure = error
                continue
            return Opened(connection, self._clock() - started, 0.0)
        raise failure or OSError(f"{where.host} has no address")

    async def _secured(self, tls: ssl.SSLContext) -> Opened:
        """TCP first, so that the handshake can be timed, and can fail, on its own."""
        where, clock, loop = self._where, self._clock, asyncio.get_running_loop()
        started = clock()
        stream = await _connected(where)
        self._step = "tls"
        connected = clock()
        connection = self._make()
        try:
            await loop.create_connection(
                lambda: connection,
                sock=stream,
                ssl=tls,
                server_hostname=where.host,
                ssl_handshake_timeout=2 * self._limit,  # ours comes first, and says at which step
            )
        except ssl.SSLCertVerificationError as error:
            raise LoadError(
                f"the certificate of {where.authority} does not verify: {error.verify_message or error.reason}",
                hint="Name the file of its CA under http.tls.ca; http.tls.verify: false takes any certificate.",
            ) from error
        finally:
            if not connection.is_open:
                stream.close()
        return Opened(connection, connected - started, clock() - connected)


async def _connected(where: Destination) -> socket.socket:
    """A TCP connection to the first address that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in await addresses(where):
        stream = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        stream.setblocking(False)
        is_connected = False
        try:
            await loop.sock_connect(stream, (address, where.port))
            is_connected = True
        except OSError as error:
            failure = error
            continue
        finally:
            if not is_connected:
                stream.close()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream
    raise failure or OSError(f"{where.host} has no address")
