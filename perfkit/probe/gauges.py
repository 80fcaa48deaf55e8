"""What there is a limited number of, and how much of it is taken: asked a few times a second by the flusher's thread.

A request pays nothing for it. For hooks:
    recorder.gauges.watch(pool, POOL, name_of, look)     look(pool) → (used, waiting, size); forgotten when the pool is
    recorder.gauges.tell(GIL, name, look)                look() → the same since it was last asked; None: nothing to say
"""

import weakref

from .originals import clock
from .records import EVENT_GAUGES

MAX_WATCHED = 1000  # things; whoever makes a lock per object makes millions
MAX_TOLD = 50  # lines of one turn


class Gauges:
    """The limited things of a process; those of a master are still there in the workers that it forks."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._watched = {}  # id → (weak reference, resource, name, look)
        self._told = {}  # (resource, name) → look

    def watch(self, thing, resource, name, look):
        """From now until `thing` is gone. What is watched already is what it is called last."""
        key = id(thing)
        if len(self._watched) >= MAX_WATCHED and key not in self._watched:
            return
        watched = self._watched

        def gone(reference):
            if key in watched and watched[key][0] is reference:
                del watched[key]

        watched[key] = (weakref.ref(thing, gone), resource, name, look)

    def tell(self, resource, name, look):
        self._told[resource, name] = look

    def take(self):
        """One line for all: of things that share a name the fullest, for one full lock of many holds everybody up."""
        seen = {}
        for reference, resource, name, look in list(self._watched.values()):
            thing = reference()
            if thing is None:
                continue
            try:
                figures = look(thing)
                key = (resource, name(thing) if callable(name) else name)
            except Exception as error:  # a library that has changed: its gauge is lost, nothing else
                self._recorder.fault("gauge of " + resource, error)
                continue
            if figures[2] > 0 and _fullness(figures) >= _fullness(seen.get(key, (-1, 0, 1))):
                seen[key] = figures
        for key, look in list(self._told.items()):
            try:
                figures = look()
            except Exception as error:
                self._recorder.fault("gauge of " + key[0], error)
                continue
            if figures is not None:
                seen[key] = figures
        if seen:
            lines = [[resource, name, *figures] for (resource, name), figures in list(seen.items())[:MAX_TOLD]]
            self._recorder.event(EVENT_GAUGES, at=clock(), seen=lines)


class Share:
    """Of a time that somebody adds up, how much went by since it was last asked: exact where looks would be a sample."""

    __slots__ = ("_asked", "_busy")

    def __init__(self):
        self._busy = 0
        self._asked = clock()

    def take(self, busy, now):
        """`busy` are all nanoseconds so far; the mean number in use since the last call."""
        more, elapsed = busy - self._busy, now - self._asked
        self._busy, self._asked = busy, now
        return round(max(more / elapsed, 0.0), 4) if elapsed > 0 else 0.0


class Holds:
    """What was taken from a pool and is not back yet, since when; and for how long all others were out."""

    __slots__ = ("_out", "_over", "_share")

    def __init__(self):
        self._out = {}  # id → taken at
        self._over = 0
        self._share = Share()

    def taken(self, thing):
        self._out[id(thing)] = clock()

    def back(self, thing):
        since = self._out.pop(id(thing), None)
        if since is not None:
            # Two threads at once may lose one of the two: so seldom that a gauge need not pay for a lock.
            self._over += clock() - since

    def take(self):
        """How many were out since the last call, in the mean."""
        now = clock()
        return self._share.take(self._over + sum(now - since for since in list(self._out.values())), now)


def _fullness(figures):
    used, waiting, size = figures
    return (used / size, waiting)


class Naps:
    """How busy something is that can only be met busy or free: whoever naps and wants it back finds out.

    Each nap asks once, at its end; for as long as it then had to wait, the thing was busy besides. So the time of a nap counts
    as busy when its end was, and every wait does. Naps that took no notice of what they waited for would forget long blocks.
    """

    __slots__ = ("_busy", "_limit", "_nap", "_total")

    def __init__(self, nap, limit):
        self._nap = nap  # ns
        self._limit = limit  # a wait of less is the timer's
        self._busy = self._total = 0

    def woke(self, late):
        """A nap has ended, and it took so many nanoseconds longer."""
        if late > self._limit:
            self._busy += self._nap + late
            self._total += self._nap + late
        else:
            self._total += self._nap

    def take(self):
        """Busy and all nanoseconds since it was last asked."""
        busy, total = self._busy, self._total
        self._busy -= busy
        self._total -= total
        return (busy, 0, total) if total else None
