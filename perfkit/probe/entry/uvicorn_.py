"""uvicorn: the application after its configuration was loaded, whatever protocol class speaks to it."""

from .. import asgi
from ..hooks.patches import Patches
from ..importing import version_of


def install_config(recorder):
    from uvicorn.config import Config

    def loading(plain):
        def load(self):
            plain(self)
            self.loaded_app = asgi.wrap(self.loaded_app, recorder)

        return load

    patches = Patches()
    patches.wrap(Config, "load", loading)
    return patches


def install_server(recorder):
    """startup() runs in the process that serves, never in the supervisor of --workers or --reload."""
    from uvicorn.server import Server

    def starting(plain):
        async def startup(self, *arguments, **keywords):
            recorder.server("uvicorn", version_of("uvicorn"))
            await plain(self, *arguments, **keywords)

        return startup

    patches = Patches()
    patches.wrap(Server, "startup", starting)
    return patches
