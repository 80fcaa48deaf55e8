"""A beat: calls something at even intervals beside the run, and says so when that broke."""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from perfkit.evidence import RunDirectory


@contextmanager
def every(interval: float, take: Callable[[], None], directory: RunDirectory, observer: str) -> Generator[None]:
    """Takes one sample at once, one per interval, and one at the end; leaves the observer's note."""
    ended = threading.Event()

    def beat() -> None:
        due = time.monotonic()
        while True:
            take()
            # Beats that were missed are not made up for: a burst would be load of our own.
            due = max(due + interval, time.monotonic())
            if ended.wait(due - time.monotonic()):
                break
        take()

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"perfkit-{observer}") as pool:
        beating = pool.submit(beat)
        try:
            yield
        finally:
            ended.set()
            failure = beating.exception()
            if failure is not None:
                directory.note(observer, f"it broke off: {type(failure).__name__}: {failure}")
            elif observer not in directory.notes():
                # A later phase that went well does not heal an earlier one that did not.
                directory.note(observer, "ok")
