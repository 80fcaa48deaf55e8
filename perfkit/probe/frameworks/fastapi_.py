"""FastAPI's routes: since 0.137 a route in a router no longer knows its prefix, its context does."""

from ..hooks.patches import Patches
from .starlette_ import handling


def install(recorder):
    from fastapi.routing import APIRoute

    patches = Patches()
    # Older versions inherit Starlette's handle(), and their `path` is whole.
    patches.wrap(APIRoute, "handle", lambda plain: handling(recorder, "fastapi", plain, _path))
    return patches


def _path(route, scope):
    context = scope.get("fastapi", {}).get("effective_route_context")
    if context is not None and context.original_route is route:
        return context.path
    return route.path
