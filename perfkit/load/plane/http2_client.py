"""A virtual user's way to a target that speaks HTTP/2: agreed upon when the connection is opened, before anything is asked."""

from perfkit.load.plane.client import Client, Line, NotUnderstood
from perfkit.load.plane.http2 import Http2


class Http2Client(Client):
    """Over TLS by ALPN, else with prior knowledge (RFC 9113, 3.2 and 3.3)."""

    async def _connect(self) -> Line:
        """With the target's settings in hand: until they come nobody knows that it speaks HTTP/2."""
        where = self._where
        connection = await self._reach(lambda: Http2(self._exchange, where, self._clock, self._on_end), where.tls)
        try:
            await connection.agreed.wait()
        finally:
            if not connection.agreed.is_set():
                connection.drop()
        if connection.refusal:
            message = f"{where.authority} does not speak HTTP/2: {connection.refusal}"
            raise NotUnderstood(message, hint="Set http.version to 1.1, or turn HTTP/2 on at the target.")
        self._manners.is_understood = True
        return connection
