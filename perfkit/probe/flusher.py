"""The way to disk: records wait in queues, and a thread of its own writes them, so that no request waits for a file."""

import os
from collections import deque

from .originals import allocate_lock, clock, sleep, start_thread, write

FLUSH_EVERY = 0.25  # seconds: what a `kill -9` may cost
MAX_QUEUED = 10000  # requests, and as often their calls: some seconds of them; whoever adds one more writes them himself
SUFFIXES = (".events", ".calls", ".requests")  # in this order: a record never reaches the disk before its names


class Flusher:
    """Three queues and their files; files come into being with the first flush that has something to write."""

    def __init__(self, directory):
        self.directory = directory
        self.requests = deque()
        self.calls = deque()
        self.events = deque()
        self.errands = deque()  # callables for the thread: work that no request should wait for
        self.running = False
        self.pauses = False  # a request is being counted, and all that is allocated meanwhile counts
        self.watch = None  # called at every turn of the thread
        self._files = None
        self._lock = allocate_lock()

    def forked(self):
        """In a child: nothing of the parent's is ours, neither its records nor its files nor its thread."""
        for descriptor in self._files or ():
            os.close(descriptor)
        self.__init__(self.directory)

    def start(self):
        """Start the thread, once per process; never before this process serves."""
        if not self.running:
            self.running = True
            start_thread(self._run, ())

    def _run(self):
        while self.running:
            sleep(FLUSH_EVERY)
            if self.pauses or not self.running:
                continue
            try:
                if self.watch is not None:
                    self.watch()
                while self.errands:
                    self.errands.popleft()()
                self.flush()
            except Exception as error:  # the target must never see our exceptions
                self.events.append(_fault_line(error))

    def flush(self):
        """Write what is queued; safe from any thread."""
        if not self._lock.acquire(False):
            return  # somebody is at it
        try:
            # Taken in the reverse order of writing: a name is queued before the record that uses it.
            requests, calls, events = _taken(self.requests), _taken(self.calls), _taken(self.events)
            if events or calls or requests:
                files = self._opened()
                for descriptor, chunks in zip(files, (events, calls, requests)):  # noqa: B905 - 3.10
                    _write_all(descriptor, b"".join(chunks))
        except OSError:
            self._files = None  # the directory is gone, or the disk is full: the records of this turn are lost
        finally:
            self._lock.release()

    def _opened(self):
        if self._files is None:
            stem = os.path.join(self.directory, "%d-%d" % (os.getpid(), clock()))
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
            # The last to appear is the one that a reader looks for: by then its companions are there.
            opened = [os.open(stem + suffix, flags, 0o644) for suffix in reversed(SUFFIXES)]
            self._files = tuple(reversed(opened))
        return self._files


def _taken(queue):
    return [queue.popleft() for _ in range(len(queue))]


def _write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[write(descriptor, view) :]


def _fault_line(error):
    import json

    return (json.dumps({"kind": "fault", "where": "flusher", "why": repr(error)[:300]}) + "\n").encode()
