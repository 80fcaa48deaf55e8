"""A base URL taken apart: the one place that knows which forms there are, and where a Unix socket lies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

PORTS: Final = {"http": 80, "https": 443}
UNIX: Final = "http+unix"
# A Unix socket has no host: this is what a target reads in the Host header, and what the guard judges.
LOCAL: Final = "localhost"
LONGEST_SOCKET: Final = 107  # bytes of a path: sockaddr_un in linux/un.h, less its final zero
_EXAMPLE: Final = "http+unix://%2Frun%2Fapp.sock"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a base URL leads."""

    scheme: str  # http or https: of a Unix socket, http
    host: str  # in lower case, without brackets
    port: int
    authority: str  # the Host header
    prefix: str  # path of the base URL
    socket: str | None  # path of the Unix socket

    @property
    def shown(self) -> str:
        """What a person is told: a host and its port, or a socket."""
        return f"{self.host}:{self.port}" if self.socket is None else self.socket


def address(base_url: str) -> Address:
    parts = urlsplit(base_url)
    prefix = parts.path.rstrip("/")
    if parts.scheme == UNIX:
        return Address("http", LOCAL, PORTS["http"], LOCAL, prefix, unquote(parts.netloc))
    host = (parts.hostname or "").rstrip(".")
    return Address(parts.scheme, host, parts.port or PORTS[parts.scheme], parts.netloc.rpartition("@")[2], prefix, None)


def checked(url: str, folder: Path | None) -> str:
    """The base URL as it is kept; raises ValueError. A socket's path is relative to the file, as every path in it is."""
    parts = _split(url)
    if parts.query or parts.fragment:
        raise ValueError(f"{url!r}: a base URL has no query (put it on the steps)")
    if parts.scheme == UNIX:
        return _unix(url, parts, folder)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is not a URL (try 'http://127.0.0.1:8000', or '{_EXAMPLE}' for a Unix socket)")
    if parts.username or parts.password:
        raise ValueError("a URL carries no password here: use `auth` or a header with ${secret.NAME}")
    return url.rstrip("/")


def _unix(url: str, parts: SplitResult, folder: Path | None) -> str:
    path = unquote(parts.netloc)
    if not path:
        raise ValueError(f"{url!r} names no socket: its path stands in place of the host, with %2F for / (try '{_EXAMPLE}')")
    if folder is not None:
        path = str((folder / path).resolve())
    if len(path.encode()) > LONGEST_SOCKET:
        raise ValueError(f"{path}: the path of a socket has {LONGEST_SOCKET} bytes at most")
    return f"{UNIX}://{quote(path, safe='')}{parts.path.rstrip('/')}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is read, and refused, only when asked for
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    return parts
