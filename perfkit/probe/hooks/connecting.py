"""Connections and waits for them: CONNECT and POOL_WAIT records, and the time of the one taken out of the other."""

import contextvars

from ..gauges import Holds
from ..records import CALL_FAILED, CONNECT, POOL_WAIT
from .counted import quietly

SHORTEST_WAIT = 50_000  # ns: a free connection is handed over in less
BOOKKEEPING = 1_000_000  # ns: what a pool itself may need around opening a connection, on a busy machine

HOLDS = "perfkit_holds"  # attribute of a pool

# Nanoseconds spent connecting inside the current checkout, as a list of one; None outside any checkout.
SPENT = contextvars.ContextVar("perfkit_connecting", default=None)


def connected(recorder, name, started, failed=False):
    """Record that a connection was (or could not be) opened; the time is taken out of a checkout that is under way."""
    wall = recorder.clock() - started
    spent = SPENT.get()
    if spent is not None:
        spent[0] += wall
    try:
        request = recorder.current()
        if request is not None or recorder.serving:
            flags = CALL_FAILED if failed else 0
            name = recorder.name(name)
            recorder.call(request, CONNECT, name, started, wall, site=recorder.site(request, name), flags=flags)
    except Exception as error:
        recorder.fault("connect", error)


def opening(recorder, plain):
    """A pool's way to a new connection, set-up included: all of it is connecting, not waiting, and its statements are quiet."""
    plain = quietly(plain)

    def open_connection(*arguments, **keywords):
        outer = SPENT.get()
        token = SPENT.set([0])  # the driver's own connect is part of this one
        started = recorder.clock()
        try:
            return plain(*arguments, **keywords)
        finally:
            SPENT.reset(token)
            if outer is not None:
                outer[0] += recorder.clock() - started

    return open_connection


def waited(recorder, name, started, spent, failed=False):
    """Record that a pool let its caller wait: `name` says which pool, without making the text before it is needed."""
    wall = recorder.clock() - started - spent[0]
    if wall < (BOOKKEEPING if spent[0] else SHORTEST_WAIT):
        return
    try:
        request = recorder.current()
        if request is not None or recorder.serving:
            flags = CALL_FAILED if failed else 0
            name = recorder.name(name())
            recorder.call(request, POOL_WAIT, name, started, wall, site=recorder.site(request, name), flags=flags)
    except Exception as error:
        recorder.fault("pool wait", error)


def held(pool):
    """From now on it is known how long the connections of this pool are out; see gauges.Holds."""
    setattr(pool, HOLDS, Holds())


def mean_held(pool, otherwise):
    """Connections that were out since the last look, in the mean; those at this moment where nobody added them up."""
    holds = getattr(pool, HOLDS, None)
    return otherwise if holds is None else holds.take()


def returning(plain):
    """A pool's way to take a connection back, also one that has to be awaited."""

    def give_back(pool, connection, *arguments, **keywords):
        holds = getattr(pool, HOLDS, None)
        if holds is not None:
            holds.back(connection)
        return plain(pool, connection, *arguments, **keywords)

    return give_back


def taken(pool, connection):
    holds = getattr(pool, HOLDS, None)
    if holds is not None:
        holds.taken(connection)
    return connection


def checkout(recorder, plain, name_of):
    """A pool's blocking `checkout(pool, ...)`, with its wait recorded; nested calls of a pool to itself count once."""

    def checkout(pool, *arguments, **keywords):
        if SPENT.get() is not None:
            return plain(pool, *arguments, **keywords)
        spent = [0]
        token = SPENT.set(spent)
        started = recorder.clock()
        failed = True
        try:
            result = plain(pool, *arguments, **keywords)
            failed = False
        finally:
            SPENT.reset(token)
            waited(recorder, lambda: name_of(pool), started, spent, failed)
        return taken(pool, result)

    return checkout


def checkout_async(recorder, plain, name_of):
    async def checkout(pool, *arguments, **keywords):
        if SPENT.get() is not None:
            return await plain(pool, *arguments, **keywords)
        spent = [0]
        token = SPENT.set(spent)
        started = recorder.clock()
        failed = True
        try:
            result = await plain(pool, *arguments, **keywords)
            failed = False
        finally:
            SPENT.reset(token)
            waited(recorder, lambda: name_of(pool), started, spent, failed)
        return taken(pool, result)

    return checkout
