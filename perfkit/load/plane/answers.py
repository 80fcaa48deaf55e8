"""An answer as the parser reports it: only counted, or read whole."""

import re
from typing import Final, cast

import httptools

END_OF_HEAD: Final = b"\r\n\r\n"
VERSION: Final = b"HTTP/1.1"
# Heads that say more than a count takes note of: a cookie, or a connection that is not kept.
UNUSUAL: Final = re.compile(
    rb"\n(?:[Ss][Ee][Tt]-[Cc][Oo][Oo][Kk][Ii][Ee]:|[Cc][Oo][Nn][Nn][Ee][Cc][Tt][Ii][Oo][Nn]:(?!\s*[Kk]eep-[Aa]live\r))"
)
FINAL: Final = 200  # statuses below announce an answer that is still to come
_FRAMES: Final = frozenset({"content-length", "transfer-encoding"})  # with either, an answer's end is known


class Count:
    """An answer that is only counted; what the parser calls is all C, and raises IndexError when a second answer begins."""

    __slots__ = ("on_body", "on_message_begin", "on_message_complete", "parser", "pieces", "to_begin", "to_complete")

    def __init__(self) -> None:
        self.to_begin: list[None] = [None]
        self.to_complete: list[None] = [None]
        self.pieces: list[bytes] = []
        self.on_message_begin = self.to_begin.pop
        self.on_message_complete = self.to_complete.pop
        self.on_body = self.pieces.append
        self.parser = httptools.HttpResponseParser(self)


class Whole:
    """An answer that is read: headers, and a body in pieces."""

    __slots__ = (
        "begun",
        "body",
        "complete",
        "has_head",
        "headers",
        "is_head",
        "is_interim",
        "is_kept_alive",
        "parser",
        "size",
        "status",
    )

    def __init__(self, *, is_head: bool) -> None:
        self.parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.begin(is_head=is_head)

    def begin(self, *, is_head: bool) -> None:
        """Another answer: of a parser that has come to the end of the last one."""
        self.is_head = is_head
        self.is_interim = False
        self.has_head = False
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []
        self.begun = 0
        self.complete = 0
        self.size = 0
        self.status = 0
        self.is_kept_alive = True

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        # What follows an answer, and what comes after its body, is not its head.
        if not self.has_head:
            self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self.has_head:
            return
        status = cast("httptools.HttpResponseParser", self.parser).get_status_code()
        self.is_interim = status < FINAL
        if not self.is_interim:
            self.has_head = True
            self.status = status
            if self.is_head:
                self._complete()

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self.size += len(body)
            self.body.append(body)
        else:
            self.begun += 1  # what comes after the end belongs to nothing

    def on_message_complete(self) -> None:
        if self.is_interim:
            self.headers.clear()
            self.begun -= 1
        elif not self.complete:
            self._complete()

    @property
    def ends_with_connection(self) -> bool:
        """Its length was not said: it is over when the connection is."""
        return self.has_head and not self.complete and not any(name.lower() in _FRAMES for name, _ in self.headers)

    @property
    def keeps_connection(self) -> bool:
        """As its head says it; for an answer whose body went elsewhere."""
        said = ",".join(value.lower() for name, value in self.headers if name.lower() == "connection")
        is_current = cast("httptools.HttpResponseParser", self.parser).get_http_version() == "1.1"
        return "close" not in said and (is_current or "keep-alive" in said)

    def _complete(self) -> None:
        self.complete += 1
        self.is_kept_alive = cast("httptools.HttpResponseParser", self.parser).should_keep_alive()


def parsed(head: bytes) -> Whole:
    """What the first bytes of an answer say; the rest of it has been counted."""
    whole = Whole(is_head=False)
    cast("httptools.HttpResponseParser", whole.parser).feed_data(head.partition(END_OF_HEAD)[0] + END_OF_HEAD)
    return whole
