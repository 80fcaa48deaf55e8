"""One record per request of an ASGI application: from the server's call to its last body message."""

from . import loop_lag
from .context import current
from .originals import clock
from .records import ASYNCHRONOUS, COUNTED, RAISED
from .steps import account, timed
from .wsgi import EXAMINED, WRAPPED

MARK = "perfkit.request"  # in scope: this request has its record
ID, STEP = b"x-perfkit-id", b"x-perfkit-step"
LAST_MESSAGES = ("http.response.pathsend", "http.response.zerocopysend")


def wrap(app, recorder):
    """`app` behind an entry; an application that has one already is left as it is."""
    if getattr(app, WRAPPED, None) is not None:
        return app

    async def perfkit_entry(scope, receive, send):
        await serve(recorder, app, scope, receive, send)

    setattr(perfkit_entry, WRAPPED, app)
    return perfkit_entry


async def serve(recorder, app, scope, receive, send):
    """Call the application and keep the record of it, unless a layer further out does so."""
    outer = current.get()
    if scope["type"] != "http" or MARK in scope or (outer is not None and not outer.closed):
        await app(scope, receive, send)
        return
    try:
        request = _begun(recorder, scope)
        watch = loop_lag.watch(recorder, request)
    except Exception as error:  # the request comes first
        recorder.fault("asgi", error)
        await app(scope, receive, send)
        return
    current.set(request)
    try:
        called = app(scope, receive, sender(recorder, request, send))
        if request.flags & EXAMINED:
            called = _examined(recorder, request, called)
        # pyinstrument follows cr_await, which ends at a generator that sends by hand: a sampled request is not timed.
        await (called if request.tree is not None or watch is None else timed(called, request, watch))
    except BaseException:
        request.flags |= RAISED
        if not request.status:
            request.status = 500
        raise
    finally:
        recorder.end(request)
        if request.tree is not None:
            recorder.trees.end(request)
        current.set(None)


def _examined(recorder, request, called):
    """Counted; or with a call tree if it is chosen, below a label of its own if no framework will give it one."""
    if request.flags & COUNTED:
        return recorder.counts.begin(request).awaited(called)
    recorder.trees.begin(request)
    return called if recorder.has_frameworks else recorder.trampolines.label(request).awaited(called)


def _begun(recorder, scope):
    identity = step = None
    for key, value in scope["headers"]:
        if key == ID:
            identity = value.decode("latin-1")
        elif key == STEP:
            step = value.decode("latin-1")
    request = recorder.begin(scope["method"], identity, step, ASYNCHRONOUS)
    request.loop = request.max_step = 0
    scope[MARK] = request
    return request


def sender(recorder, request, send):
    """`send`, watched: the first byte, the status, the bytes and the end of the body."""

    async def sending(message):
        kind = message["type"]
        if kind == "http.response.start":
            request.status = message["status"]
            request.first_byte = clock() - request.started
        elif kind == "http.response.body":
            request.bytes += len(message.get("body", b""))
            if not message.get("more_body", False):
                await send(message)
                _close(recorder, request)
                return
        elif kind in LAST_MESSAGES:
            await send(message)
            _close(recorder, request)
            return
        await send(message)

    return sending


def _close(recorder, request):
    """Background tasks may go on in the same coroutine: they are not what the client waited for."""
    if request.closed:
        return
    now = clock()
    if request.step_started:
        account(request, now - request.step_started)
    request.wall = now - request.started
    recorder.end(request)
