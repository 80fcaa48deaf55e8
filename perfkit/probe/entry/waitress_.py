"""waitress: the application its server keeps."""

from .. import wsgi
from ..hooks.patches import Patches
from ..importing import version_of
from ..records import SLOTS


def install(recorder):
    from waitress.server import BaseWSGIServer

    def making(plain):
        def __init__(self, application, *arguments, **keywords):  # noqa: N807 - it becomes the class's own
            plain(self, wsgi.wrap(application, recorder), *arguments, **keywords)
            recorder.server("waitress", version_of("waitress"))
            recorder.gauges.watch(self.task_dispatcher, SLOTS, "waitress threads", look)

        return __init__

    patches = Patches()
    patches.wrap(BaseWSGIServer, "__init__", making)
    return patches


def look(dispatcher):
    """Threads at work, tasks in line, threads."""
    return (dispatcher.active_count, len(dispatcher.queue), len(dispatcher.threads))
