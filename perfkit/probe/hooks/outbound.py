"""Calls to other services: OUTBOUND records, of which a call with its retries and redirects leaves one."""

import contextvars

from ..records import CALL_FAILED, CONNECT, OUTBOUND

# What the call under way has found out: [its address]. None outside any call.
CALL = contextvars.ContextVar("perfkit_outbound", default=None)


def write(recorder, kind, address, started, failed):
    """One record, named host:port: never a path or a query, which may carry anybody's data."""
    wall = recorder.clock() - started
    try:
        request = recorder.current()
        if request is not None or recorder.serving:
            name = recorder.name(address)
            site = recorder.site(request, name)
            recorder.call(request, kind, name, started, wall, site=site, flags=CALL_FAILED if failed else 0)
    except Exception as error:
        recorder.fault("outbound", error)


def timed(recorder, plain, kind, address_of):
    """`plain(owner, ...)` as one record; calls of it to itself (a retry, a redirect) belong to the outermost."""

    def call(owner, *arguments, **keywords):
        if kind == OUTBOUND and CALL.get() is not None:
            return plain(owner, *arguments, **keywords)
        token = CALL.set([]) if kind == OUTBOUND else None
        started = recorder.clock()
        failed = True
        try:
            result = plain(owner, *arguments, **keywords)
            failed = False
        finally:
            if token is not None:
                CALL.reset(token)
            write(recorder, kind, address_of(owner), started, failed)
        return result

    return call


def connecting_async(recorder, plain, address_of):
    async def connect(owner, *arguments, **keywords):
        started = recorder.clock()
        failed = True
        try:
            result = await plain(owner, *arguments, **keywords)
            failed = False
        finally:
            write(recorder, CONNECT, address_of(owner), started, failed)
        return result

    return connect
