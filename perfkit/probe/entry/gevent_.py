"""gevent's own WSGI server, outside gunicorn too."""

from .. import wsgi
from ..hooks.patches import Patches
from ..importing import version_of


def install(recorder):
    from gevent.pywsgi import WSGIServer

    def making(plain):
        def __init__(self, *arguments, **keywords):  # noqa: N807 - it becomes the class's own
            plain(self, *arguments, **keywords)
            if self.application is not None:
                self.application = wsgi.wrap(self.application, recorder)

        return __init__

    def starting(plain):
        def start_accepting(self, *arguments, **keywords):
            recorder.server("gevent", version_of("gevent"))
            return plain(self, *arguments, **keywords)

        return start_accepting

    patches = Patches()
    patches.wrap(WSGIServer, "__init__", making)
    patches.wrap(WSGIServer, "init_socket", starting)
    return patches
