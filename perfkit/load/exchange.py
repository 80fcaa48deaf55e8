"""One request on its way, and what came of it."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol, TypeAlias

from pydantic import JsonValue

from perfkit.load.turns import Turn

TransportError: TypeAlias = Literal["", "connect", "tls", "timeout", "reset", "protocol"]
Error: TypeAlias = TransportError | Literal["status", "expectation", "extraction"]
ERRORS: Final[tuple[Error, ...]] = (
    *("", "connect", "tls", "timeout", "reset", "protocol"),
    *("status", "expectation", "extraction"),
)
Headers: TypeAlias = Sequence[tuple[str, str]]

_OFFERED: Final = re.compile(rb"\r\nAccept-Encoding: ([^\r]*)\r\n", re.IGNORECASE)
_NOTHING: Final[Mapping[str, JsonValue]] = {}


class Answer:
    """What came back whole: what a step reads, and what is kept to be looked at when the load is over.

    `body` is as it was on the wire, without chunk framing. Headers are given, or as bytes that are taken apart when somebody
    asks for one that is there: most steps read a body and no header.
    """

    __slots__ = ("_head", "_headers", "body", "status")

    def __init__(self, status: int, headers: Headers, body: bytes, head: bytes = b"") -> None:
        self.status = status
        self.body = body
        self._headers = headers
        self._head = head

    @property
    def headers(self) -> Headers:
        if self._head:
            self._headers = _headers(self._head)
            self._head = b""
        return self._headers

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        lower = name.lower()
        if self._head and lower.encode("latin-1") not in self._head.lower():
            return None
        length = len(name)
        for key, value in self.headers:
            if len(key) == length and key.lower() == lower:
                return value
        return None


class Origin(Protocol):
    """What a request is made from, as far as its record names it."""

    @property
    def flow(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def named(self) -> bool: ...
    @property
    def method(self) -> str: ...


class Exchange:
    """A virtual user has one, and uses it again for every request; times are seconds of CLOCK_MONOTONIC."""

    __slots__ = (
        "body",  # b"" unless the answer was taken whole
        "connect_time",  # of TCP, with looking the name up; 0 on a kept connection
        "counted",  # where it was counted as sent
        "error",
        "extracted",
        "finished_at",
        "first_byte_at",  # NaN when no byte came
        "head",  # of an answer that was taken whole, as it came, unless its headers are known
        "headers",  # () unless the answer's head said something unusual: a cookie, say
        "id",
        "intended_at",
        "is_clean",  # nothing is left of an answer that was more than counted
        "is_head",
        "is_opening",  # the first request of a flow start: it is the arrival
        "is_wanted",  # the answer is to be kept, to be looked at when the load is over
        "is_whole",  # somebody wants to read the answer; otherwise it is only counted
        "problem",  # for a person at a dry run; never stored
        "ready_at",  # when an open arrival could leave: after its time, and after a user was free for it; NaN without arrivals
        "reconnect",  # this user had a connection and had to open another one
        "request",  # the bytes that go out
        "sent_at",  # when the request was taken up: connecting is part of it
        "size",  # of the answer's body on the wire
        "status",  # 0 when no answer came
        "step",
        "tls_time",  # of the handshake; 0 on a kept connection and without TLS
        "turn",  # of a conversation; None for a request that is whole by itself
        "user",
    )

    step: Origin
    headers: Headers
    error: Error
    extracted: Mapping[str, JsonValue]

    def __init__(self, user: int) -> None:
        self.user = user
        self.id = 0
        self.request = b""
        self.turn: Turn | None = None
        self.is_head = False
        self.is_wanted = False
        self.is_whole = False
        self.is_opening = False
        self.intended_at = 0.0
        self.ready_at = math.nan
        self.counted: object = None
        self.is_clean = True
        self._clean()
        self.take_up(0.0)

    def take_up(self, now: float) -> None:
        """Forgets the last answer: this request begins now."""
        self.sent_at = now
        self.first_byte_at = math.nan
        if not self.is_clean:
            self._clean()

    def fail(self, error: Error, problem: str, now: float) -> None:
        """What had come of the answer is not an answer."""
        self.is_clean = False
        self.error = error
        self.problem = problem
        self.status = 0
        self.size = 0
        self.head = b""
        self.headers = ()
        self.body = b""
        self.finished_at = now

    def find(self, error: Error, problem: str) -> None:
        """The answer is not what it should be."""
        self.is_clean = False
        self.error = error
        self.problem = problem

    def _clean(self) -> None:
        self.is_clean = True
        self.finished_at = math.nan
        self.connect_time = 0.0
        self.tls_time = 0.0
        self.reconnect = False
        self.status = 0
        self.size = 0
        self.head = b""
        self.headers = ()
        self.body = b""
        self.error = ""
        self.problem = ""
        self.extracted = _NOTHING

    def answer(self) -> Answer:
        return Answer(self.status, self.headers, self.body, self.head)

    @property
    def path(self) -> str:
        """As it was sent; "" when the request could not even be written."""
        if self.turn is not None and self.turn.path:
            return self.turn.path
        return self.request.split(b" ", 2)[1].decode("latin-1") if self.request else ""

    @property
    def offered_encodings(self) -> str:
        """Accept-Encoding as it was sent."""
        found = _OFFERED.search(self.request)
        return found[1].decode("latin-1") if found else ""


def _headers(head: bytes) -> Headers:
    """Of a head that the parser has found in order."""
    found: list[tuple[str, str]] = []
    for text in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = text.partition(":")
        if colon:
            found.append((name, value.strip()))
    return found
