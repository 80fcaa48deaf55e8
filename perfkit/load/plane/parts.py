"""A prepared request taken apart again, for protocols that write requests their own way."""

from dataclasses import dataclass
from typing import Final

# Of one HTTP/1.1 connection: they say nothing that another protocol could pass on (RFC 9113, 8.2.2).
_HOP_BY_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What one request says; header names are in lower case, the host is apart."""

    method: bytes
    path: bytes
    host: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


def parts_of(request: bytes) -> Parts:
    """The parts of the bytes that request.writer has put together."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, path, _ = first.split(b" ", 2)
    host = b""
    headers: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"host":
            host = value.strip()
        elif name not in _HOP_BY_HOP:
            headers.append((name, value.strip()))
    return Parts(method, path, host, headers, body)
