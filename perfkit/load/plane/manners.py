"""How a target treats kept connections: whether it says so when it closes one, and a look at what it has sent unasked."""

import ctypes
from typing import Final

# A look at what has arrived, without taking it: linux/socket.h
_MSG_PEEK: Final = 0x02
_MSG_DONTWAIT: Final = 0x40
_peek: Final = ctypes.PyDLL(None).recv
_scrap: Final = ctypes.create_string_buffer(1)
_scrap_address: Final = ctypes.addressof(_scrap)
_peek.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class Manners:
    """What has been learnt of the target: one that closes connections without a word is looked at before each request."""

    __slots__ = ("closes_silently", "is_understood")

    def __init__(self) -> None:
        self.closes_silently = False
        self.is_understood = False  # it has shown that it speaks the protocol that was asked for


def has_spoken(descriptor: int) -> bool:
    """Something lies in the socket that no request asked for: bytes, or the end of the connection."""
    return bool(_peek(descriptor, _scrap_address, 1, _MSG_PEEK | _MSG_DONTWAIT) >= 0)
