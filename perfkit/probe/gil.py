"""How much of the time somebody holds the interpreter's lock: a thread that naps, and looks how long it takes to get it back.

It runs only where threads share the lock: a process that serves from one thread has nobody to wait for.
"""

import os
import sys

from .gauges import Naps
from .originals import clock, sleep, start_thread
from .records import GIL

NAP = 0.02  # seconds; 50 wake-ups a second cost about 0.1 % of a core
# A holder that computes is made to let go after 5 ms (sys.getswitchinterval); timers and wake-ups of a core that has something
# else to do are late by some 0.1 ms.
LIMIT = 500000
THREADS = 2


class Holder:
    """The sampler of this process; once it runs, it runs to the end."""

    def __init__(self):
        self.running = False

    def look_after(self, recorder, threads):
        """From the flusher's thread: begin, once so many threads serve."""
        if self.running or threads < THREADS or recorder.greenlets or is_free_threaded():
            return
        self.running = True
        naps = Naps(int(NAP * 1e9), LIMIT)
        recorder.gauges.tell(GIL, "", naps.take)
        start_thread(_run, (recorder, naps))


def is_free_threaded():
    enabled = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


def _run(recorder, naps):
    try:
        delays = _Delays()
        while True:
            before = delays.read()
            due = clock() + int(NAP * 1e9)
            sleep(NAP)
            late = clock() - due
            # Waiting for a core is not waiting for the lock.
            naps.woke(late - max(delays.read() - before, 0))
    except Exception as error:  # the thread ends, and says so
        recorder.fault("gil", error)


class _Delays:
    """Nanoseconds that this thread was ready to run and did not; always 0 where the kernel does not tell."""

    def __init__(self):
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            self._file = -1

    def read(self):
        if self._file < 0:
            return 0
        return int(os.pread(self._file, 100, 0).split()[1])
