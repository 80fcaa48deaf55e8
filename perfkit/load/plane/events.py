"""Server-sent events out of the bytes of a body, as the HTML standard reads them (9.2.6)."""

import re
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_MARK: Final = b"\xef\xbb\xbf"
MESSAGE: Final = "message"  # the type of an event that does not say one


@dataclass(frozen=True, slots=True)
class SentEvent:
    kind: str
    data: bytes


class Events:
    """Takes the body in any pieces. `id` and `retry` are for clients that connect again: this one does not."""

    __slots__ = ("_data", "_is_first", "_kind", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._kind = ""
        self._data: list[bytes] = []
        self._is_first = True

    @property
    def is_between(self) -> bool:
        """Nothing of the next event has come."""
        return not (self._rest or self._data or self._kind)

    def feed(self, piece: bytes) -> list[SentEvent]:
        """The events that are whole now."""
        text = self._rest + piece
        if self._is_first:
            if len(text) < len(_MARK) and _MARK.startswith(text):
                self._rest = text
                return []
            text = text.removeprefix(_MARK)
            self._is_first = False
        found: list[SentEvent] = []
        start = 0
        for end in _LINE_END.finditer(text):
            # A carriage return at the very end may be the first half of a line's end.
            if end[0] == b"\r" and end.end() == len(text):
                break
            self._line(text[start : end.start()], found)
            start = end.end()
        self._rest = text[start:]
        return found

    def _line(self, line: bytes, found: list[SentEvent]) -> None:
        if not line:
            if self._data:
                found.append(SentEvent(self._kind or MESSAGE, b"\n".join(self._data)))
            self._kind = ""
            self._data = []
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value.decode(errors="replace")
