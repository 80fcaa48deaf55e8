"""httpx, blocking and asynchronous: a call is one `Client.send`, if it went through a transport that leaves the process."""

from ..records import CONNECT, OUTBOUND
from .outbound import CALL, connecting_async, timed, write
from .patches import Patches

DRIVER = "httpx"
MODULE = "httpx"
PORTS = {"http": 80, "https": 443}


def install(recorder):
    import httpx

    with Patches() as undo:
        undo.wrap(httpx.Client, "send", lambda plain: sending(recorder, plain))
        undo.wrap(httpx.AsyncClient, "send", lambda plain: sending_async(recorder, plain))
        undo.wrap(httpx.HTTPTransport, "handle_request", lambda plain: leaving(recorder, plain))
        undo.wrap(httpx.AsyncHTTPTransport, "handle_async_request", lambda plain: leaving_async(recorder, plain))
        hook_connects(recorder, undo)
    return undo


def hook_connects(recorder, undo):
    """New connections: TCP and TLS are set up in one private method of httpcore; without it they stay unknown."""
    try:
        from httpcore._async.connection import AsyncHTTPConnection
        from httpcore._sync.connection import HTTPConnection
    except ImportError as error:
        recorder.fault("httpx connects", error)
        return
    undo.wrap_if_there(HTTPConnection, "_connect", lambda plain: timed(recorder, plain, CONNECT, origin))
    undo.wrap_if_there(AsyncHTTPConnection, "_connect", lambda plain: connecting_async(recorder, plain, origin))


def origin(connection):
    known = connection._origin
    return "{}:{}".format(known.host.decode("ascii", "replace"), known.port)


def address(url):
    return "{}:{}".format(url.host, url.port or PORTS.get(url.scheme, 0))


def sending(recorder, plain):
    def send(client, request, *arguments, **keywords):
        if CALL.get() is not None:
            return plain(client, request, *arguments, **keywords)
        left = []  # filled by a transport that leaves the process: one that calls an application here is no call to others
        token = CALL.set(left)
        started = recorder.clock()
        failed = True
        try:
            response = plain(client, request, *arguments, **keywords)
            failed = False
        finally:
            CALL.reset(token)
            if left:
                write(recorder, OUTBOUND, left[0], started, failed)
        return response

    return send


def sending_async(recorder, plain):
    async def send(client, request, *arguments, **keywords):
        if CALL.get() is not None:
            return await plain(client, request, *arguments, **keywords)
        left = []
        token = CALL.set(left)
        started = recorder.clock()
        failed = True
        try:
            response = await plain(client, request, *arguments, **keywords)
            failed = False
        finally:
            CALL.reset(token)
            if left:
                write(recorder, OUTBOUND, left[0], started, failed)
        return response

    return send


def leaving(recorder, plain):
    def handle_request(transport, request):
        left = CALL.get()
        if left is None:  # a transport that is used without its client
            started = recorder.clock()
            failed = True
            try:
                response = plain(transport, request)
                failed = False
            finally:
                write(recorder, OUTBOUND, address(request.url), started, failed)
            return response
        left.append(address(request.url))
        return plain(transport, request)

    return handle_request


def leaving_async(recorder, plain):
    async def handle_async_request(transport, request):
        left = CALL.get()
        if left is None:
            started = recorder.clock()
            failed = True
            try:
                response = await plain(transport, request)
                failed = False
            finally:
                write(recorder, OUTBOUND, address(request.url), started, failed)
            return response
        left.append(address(request.url))
        return await plain(transport, request)

    return handle_async_request
