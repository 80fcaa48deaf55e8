"""threading's locks that the application itself makes: how long requests wait for them, and how often they are held.

Locks of libraries and of the standard library stay what they are, so nothing but the application's own locking gets slower (some
0.5 µs for each time that a lock is taken). Semaphores, conditions and events are not seen, nor are queues.
"""

import sys

from ..gauges import Share
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
    """Held for which share of the time since the last look, how many wait, one."""
    now = clock()
    since = lock.since
    return (min(lock.told.take(lock.held + (now - since if since else 0), now), 1.0), len(lock.waiting), 1)


class Watched:
    """A lock around a lock, which adds up how long it is held: whoever holds it writes, so nobody else does."""

    __slots__ = (
        "__weakref__",
        "_acquire",
        "_lock",
        "_recorder",
        "_release",
        "_site",
        "freed",
        "held",
        "since",
        "told",
        "waiting",
    )

    def __init__(self, recorder, lock, site):
        self._recorder = recorder
        self._lock = lock
        self._acquire = lock.acquire
        self._release = lock.release
        self._site = site
        self.held = 0  # nanoseconds, without those since `since`
        self.since = 0  # 0: it is free
        self.freed = 0  # when it was let go last
        self.told = Share()
        self.waiting = set()  # tokens of those that wait at this moment

    def acquire(self, blocking=True, timeout=-1):
        if self._acquire(False):
            self._begin(clock())
            return True
        return self._wait(timeout) if blocking else False

    def __enter__(self):
        if self._acquire(False):
            self._begin(clock())
            return True
        return self._wait(-1)

    def release(self):
        self._end()
        self._release()

    def __exit__(self, *_):
        self._end()
        self._release()

    def _begin(self, since):
        self.since = since

    def _end(self):
        since = self.since
        if since:
            self.since = 0
            self.freed = now = clock()
            self.held += now - since

    def _wait(self, timeout):
        token = object()
        started = clock()
        self.waiting.add(token)
        got = False
        try:
            got = self._acquire(True, timeout)
            return got
        finally:
            self.waiting.discard(token)
            now = clock()
            if got:
                # From when it was let go for us: until we woke up nobody else could have it either.
                self._begin(self.freed if started < self.freed else now)
            if now - started > SHORTEST_WAIT:
                _told(self._recorder, self._site, started, now - started)

    def locked(self):
        return self._lock.locked()

    def _at_fork_reinit(self):
        self.since = 0
        self._lock._at_fork_reinit()

    def __getattr__(self, name):  # for conditions _is_owned
        return getattr(self._lock, name)

    def __repr__(self):
        return repr(self._lock)


class WatchedReentrant(Watched):
    __slots__ = ("_depth",)

    def __init__(self, recorder, lock, site):
        super().__init__(recorder, lock, site)
        self._depth = 0

    def _begin(self, since):
        if not self._depth:
            self.since = since
        self._depth += 1

    def _end(self):
        # Whoever does not have it is about to be told so.
        if self._lock._is_owned():
            self._depth -= 1
            if not self._depth:
                super()._end()

    def _at_fork_reinit(self):
        self._depth = 0
        super()._at_fork_reinit()

    def _release_save(self):
        """A condition's wait lets go of it altogether."""
        depth, self._depth = self._depth, 0
        super()._end()
        return depth, self._lock._release_save()

    def _acquire_restore(self, saved):
        depth, state = saved
        self._lock._acquire_restore(state)
        self._depth = depth
        super()._begin(clock())

    def _is_owned(self):
        return self._lock._is_owned()

    def locked(self):
        """Since 3.14 of the lock itself."""
        return bool(self.since)


def _told(recorder, site, started, wall):
    try:
        request = recorder.current()
        if request is not None or recorder.serving:
            name = recorder.name(site)
            recorder.call(request, LOCK, name, started, wall, site=recorder.site(request, name))
    except Exception as error:
        recorder.fault("lock", error)
