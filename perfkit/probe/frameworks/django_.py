"""Django: the fallback entries, the route that was resolved, and the label around views and late templates."""

import functools

from .. import asgi, wsgi
from ..context import current
from ..hooks.patches import Patches
from ..importing import version_of
from ..records import PROFILED


def install_wsgi(recorder):
    from django.core.handlers.wsgi import WSGIHandler

    def calling(plain):
        def __call__(self, environ, start_response):  # noqa: N807 - it becomes the class's own
            if wsgi.MARK in environ:
                return plain(self, environ, start_response)
            return wsgi.serve(recorder, plain.__get__(self), environ, start_response)

        return __call__

    patches = Patches()
    patches.wrap(WSGIHandler, "__call__", calling)
    return patches


def install_asgi(recorder):
    from django.core.handlers.asgi import ASGIHandler

    def calling(plain):
        async def __call__(self, scope, receive, send):  # noqa: N807 - it becomes the class's own
            if asgi.MARK in scope:
                await plain(self, scope, receive, send)
            else:
                await asgi.serve(recorder, plain.__get__(self), scope, receive, send)

        return __call__

    patches = Patches()
    patches.wrap(ASGIHandler, "__call__", calling)
    return patches


def install_routes(recorder):
    from django.core.handlers.base import BaseHandler

    route_id = recorder.routes.id
    version = version_of("django")

    def resolving(plain):
        def resolve_request(self, http_request):
            match = plain(self, http_request)
            request = current.get()
            if request is not None and not request.closed:
                recorder.framework("django", version)
                request.route = route_id(match.route or "")
                if request.flags & PROFILED:
                    match.func = _labelled(recorder.trampolines.label(request), match.func)
            return match

        return resolve_request

    patches = Patches()
    patches.wrap(BaseHandler, "resolve_request", resolving)
    return patches


def _labelled(label, view):
    """The view below its label; middleware looks at a view's attributes (csrf_exempt), so they stay."""
    import asyncio

    if asyncio.iscoroutinefunction(view):

        @functools.wraps(view)
        async def labelled_later(*arguments, **keywords):
            return await label.awaited(view(*arguments, **keywords))

        return labelled_later

    @functools.wraps(view, assigned=("__module__", "__doc__"))
    def labelled(*arguments, **keywords):
        return label.call(view, *arguments, **keywords)

    return labelled


def install_templates(recorder):  # noqa: ARG001 - every install has the same form
    """A TemplateResponse is rendered after its view has returned, so outside the view's label."""
    from django.template.response import SimpleTemplateResponse

    plain = SimpleTemplateResponse.rendered_content.fget

    def rendered_content(self):
        request = current.get()
        if request is None or request.label is None:
            return plain(self)
        return request.label.call(plain, self)

    patches = Patches()
    patches.put(SimpleTemplateResponse, "rendered_content", property(rendered_content))
    return patches
