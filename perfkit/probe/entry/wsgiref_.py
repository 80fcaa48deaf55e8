"""wsgiref's simple server, and with it Django's runserver: set_app() runs in the process that serves."""

from .. import wsgi
from ..hooks.patches import Patches


def install(recorder):
    from wsgiref.simple_server import WSGIServer

    def setting(plain):
        def set_app(self, application):
            plain(self, wsgi.wrap(application, recorder))
            recorder.server("wsgiref")

        return set_app

    patches = Patches()
    patches.wrap(WSGIServer, "set_app", setting)
    return patches
