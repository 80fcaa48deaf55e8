"""werkzeug's development server (`flask run`, app.run()): its reloader's parent makes no server, so it says nothing."""

from .. import wsgi
from ..hooks.patches import Patches
from ..importing import version_of


def install(recorder):
    from werkzeug.serving import BaseWSGIServer

    def making(plain):
        def __init__(self, *arguments, **keywords):  # noqa: N807 - it becomes the class's own
            plain(self, *arguments, **keywords)
            self.app = wsgi.wrap(self.app, recorder)

        return __init__

    def serving(plain):
        def serve_forever(self, *arguments, **keywords):
            recorder.server("werkzeug", version_of("werkzeug"))
            return plain(self, *arguments, **keywords)

        return serve_forever

    patches = Patches()
    patches.wrap(BaseWSGIServer, "__init__", making)
    patches.wrap(BaseWSGIServer, "serve_forever", serving)
    return patches
