"""Starlette, below FastAPI too: the fallback entry, the routes of all its versions, and the label around a route's work."""

import sys

from .. import asgi
from ..context import current
from ..hooks.patches import Patches
from ..importing import version_of
from ..records import PROFILED
from ..steps import timed


def install_application(recorder):
    from starlette.applications import Starlette

    def calling(plain):
        async def __call__(self, scope, receive, send):  # noqa: N807 - it becomes the class's own
            if asgi.MARK in scope or scope["type"] != "http":
                await plain(self, scope, receive, send)
            else:
                await asgi.serve(recorder, plain.__get__(self), scope, receive, send)

        return __call__

    patches = Patches()
    patches.wrap(Starlette, "__call__", calling)
    return patches


def install_routes(recorder):
    from starlette.routing import Mount, Route

    patches = Patches()
    patches.wrap(Route, "handle", lambda plain: handling(recorder, "starlette", plain, _path))
    patches.wrap(Mount, "handle", lambda plain: _mounting(recorder, plain))
    return patches


def _path(route, _scope):
    return route.path


def handling(recorder, framework, plain, path):
    """A route's handle() that names its request first; the outermost one that handles has the last word."""
    route_id = recorder.routes.id
    version = version_of(framework)

    async def handle(self, scope, receive, send):
        request = current.get()
        if request is None or request.closed or request.named or scope["type"] != "http":
            await plain(self, scope, receive, send)
            return
        recorder.framework(framework, version)
        request.named = True
        request.route = route_id(path(self, scope), request.prefix)
        await _watched(recorder, request, plain(self, scope, receive, send))

    return handle


def _watched(recorder, request, handled):
    """Below the label in PROFILE mode; timed here when a middleware moved the work to a task of its own."""
    if request.flags & PROFILED:
        handled = recorder.trampolines.label(request).awaited(handled)
    if request.task is None or request.tree is not None:
        return handled
    asyncio = sys.modules["asyncio"]
    if asyncio.current_task() is request.task:
        return handled
    return timed(handled, request, recorder.watches.of(recorder, asyncio.get_running_loop()))


def _mounting(recorder, plain):
    route_id = recorder.routes.id

    async def handle(self, scope, receive, send):
        request = current.get()
        if request is not None and not request.named and scope["type"] == "http":
            request.prefix += self.path
            # Static files and foreign applications have no route of their own.
            request.route = route_id("/{path}", request.prefix)
        await plain(self, scope, receive, send)

    return handle
