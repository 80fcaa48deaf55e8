"""The listening sockets of this machine, asked of the kernel itself: who waits to be accepted, and how many may.

`ss -ltn` shows the same. /proc/net/tcp has a line for every connection, tens of thousands on a busy machine, and no backlog.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h; Python has no names for these.
NETLINK_SOCK_DIAG: Final = 4
SOCK_DIAG_BY_FAMILY: Final = 20
NLM_F_REQUEST: Final = 1
NLM_F_DUMP: Final = 0x300
NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3
TCP_LISTEN: Final = 10
HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
REQUEST: Final = struct.Struct("=BBBBI48s")  # inet_diag_req_v2: family, protocol, extensions, padding, states, socket id
# inet_diag_msg: family, state, timer, retransmits, source port (big-endian), and after the rest of the socket id and `expires`:
# receive queue (of a listener: who waits to be accepted), send queue (of a listener: its backlog)
PORT: Final = struct.Struct("!H")
PORT_AT: Final = 4
QUEUES: Final = struct.Struct("=II")
QUEUES_AT: Final = 56
PATIENCE: Final = 1.0
COUNTERS: Final = ("ListenOverflows", "ListenDrops")


@dataclass(frozen=True, slots=True)
class Queue:
    """Of all sockets that listen on a port (SO_REUSEPORT: there may be several), together."""

    queued: int
    backlog: int


def on(port: int) -> Queue | None:
    """None when nothing listens there; OSError when the kernel does not answer such questions."""
    found = [queue for family in (socket.AF_INET, socket.AF_INET6) for number, queue in _asked(family) if number == port]
    return Queue(sum(queue.queued for queue in found), sum(queue.backlog for queue in found)) if found else None


def overflows(netstat: Path = Path("/proc/net/netstat")) -> tuple[int, ...]:
    """COUNTERS since boot, of every listening socket of this network namespace."""
    lines = [line.split() for line in netstat.read_text().splitlines() if line.startswith("TcpExt:")]
    known = dict(zip(lines[0], lines[1], strict=True)) if len(lines) > 1 else {}
    return tuple(int(known.get(name, 0)) for name in COUNTERS)


def _asked(family: int) -> Iterator[tuple[int, Queue]]:
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << TCP_LISTEN, bytes(48))
    head = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(PATIENCE)
        kernel.send(head + body)
        while True:
            for kind, message in messages(kernel.recv(65536)):
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", message)[0]
                    raise OSError(number, "the kernel refuses to tell of its sockets")
                yield PORT.unpack_from(message, PORT_AT)[0], Queue(*QUEUES.unpack_from(message, QUEUES_AT))


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each message of a datagram."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind = HEADER.unpack_from(data, at)[:2]
        yield kind, data[at + HEADER.size : at + length]
        at += max((length + 3) & ~3, HEADER.size)
