"""A connection as its client uses it, whatever it speaks."""

import asyncio

from perfkit.load.exchange import TransportError


class Line(asyncio.Protocol):
    """From its opening to its end; each request or turn that `write` takes comes to one outcome."""

    __slots__ = ()

    is_open: bool
    is_waiting: bool

    def is_stale(self) -> bool:
        """It was closed, or spoken on, unasked; asked before a byte is sent."""
        raise NotImplementedError

    def write(self) -> bool:
        """Sends the exchange's request; False when nothing has left."""
        raise NotImplementedError

    def drop(self) -> None:
        """Closes it at once; a request under way must have been failed before."""
        raise NotImplementedError

    def fail(self, error: TransportError, problem: str) -> None:
        """Ends the request under way as a failure."""
        raise NotImplementedError
