"""A virtual user's way to a target that speaks HTTP/2: agreed upon when the connection is opened, before anything is asked."""

import asyncio

from perfkit.errors import LoadError
from perfkit.load.plane.client import Client
from perfkit.load.plane.http2 import Http2
from perfkit.load.plane.line import Line
from perfkit.load.plane.opening import NotOpenedError


class Http2Client(Client):
    """Over TLS by ALPN, else with prior knowledge (RFC 9113, 3.2 and 3.3)."""

    def _connect(self) -> Line:
        return Http2(self._exchange, self._where, self._clock, self._on_end)

    async def _agree(self, line: Line) -> None:
        """With the target's settings in hand: until they come nobody knows that it speaks HTTP/2."""
        assert isinstance(line, Http2)
        where = self._where
        try:
            async with asyncio.timeout(min(where.connect_timeout, where.timeout)):
                await line.agreed.wait()
        except TimeoutError:
            raise NotOpenedError("connect", "the target's HTTP/2 settings did not come in time") from None
        finally:
            if not line.agreed.is_set():
                line.drop()
        if line.refusal:
            message = f"{where.authority} does not speak HTTP/2: {line.refusal}"
            fault = LoadError(message, hint="Set http.version to 1.1, or turn HTTP/2 on at the target.")
            # Every request would fail alike; later on it is a failure like any other.
            raise NotOpenedError("protocol", message, None if self._manners.is_understood else fault)
        self._manners.is_understood = True
