"""Where requests go: the base URL taken apart, and the addresses that the guard allows."""

import asyncio
import ipaddress
import socket
import ssl
from dataclasses import dataclass

from perfkit.errors import LoadError
from perfkit.scenario.address import address
from perfkit.scenario.guard import refusal, refusal_at_connect
from perfkit.scenario.model import Guard


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """Where requests go and how: the same for every client of a run; each is itself and nothing else."""

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
    socket: str | None = None  # path of a Unix socket, in place of host and port


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
    where = address(base_url)
    allowed = guard or Guard()
    # Whether the person owns the target was asked when the scenario was parsed.
    _permit(refusal(allowed, where.host, owned=True))
    return Destination(
        where.scheme,
        where.host,
        where.port,
        where.prefix,
        where.authority,
        timeout,
        connect_timeout,
        keepalive,
        tls,
        allowed,
        where.socket,
    )


async def addresses(where: Destination) -> list[str]:
    """The addresses of the host, each allowed by the guard; looked up anew for every connection."""
    try:
        found = [str(ipaddress.ip_address(where.host))]
    except ValueError:
        loop = asyncio.get_running_loop()
        known = await loop.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        found = [str(place[0]) for *_, place in known]
    for it in found:
        _permit(refusal_at_connect(where.guard, where.host, it))
    return found


def _permit(why_not: str | None) -> None:
    if why_not is not None:
        raise LoadError(why_not, hint="Name the host under guard.allow_hosts if the machine is yours to load.")
