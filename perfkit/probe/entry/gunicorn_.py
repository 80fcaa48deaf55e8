"""gunicorn, all its workers: the application it loads, and the moment at which a worker is ready."""

from ..hooks import executors_
from ..hooks.patches import Patches
from ..importing import version_of
from ..records import SLOTS
from .either import wrap


def install_application(recorder):
    """With --preload this runs in the master, so wrapping must leave no trace there: no thread, no file."""
    from gunicorn.app.base import BaseApplication

    def loading(plain):
        def wsgi(self):
            self.callable = wrap(plain(self), recorder)
            return self.callable

        return wsgi

    patches = Patches()
    patches.wrap(BaseApplication, "wsgi", loading)
    return patches


def install_worker(recorder):
    """init_process() runs in the forked worker; a few lines after it has loaded the application it serves."""
    from gunicorn.workers.base import Worker

    def initialising(plain):
        def init_process(self):
            after = self.cfg.post_worker_init

            def post_worker_init(worker):
                recorder.server("gunicorn", version_of("gunicorn"))
                tell_slots(recorder, worker)
                after(worker)

            self.cfg.set("post_worker_init", post_worker_init)
            return plain(self)

        return init_process

    patches = Patches()
    patches.wrap(Worker, "init_process", initialising)
    return patches


def tell_slots(recorder, worker):
    """How many requests this worker takes in at once: its threads, or one; of the other classes nobody knows a number."""
    threads = getattr(worker, "tpool", None)
    if threads is not None:
        recorder.gauges.watch(threads, SLOTS, "gunicorn threads", executors_.look)
    elif any(kind.__module__ == "gunicorn.workers.sync" for kind in type(worker).__mro__):
        recorder.gauges.tell(SLOTS, "gunicorn sync worker", lambda: (min(len(recorder.active), 1), 0, 1))
