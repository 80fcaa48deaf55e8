"""What a process may run out of when it connects: file descriptors, and local ports towards one target.

Ports are counted at most, not exactly, as long as that is far from the limit: the sum of open files and of the machine's
sockets in TIME_WAIT costs one short read; the kernel is asked for the sockets of the target only when it could matter.
"""

import resource
import socket
import struct
from pathlib import Path
from typing import Final

_FILES: Final = Path("/proc/self/fd")
_SOCKETS: Final = Path("/proc/net/sockstat")
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
# From this share of the range on, the exact count is worth its cost.
_WORTH_COUNTING: Final = 0.5

# linux/netlink.h, sock_diag.h, inet_diag.h, net/tcp_states.h
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x301
_ERROR, _DONE = 2, 3
_LISTEN: Final = 1 << 10
_TIME_WAIT: Final = 1 << 6
_ANY_BUT_LISTEN: Final = 0x1FFF & ~_LISTEN
_HEADER: Final = struct.Struct("=IHHII")
_QUERY: Final = struct.Struct("=BBBBI")
_ENDS: Final = struct.Struct("!HH")
_REST: Final = bytes(36) + b"\xff" * 8  # any address, any interface, no cookie
_WAIT: Final = 1.0
_BLOCK: Final = 1 << 16


def open_files() -> int:
    """File descriptors of this process; without a list of them where the kernel counts (Linux 6.2)."""
    return _FILES.stat().st_size or sum(1 for _ in _FILES.iterdir())


def files_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def port_range() -> int:
    """Local ports that the kernel hands out for connections to one target; -1 when it does not say."""
    try:
        low, high = _RANGE.read_text().split()
    except (OSError, ValueError):
        return -1
    return int(high) - int(low) + 1


def ports_taken(port: int, files: int, available: int) -> int:
    """Local ports that are in use towards a port, at most; -1 when the kernel does not say."""
    waiting = _waiting()
    if waiting < 0 or available < 0:
        return -1
    at_most = files + waiting
    if at_most < _WORTH_COUNTING * available:
        return at_most
    try:
        return counted(port)
    except OSError:
        return at_most


def counted(port: int) -> int:
    """Sockets towards a port, and those that its server has closed and that still block theirs."""
    return sum(
        _count(family, _ANY_BUT_LISTEN, _ENDS.pack(0, port)) + _count(family, _TIME_WAIT, _ENDS.pack(port, 0))
        for family in (socket.AF_INET, socket.AF_INET6)
    )


def _waiting() -> int:
    """Sockets in TIME_WAIT, of the whole machine."""
    try:
        lines = _SOCKETS.read_text().splitlines()
    except OSError:
        return -1
    words = next((line.split() for line in lines if line.startswith("TCP:")), [])
    return int(words[words.index("tw") + 1]) if "tw" in words else -1


def _count(family: int, states: int, ends: bytes) -> int:
    query = _QUERY.pack(family, socket.IPPROTO_TCP, 0, 0, states) + ends + _REST
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(_WAIT)
        kernel.send(_HEADER.pack(_HEADER.size + len(query), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + query)
        found = 0
        while True:
            sockets, is_last = _sockets(kernel.recv(_BLOCK))
            found += sockets
            if is_last:
                return found


def _sockets(answer: bytes) -> tuple[int, bool]:
    """How many an answer of the kernel names, and whether it is the last."""
    found = at = 0
    while at + _HEADER.size <= len(answer):
        length, kind, *_ = _HEADER.unpack_from(answer, at)
        if kind == _DONE:
            return found, True
        if kind == _ERROR or length < _HEADER.size:
            raise OSError("the kernel does not list its sockets")
        found += 1
        at += (length + 3) & ~3
    return found, False
