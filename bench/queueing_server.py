"""A server whose truth is known: one request at a time, in the order in which they came, each service time on record.

    python -m bench.queueing_server --log FILE [--service constant|exponential] [--mean 0.02] [--stall 1/5]

It prints its URL, and writes `<x-perfkit-id> <nanoseconds>` for each request when it is told to end. While it serves, it goes
on reading what comes, so that the order of arrival is the order on the wire. A request is served from when it came, by the
kernel's stamp on its bytes, or from when the one before was answered, whichever is later: that this process may have woken up
late is part of its service time, and no instant belongs to nobody.
"""

import argparse
import random
import select
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
END = b"\r\n\r\n"
NAME = b"x-perfkit-id:"
# The kernel's timers are late by up to a tenth of a millisecond: so much before the end, it is waited for at full wakefulness.
WATCHFUL = 0.0005
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python does not name it
STAMP = struct.Struct("@ll")
SEED = 20261123


class Server:
    """Reads what comes into one queue, and serves from its front."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self.listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # which its connections inherit
        self.log: list[tuple[str, int]] = []
        self._epoll = select.epoll()
        self._epoll.register(self.listener, select.EPOLLIN)
        self._connections: dict[int, socket.socket] = {}
        self._waiting: deque[tuple[socket.socket, str, int]] = deque()  # connection, id, when it came
        self._is_over = False

    def end(self, *_: object) -> None:
        self._is_over = True

    def serve(self, service: Callable[[], float]) -> None:
        """Until it is told to end."""
        ended = 0
        while not self._is_over:
            if not self._waiting:
                self._read(0.1)
                continue
            connection, name, came = self._waiting.popleft()
            began = max(came, ended)
            self._work(began + int(service() * 1e9))
            connection.send(ANSWER)
            ended = time.monotonic_ns()
            self.log.append((name, ended - began))

    def stall(self, every: float, length: float) -> None:
        """Answers at once, except for the first `length` of every `every` seconds, in which it does nothing at all."""
        began = time.monotonic()
        while not self._is_over:
            into = (time.monotonic() - began) % every
            if into < length:
                time.sleep(length - into)
            self._read(min(0.1, every - (time.monotonic() - began) % every))
            while self._waiting:
                connection, name, _ = self._waiting.popleft()
                connection.send(ANSWER)
                self.log.append((name, 0))

    def _work(self, until: int) -> None:
        while (left := (until - time.monotonic_ns()) / 1e9) > 0:
            self._read(left - WATCHFUL if left > 2 * WATCHFUL else 0.0)

    def _read(self, limit: float) -> None:
        # epoll keeps the order in which connections became readable; asked for one at a time, nothing overtakes.
        for descriptor, _ in self._epoll.poll(int(limit * 1e3) / 1e3, 1):
            if descriptor == self.listener.fileno():
                connection, _ = self.listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections[connection.fileno()] = connection
                self._epoll.register(connection, select.EPOLLIN)
                continue
            connection = self._connections[descriptor]
            head, said, _, _ = connection.recvmsg(65536, 256)
            if head.endswith(END):
                self._waiting.append((connection, _name(head), _came(said)))
            else:
                # perfkit writes a request in one piece; whatever else comes is the end of a connection.
                self._epoll.unregister(descriptor)
                self._connections.pop(descriptor).close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--log", type=Path, required=True)
    options.add_argument("--service", choices=("constant", "exponential"), default="constant")
    options.add_argument("--mean", type=float, default=0.0)
    options.add_argument("--stall", help="stalls for so many seconds of every so many: 1/5")
    given = options.parse_args()
    server = Server()
    signal.signal(signal.SIGTERM, server.end)
    print(f"http://127.0.0.1:{server.listener.getsockname()[1]}", flush=True)
    if given.stall:
        length, _, every = given.stall.partition("/")
        server.stall(float(every), float(length))
    else:
        dice = random.Random(SEED)
        mean: float = given.mean
        server.serve((lambda: mean) if given.service == "constant" else (lambda: dice.expovariate(1 / mean)))
    given.log.write_text("".join(f"{name} {taken}\n" for name, taken in server.log))


def _came(said: list[tuple[int, int, bytes]]) -> int:
    """When the last bytes came, on the clock that this file goes by; the kernel says it on the wall clock."""
    now = time.monotonic_ns()
    offset = now - time.time_ns()
    for level, kind, stamp in said:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = STAMP.unpack(stamp[: STAMP.size])
            return min(int(seconds * 1_000_000_000 + nanoseconds + offset), now)
    return now


def _name(head: bytes) -> str:
    _, _, rest = head.lower().partition(NAME)
    return rest.partition(b"\r")[0].strip().decode("latin-1") or "-"


if __name__ == "__main__":
    main()
