"""Garbage collections, told to the request that had to wait for them: the one on whose thread they ran."""

import gc

from .context import current
from .originals import clock


class Pauses:
    """A pair of callbacks of the collector; it runs one collection at a time per process."""

    def __init__(self):
        self._started = 0

    def install(self):
        if self._saw not in gc.callbacks:
            gc.callbacks.append(self._saw)

    def _saw(self, phase, _info):
        if phase == "start":
            self._started = clock()
            return
        request = current.get()
        if request is not None and self._started:
            request.gc += clock() - self._started
