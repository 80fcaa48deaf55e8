"""threading's locks that the application itself makes: how long requests wait for them, and how often they are held.

Locks of libraries and of the standard library stay what they are, so nothing but the application's own locking gets slower (some
0.2 µs for each time that a lock is taken). Semaphores, conditions and events are not seen, nor are queues.
"""

import sys

from ..originals import clock
from ..records import LOCK, LOCK_HELD
from .patches import Patches

DRIVER = "threading locks"
MODULE = "threading"
SHORTEST_WAIT = 50_000  # ns: what a lock takes that changes hands between two threads that run


def install(recorder):
    import threading

    with Patches() as undo:
        undo.put(threading, "Lock", _factory(recorder, threading.Lock, Watched))
        undo.put(threading, "RLock", _factory(recorder, threading.RLock, WatchedReentrant))
    return undo


def _factory(recorder, plain, watched):
    """A class, as threading.Lock is one since 3.13: calling it makes a lock, isinstance() knows both kinds."""
    kinds = (type(plain()), watched)

    class Kind(type):
        def __call__(cls, *arguments, **keywords):
            lock = plain(*arguments, **keywords)
            site = recorder.sites.own_line(sys._getframe(1))
            if not site:
                return lock
            found = watched(recorder, lock, site)
            recorder.gauges.watch(found, LOCK_HELD, site, look)
            return found

        def __instancecheck__(cls, thing):
            return isinstance(thing, kinds)

    return Kind(plain.__name__, (), {"__doc__": plain.__doc__, "__module__": "threading"})


def look(lock):
    return (1 if lock.is_held() else 0, len(lock.waiting), 1)


class Watched:
    """A lock around a lock: what it adds to one that is free is a call."""

    __slots__ = ("__weakref__", "_acquire", "_lock", "_recorder", "_site", "release", "waiting")

    def __init__(self, recorder, lock, site):
        self._recorder = recorder
        self._lock = lock
        self._acquire = lock.acquire
        self.release = lock.release
        self._site = site
        self.waiting = set()  # tokens of those that wait at this moment

    def acquire(self, blocking=True, timeout=-1):
        if self._acquire(False):
            return True
        return self._wait(timeout) if blocking else False

    def __enter__(self):
        return self._acquire(False) or self._wait(-1)

    def __exit__(self, *_):
        self.release()

    def _wait(self, timeout):
        token = object()
        started = clock()
        self.waiting.add(token)
        try:
            return self._acquire(True, timeout)
        finally:
            self.waiting.discard(token)
            wall = clock() - started
            if wall > SHORTEST_WAIT:
                _told(self._recorder, self._site, started, wall)

    def is_held(self):
        return self._lock.locked()

    def locked(self):
        return self._lock.locked()

    def __getattr__(self, name):  # _at_fork_reinit, and for conditions _is_owned and its like
        return getattr(self._lock, name)

    def __repr__(self):
        return repr(self._lock)


class WatchedReentrant(Watched):
    __slots__ = ()

    def is_held(self):
        # Before 3.14 it does not say so itself; its text does, and to try would be to take it.
        return not repr(self._lock).startswith("<unlocked")


def _told(recorder, site, started, wall):
    try:
        request = recorder.current()
        if request is not None or recorder.serving:
            name = recorder.name(site)
            recorder.call(request, LOCK, name, started, wall, site=recorder.site(request, name))
    except Exception as error:
        recorder.fault("lock", error)
