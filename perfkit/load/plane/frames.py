"""HTTP/2 frames on their way in, and the one among them that needs a reader of its own.

h2 takes a connection for closed once the target has announced that it is going away (GOAWAY), although the answers to what it
has taken up are still to come (RFC 9113, 6.8). So that frame is cut out of the stream here, and its meaning is told apart.
"""

import struct
from dataclasses import dataclass
from typing import Final

_HEADER: Final = struct.Struct(">I")
_HEADER_SIZE: Final = 9
_GOAWAY: Final = 0x7
_GOAWAY_BODY: Final = struct.Struct(">II")
_STREAM: Final = 0x7FFF_FFFF  # without the reserved bit
# Ours, as the protocol has it unless it is raised (RFC 9113, 6.5.2); h2 refuses longer frames.
LONGEST_FRAME: Final = 16_384


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The target takes up nothing after `last_stream`."""

    last_stream: int
    code: int


class Frames:
    """Keeps the beginning of a frame until the rest of it has come."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> tuple[bytes, GoingAway | None]:
        """The whole frames that have come, in order and without any GOAWAY; and the last of these."""
        data = self._rest + data if self._rest else data
        end = kept = 0
        pieces: list[bytes] = []
        leaving: GoingAway | None = None
        while (follower := _end_of_frame(data, end)) <= len(data):
            if data[end + 3] == _GOAWAY:
                pieces.append(data[kept:end])
                leaving = _going_away(data[end + _HEADER_SIZE : follower])
                kept = follower
            end = follower
        self._rest = data[end:]
        whole = data[kept:end]
        return (b"".join([*pieces, whole]) if pieces else whole), leaving


def _end_of_frame(data: bytes, start: int) -> int:
    """Where the frame that begins here ends; past the end of the data while it is not whole."""
    if len(data) - start < _HEADER_SIZE:
        return len(data) + 1
    length = _HEADER.unpack_from(data, start)[0] >> 8
    # A frame that is too long is not waited for: h2 refuses it by its header.
    return start + _HEADER_SIZE if length > LONGEST_FRAME else start + _HEADER_SIZE + int(length)


def _going_away(body: bytes) -> GoingAway:
    last, code = _GOAWAY_BODY.unpack_from(body.ljust(_GOAWAY_BODY.size, b"\0"))
    return GoingAway(last & _STREAM, code)
