"""hypercorn: the wrappers through which its workers call an application."""

from .. import asgi, wsgi
from ..hooks.patches import Patches
from ..importing import version_of


def install(recorder):
    from hypercorn.app_wrappers import ASGIWrapper, WSGIWrapper

    def making(wrap):
        def wrapper(plain):
            def __init__(self, *arguments, **keywords):  # noqa: N807 - it becomes the class's own
                plain(self, *arguments, **keywords)
                self.app = wrap(self.app, recorder)
                recorder.server("hypercorn", version_of("hypercorn"))

            return __init__

        return wrapper

    patches = Patches()
    patches.wrap(ASGIWrapper, "__init__", making(asgi.wrap))
    patches.wrap(WSGIWrapper, "__init__", making(wsgi.wrap))
    return patches
