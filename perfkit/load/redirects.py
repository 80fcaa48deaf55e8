"""What a redirect asks for next (RFC 9110, 15.4): where it leads, the method, and the bytes of the request that follows it."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from perfkit.load.destination import Destination
from perfkit.load.origins import Key, Origins
from perfkit.load.request import SAFE
from perfkit.probe.records import ID_HEADER, STEP_HEADER
from perfkit.scenario.address import PORTS

STATUSES: Final = frozenset({301, 302, 303, 307, 308})
SEE_OTHER: Final = 303
# What another origin is told: who asks and what it takes. Everything else may be a credential of the target's.
_TRAVELS: Final = frozenset({b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"connection"})
_OF_BODY: Final = re.compile(rb"content-|transfer-encoding$")
_WRITTEN_ANEW: Final = frozenset({b"host", b"cookie", ID_HEADER.encode(), STEP_HEADER.encode()})
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Leg:
    """One request of a chain: where it goes, and how."""

    place: Destination
    method: str
    path: str  # with its query


class Trail:
    """A chain of redirects under way."""

    def __init__(self, origins: Origins, request: bytes, cookies: str) -> None:
        method, path, _ = request.split(b" ", 2)
        self._origins = origins
        self._request = request
        self._host = _header(request, b"host")
        self._has_left = False
        # A Cookie header that the step wrote itself has the last word, as long as nobody else reads it.
        own = _header(request, b"cookie")
        self._own_cookies = own if own != cookies else ""
        self._home_key = _key(urlsplit(f"{origins.home.scheme}://{self._host}"))
        self.leg = Leg(origins.home, method.decode(), path.decode("latin-1"))
        self._seen = {(self.leg, cookies)}

    def turn(self, status: int, location: str) -> Leg:
        """Where an answer leads; raises ValueError when it leads nowhere, LoadError when it leads where nobody may go."""
        last = self.leg
        url = _resolved(f"{last.place.scheme}://{self._host}{last.path}", location)
        key = _key(url)
        # The target may call itself what it was called: by its Host header.
        is_home = key == self._home_key
        place = self._origins.home if is_home else self._origins.at(key, url.netloc.rpartition("@")[2])
        method = _method(status, last.method)
        self._rewrite(place, is_body_kept=method == last.method)
        self.leg = Leg(place, method, _path(url))
        return self.leg

    def is_circle(self, cookies: str) -> bool:
        """The same request has been sent before, with nothing new to tell."""
        step = (self.leg, cookies)
        if step in self._seen:
            return True
        self._seen.add(step)
        return False

    def request(self, cookies: str, step: str, number: int) -> bytes:
        """The leg's request as bytes; `cookies` are those kept for its place."""
        head, _, body = self._request.partition(_END)
        leg = self.leg
        lines = [f"{leg.method} {leg.path} HTTP/1.1".encode(), f"Host: {self._host}".encode("latin-1"), *head.split(b"\r\n")[1:]]
        if leg.place is self._origins.home:
            lines += [f"{STEP_HEADER}: {step}".encode(), f"{ID_HEADER}: {number:016x}".encode()]
        if sent := self._own_cookies or cookies:
            lines.append(b"Cookie: " + sent.encode("latin-1"))
        return b"\r\n".join(lines) + _END + body

    def _rewrite(self, place: Destination, *, is_body_kept: bool) -> None:
        """Leaves out of the request what the next one does not carry; what is left out stays out for the rest of the chain."""
        last = self.leg.place
        head, _, body = self._request.partition(_END)
        first, *lines = head.split(b"\r\n")
        kept = [
            line for line in lines if (name := _name(line)) not in _WRITTEN_ANEW and (is_body_kept or not _OF_BODY.match(name))
        ]
        if place is not last:
            self._own_cookies = ""
            self._host = place.authority
            kept = [line for line in kept if (name := _name(line)) in _TRAVELS or _OF_BODY.match(name)]
        self._request = b"\r\n".join([first, *kept]) + _END + (body if is_body_kept else b"")


def _resolved(base: str, location: str) -> SplitResult:
    try:
        url = urlsplit(urljoin(base, location.strip()))
        is_usable = url.scheme in PORTS and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        is_usable = False
    else:
        if is_usable:
            return url
    raise ValueError("redirected to something that is no http or https URL")


def _key(url: SplitResult) -> Key:
    return url.scheme, (url.hostname or "").rstrip("."), url.port or PORTS[url.scheme]


def _path(url: SplitResult) -> str:
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return quote(path.encode("latin-1", "replace"), safe=SAFE)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _header(request: bytes, name: bytes) -> str:
    lines = request.partition(_END)[0].split(b"\r\n")[1:]
    return next((line.partition(b":")[2].strip().decode("latin-1") for line in lines if _name(line) == name), "")


def _method(status: int, last: str) -> str:
    """As the Fetch standard has it, and with it every browser."""
    if status == SEE_OTHER:
        return "HEAD" if last == "HEAD" else "GET"
    return "GET" if last == "POST" and status in {301, 302} else last
