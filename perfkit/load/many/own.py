"""A generator process that the master starts itself: it dies with the master, and the master hears of its death."""

import subprocess
import sys
from collections.abc import Callable

import gevent

from perfkit.load.channel import Post, send_order

# What it has said before it died comes by another way: so long may that take.
LAST_WORDS = 0.3


class OwnWorker:
    """`on_death` is told how it ended, whenever that is."""

    def __init__(self, post: Post, on_death: Callable[[str], None]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "perfkit.load.locustfile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # it speaks to its master over the wire
        )
        self.pid = self._process.pid
        self._on_death = on_death
        assert self._process.stdin is not None
        send_order(self._process.stdin, post)
        gevent.spawn(self._watch)

    def kill(self) -> None:
        self._process.kill()

    def end(self, limit: float) -> None:
        """Lets it go by itself, but not for ever."""
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _watch(self) -> None:
        status = self._process.wait()
        gevent.sleep(LAST_WORDS)
        self._on_death(f"signal {-status}" if status < 0 else f"exit status {status}")
