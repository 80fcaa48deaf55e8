"""Flask: the fallback entry for servers that we do not know, the route, and the label around the dispatch."""

from .. import wsgi
from ..context import current
from ..hooks.patches import Patches
from ..importing import version_of
from ..records import PROFILED


def install(recorder):
    from flask.app import Flask  # the package itself is still being imported

    patches = Patches()
    patches.wrap(Flask, "wsgi_app", lambda plain: _entry(recorder, plain))
    patches.wrap(Flask, "full_dispatch_request", lambda plain: _dispatch(recorder, plain))
    return patches


def _entry(recorder, plain):
    def wsgi_app(self, environ, start_response):
        if wsgi.MARK in environ:
            return plain(self, environ, start_response)
        return wsgi.serve(recorder, plain.__get__(self), environ, start_response)

    return wsgi_app


def _dispatch(recorder, plain):
    from flask.globals import request as flask_request

    route_id = recorder.routes.id
    version = version_of("flask")
    known = recorder.journal.frameworks
    # Every attribute of Flask's proxy costs more than the rest of this function.
    flask_request_itself = flask_request._get_current_object

    def full_dispatch_request(self, *arguments):
        request = current.get()
        if request is None or request.closed:
            return plain(self, *arguments)
        if "flask" not in known:
            recorder.framework("flask", version)
        rule = flask_request_itself().url_rule
        if rule is not None:  # None: nothing matched
            request.route = route_id(rule.rule)
        if request.flags & PROFILED:
            return recorder.trampolines.label(request).call(plain, self, *arguments)
        return plain(self, *arguments)

    return full_dispatch_request
