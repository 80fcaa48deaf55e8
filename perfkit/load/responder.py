"""The null responder: a server that does nothing but answer, as fast as it can; what is left is the generator's own cost.

Started by calibrate.py as `python -m perfkit.load.responder PARENT`; says its port on standard output.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Final, cast

import httptools
import uvloop

from perfkit.load.lifeline import die_with

# About what an endpoint answers with: a page of a list. Its size is said beside the figure that comes of it.
BODY: Final = json.dumps({"items": [{"id": number, "name": f"item {number}", "price": 9.99} for number in range(40)]}).encode()
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
_ANSWER: Final = _HEAD + BODY
_BACKLOG: Final = 1024


class Answering(asyncio.Protocol):
    """One connection: every request that is whole gets the same answer."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.close()

    def on_message_complete(self) -> None:
        self._transport.write(_HEAD if self._parser.get_method() == b"HEAD" else _ANSWER)
        if not self._parser.should_keep_alive():
            self._transport.close()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=_BACKLOG)
    os.write(sys.stdout.fileno(), b"%d\n" % server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main() -> None:
    # A terminal's Ctrl-C is for perfkit, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(int(sys.argv[1]))
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
