"""How one request travels: the small interface of every data plane, and the plain one on sockets and http.client.

Nothing is retried here. A kept connection that the target closed is found before a byte of the request is sent,
opened anew and counted as a reconnect; everything after the first byte is an outcome of the request.
"""

import http.client
import io
import ipaddress
import math
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from perfkit.errors import LoadError
from perfkit.scenario.guard import host_of, refusal, refusal_at_connect
from perfkit.scenario.model import Guard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TransportError: TypeAlias = Literal["", "connect", "tls", "timeout", "reset", "protocol"]
Headers: TypeAlias = Sequence[tuple[str, str]]

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when; times are seconds of CLOCK_MONOTONIC."""

    status: int  # 0 when no answer came
    headers: Headers
    body: bytes  # as it was on the wire, without chunk framing
    sent_at: float  # when the request was taken up: connecting is part of it
    first_byte_at: float  # NaN when no byte came
    finished_at: float
    connect_time: float  # 0 on a kept connection
    reconnect: bool  # this client had a connection and had to open another one
    error: TransportError = ""
    problem: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


class Transport(Protocol):
    """One client's way to the target: one request at a time."""

    def send(self, method: str, path: str, headers: Headers, body: bytes | None, /) -> Answer: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where requests go and how: the same for every client of a run."""

    scheme: str
    host: str
    port: int
    prefix: str  # path of the base URL, put before every path
    authority: str  # the Host header
    timeout: float
    connect_timeout: float
    keepalive: bool
    tls: ssl.SSLContext | None
    guard: Guard


def destination(
    base_url: str,
    timeout: float,
    connect_timeout: float,
    tls: ssl.SSLContext | None,
    *,
    keepalive: bool = True,
    guard: Guard | None = None,
) -> Destination:
    """Takes the base URL apart; refuses a host that the guard does not allow before it is looked up."""
    parts = urlsplit(base_url)
    host = host_of(base_url)
    allowed = guard or Guard()
    # Whether the person owns the target was asked when the scenario was parsed.
    _permit(refusal(allowed, host, owned=True))
    port = parts.port or _PORTS[parts.scheme]
    authority = parts.netloc.rpartition("@")[2]
    return Destination(
        parts.scheme, host, port, parts.path.rstrip("/"), authority, timeout, connect_timeout, keepalive, tls, allowed
    )


class SocketTransport:
    """One connection, kept between requests when the scenario and the target allow it."""

    def __init__(self, where: Destination, clock: Callable[[], float] = time.monotonic) -> None:
        self._where = where
        self._clock = clock
        self._socket: socket.socket | None = None
        self._connected_before = False

    def send(self, method: str, path: str, headers: Headers, body: bytes | None, /) -> Answer:
        if self._socket is not None and _is_stale(self._socket):
            self.close()
        exchange = _Exchange(self._clock())
        try:
            self._exchange(exchange, method, _encode(method, path, self._where, headers, body))
        except ssl.SSLError as error:
            exchange.fail("tls" if exchange.connecting else "reset", str(error))
        except TimeoutError:
            exchange.fail("connect" if exchange.connecting else "timeout", "no answer in time")
        except (http.client.RemoteDisconnected, http.client.IncompleteRead) as error:
            exchange.fail("reset", str(error) or "the target closed the connection")
        except (http.client.HTTPException, ValueError) as error:
            exchange.fail("protocol", str(error) or type(error).__name__)
        except OSError as error:
            exchange.fail("connect" if exchange.connecting else "reset", error.strerror or str(error))
        if exchange.error or not self._where.keepalive:
            self.close()
        return exchange.answer(self._clock())

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, exchange: "_Exchange", method: str, request: bytes) -> None:
        deadline = exchange.sent_at + self._where.timeout
        connection = self._socket or self._connect(exchange)
        connection.settimeout(max(deadline - self._clock(), 0.001))
        connection.sendall(request)
        stream = _Stream(connection, deadline, self._clock)
        # HTTPResponse asks its socket for nothing but a file to read from.
        response = http.client.HTTPResponse(cast("socket.socket", stream), method=method)
        try:
            response.begin()
            exchange.body = response.read()
        finally:
            exchange.first_byte_at = stream.first_byte_at
        exchange.status = response.status
        exchange.headers = response.getheaders()
        exchange.finished_at = self._clock()
        if response.will_close:
            self.close()

    def _connect(self, exchange: "_Exchange") -> socket.socket:
        exchange.connecting = True
        started = self._clock()
        connection = _open(self._where)
        exchange.reconnect = self._connected_before and self._where.keepalive
        if self._where.tls is not None:
            connection = self._where.tls.wrap_socket(connection, server_hostname=self._where.host)
        exchange.connect_time = self._clock() - started
        exchange.connecting = False
        self._connected_before = True
        self._socket = connection
        return connection


class _Exchange:
    """An answer while it comes in."""

    def __init__(self, sent_at: float) -> None:
        self.sent_at = sent_at
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.first_byte_at = math.nan
        self.finished_at = math.nan
        self.connect_time = 0.0
        self.connecting = False
        self.reconnect = False
        self.error: TransportError = ""
        self.problem = ""

    def fail(self, error: TransportError, problem: str) -> None:
        self.error = error
        self.problem = problem
        # What had come of the answer is not an answer.
        self.status = 0
        self.body = b""

    def answer(self, now: float) -> Answer:
        finished_at = now if math.isnan(self.finished_at) else self.finished_at
        return Answer(
            self.status,
            self.headers,
            self.body,
            self.sent_at,
            self.first_byte_at,
            finished_at,
            self.connect_time,
            self.reconnect,
            self.error,
            self.problem,
        )


class _Stream(io.RawIOBase):
    """The reading half of a connection under one deadline for the whole answer; notes when its first byte came."""

    def __init__(self, connection: socket.socket, deadline: float, clock: Callable[[], float]) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._clock = clock
        self.first_byte_at = math.nan

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = self._connection.recv_into(buffer)
        if math.isnan(self.first_byte_at) and count:
            self.first_byte_at = self._clock()
        return count


def _encode(method: str, path: str, where: Destination, headers: Headers, body: bytes | None) -> bytes:
    lines = [f"{method} {where.prefix}{path} HTTP/1.1", f"Host: {where.authority}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if any("\r" in line or "\n" in line for line in lines):
        # A line break in a value would become a header, or a request, of its own.
        raise ValueError("a header or the path holds a line break")
    if body is not None or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body or b'')}")
    if not where.keepalive:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def _open(where: Destination) -> socket.socket:
    """Connects to the first address that answers; each is checked before anything is sent to it."""
    failure: OSError | None = None
    for family, address in _addresses(where):
        _permit(refusal_at_connect(where.guard, where.host, address[0]))
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(where.connect_timeout)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
            continue
        return connection
    raise failure or OSError(f"{where.host} has no address")


def _permit(why_not: str | None) -> None:
    if why_not is not None:
        raise LoadError(why_not, hint="Name the host under guard.allow_hosts if the machine is yours to load.")


def _addresses(where: Destination) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        literal = ipaddress.ip_address(where.host)
    except ValueError:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        return [(family, (str(address[0]), where.port)) for family, _, _, _, address in found]
    family = socket.AF_INET if literal.version == 4 else socket.AF_INET6  # noqa: PLR2004  the number is the version's name
    return [(family, (where.host, where.port))]


def _is_stale(connection: socket.socket) -> bool:
    """True when the target closed a kept connection, or sent something that nobody asked for."""
    connection.settimeout(0.0)
    try:
        connection.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    return True
