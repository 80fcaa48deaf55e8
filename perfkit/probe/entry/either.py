"""An application of which the server does not say whether it speaks WSGI or ASGI."""

import functools

from .. import asgi, wsgi

WSGI_ARGUMENTS = 2  # environ, start_response; ASGI has three


def wrap(app, recorder):
    """Wrapped for the protocol that it speaks; where that cannot be told, for whichever it is called with."""
    if getattr(app, wsgi.WRAPPED, None) is not None or app is None:
        return app
    if speaks_asgi(app):
        return asgi.wrap(app, recorder)

    def perfkit_entry(*arguments):
        if len(arguments) == WSGI_ARGUMENTS:
            return wsgi.serve(recorder, app, *arguments)
        return asgi.serve(recorder, app, *arguments)

    setattr(perfkit_entry, wsgi.WRAPPED, app)
    return perfkit_entry


def speaks_asgi(app):
    import inspect

    while isinstance(app, functools.partial):
        app = app.func
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004 - not whether
