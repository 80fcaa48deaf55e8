"""One statement on its way: timed from execute to the last fetch, written once."""

from zlib import crc32

from ..records import CALL_FAILED, STATEMENT
from .values import FOLDED_ROWS, fold

PENDING = -2  # in place of a number of rows: there are rows to fetch


class Statement:
    """Collects what the fetches add, until its cursor is exhausted, used again or closed, or its request ends."""

    __slots__ = ("cpu", "flags", "name", "parameters", "recorder", "request", "result", "rows", "site", "started", "wall")

    def __init__(self, recorder, request, name, started, wall, parameters, site, result, cpu, flags):
        self.recorder = recorder
        self.request = request
        self.name = name
        self.started = started
        self.wall = wall
        self.rows = 0
        self.parameters = parameters
        self.site = site
        self.result = result  # the checksum so far; not 0 from the beginning when one is wanted
        self.cpu = cpu  # -1 when it is not taken
        self.flags = flags

    def fetched(self, rows):
        """Take note of fetched rows; of what they hold only when a checksum is wanted."""
        if self.result:
            try:
                checksum = self.result
                for row in rows[: max(0, FOLDED_ROWS - self.rows)]:
                    checksum = fold(checksum, row)
                self.result = checksum or 1
            except Exception as error:  # a row's own __repr__
                self.result = 0
                self.recorder.fault("checksum of rows", error)
        self.rows += len(rows)

    def fail(self):
        self.flags |= CALL_FAILED
        self.finish()

    def finish(self):
        """Write the record. A second call does nothing: cursor and request may both believe they are the last."""
        request = self.request
        if request is None:
            return
        self.request = None
        request.open.pop(self, None)
        try:
            result = self.result
            if result:
                result = crc32(b"%d" % self.rows, result) or 1
            self.recorder.call(
                request,
                STATEMENT,
                self.name,
                self.started,
                self.wall,
                self.rows,
                self.parameters,
                self.site,
                result,
                self.cpu,
                self.flags,
            )
        except Exception as error:
            self.recorder.fault("writing a statement", error)
