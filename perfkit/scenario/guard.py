"""Which hosts may be loaded, and how hard: decided from the file alone, before any name is looked up."""

import ipaddress
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from perfkit.scenario.address import address as address_of
from perfkit.scenario.model import DEFAULT_MAX_DURATION, Guard

OWNERSHIP_FLAG: Final = "--i-own-this-target"
# What a scenario may do to somebody else's machine before it says more itself.
DEFAULT_MAX_RATE: Final = 500.0
DEFAULT_MAX_USERS: Final = 1000

# Not link-local: 169.254.169.254 hands out the credentials of cloud machines.
_PRIVATE: Final = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
# Names that the public DNS never answers for: RFC 6761, 6762 and 8375, and ICANN's .internal.
_PRIVATE_SUFFIXES: Final = (".localhost", ".internal", ".test", ".local", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that may be asked of a target."""

    rate: float  # flow starts per second
    users: float
    duration: float = DEFAULT_MAX_DURATION


def host_of(url: str) -> str:
    """The host of a URL, in lower case, without its port or brackets; a Unix socket is on this machine."""
    return address_of(url).host


def refusal(guard: Guard, host: str, *, owned: bool) -> str | None:
    """Why this host may not be loaded, or None; `owned` is what the command line said."""
    if is_near(host):
        return None
    if not _is_listed(guard, host):
        return f"{host} is neither loopback nor a private address: perfkit fires at it only when guard.allow_hosts names it"
    if not owned and not _is_private_name(host):
        return f"{host} is outside loopback and private ranges: say {OWNERSHIP_FLAG} if that is so"
    return None


def refusal_at_connect(guard: Guard, host: str, address: str) -> str | None:
    """Why this address, which `host` resolved to, may not be connected to, or None."""
    if host == "localhost" or host.endswith(".localhost"):
        return None if _is_loopback(address) else f"{host} resolved to {address}, which is not this machine"
    if is_near(address):
        return None
    # A name that the public DNS knows was named in the file and owned on the command line; a private one was not.
    if _is_listed(guard, address) or (_is_listed(guard, host) and not _is_private_name(host)):
        return None
    return f"{host} resolved to {address}, which is outside loopback and private ranges"


def caps(guard: Guard, host: str) -> Caps:
    """The guard's caps; without any, loopback is free and other hosts have the defaults."""
    free = host == "localhost" or _is_loopback(host)
    rate = guard.max_rate if guard.max_rate is not None else math.inf if free else DEFAULT_MAX_RATE
    users = guard.max_users if guard.max_users is not None else math.inf if free else DEFAULT_MAX_USERS
    return Caps(rate, users, guard.max_duration)


def is_near(host: str) -> bool:
    """True for `localhost` and for literal addresses of loopback and private ranges: those need no permission."""
    address = _address(host)
    if address is None:
        return host.lower() == "localhost"
    return address.is_loopback or any(address.version == network.version and address in network for network in _PRIVATE)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return address is not None and address.is_loopback


def _is_listed(guard: Guard, host: str) -> bool:
    return any(fnmatchcase(host.lower(), pattern.lower()) for pattern in guard.allow_hosts)


def _is_private_name(host: str) -> bool:
    # A name of one word (a container, a machine of the office) has no public meaning either.
    return _address(host) is None and ("." not in host or host.lower().endswith(_PRIVATE_SUFFIXES))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
