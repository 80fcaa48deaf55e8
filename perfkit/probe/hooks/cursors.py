"""Wrappers for the methods of a driver's blocking cursors: each statement is timed with its fetches.

The wrappers are written out, not composed: they run for every statement of the target, and two microseconds is all they may take.
The order in `execute` matters: whatever can tell that there is nothing to count comes before the first reading of the clock.
"""

from time import thread_time_ns

from ..calls import RESULT, ROWS
from ..records import CALL_FAILED, PROFILE, PROFILED, STATEMENT
from .counted import QUIET, SITE
from .fetches import BUSY, Fetches
from .statements import PENDING
from .values import hash_of, hash_of_sets


class Cursors(Fetches):
    """The wrappers of one driver.

    The driver says `outcome(cursor) -> (rows or PENDING, flags)` and `explain(cursor, name, query, arguments, keywords)`.
    """

    def __init__(self, recorder, names, outcome, explain):
        super().__init__(recorder)
        self.names = names
        self.outcome = outcome
        self.explain = explain

    def failed(self, request, name, started, wall):
        recorder = self.recorder
        try:
            recorder.call(request, STATEMENT, name, started, wall, site=recorder.site(request, name), flags=CALL_FAILED)
        except Exception as error:
            recorder.fault("after a failed execute", error)

    def is_profiled(self, request):
        """A request is, or is not, from its beginning to its end."""
        return request.flags & PROFILED if request is not None else self.recorder.control[0] == PROFILE

    def execute(self, plain, keyword="params", hashed=hash_of, explains=True):
        """`keyword`: what the driver calls the parameters."""
        recorder, names, still_open, outcome = self.recorder, self.names, self.open, self.outcome
        known, current, clock = names.known, recorder.current, recorder.clock
        quiet, sent_along, keep = QUIET.get, SITE.get, recorder.keep

        def execute(cursor, query, *arguments, **keywords):
            key = id(cursor)
            if still_open.pop(key, None) is BUSY:
                still_open[key] = BUSY
                return plain(cursor, query, *arguments, **keywords)
            try:
                name, settled = known[query]
            except (KeyError, TypeError):
                name, settled = names.learn(cursor, query)
            request = current()
            if not name or quiet() or (request is None and not recorder.serving):
                return plain(cursor, query, *arguments, **keywords)

            still_open[key] = BUSY
            profiling = (request is None or request.turn) and self.is_profiled(request)
            used = thread_time_ns() if profiling else 0
            started = clock()
            try:
                result = plain(cursor, query, *arguments, **keywords)
            except BaseException:
                wall = clock() - started
                still_open.pop(key, None)
                self.failed(request, name, started, wall)
                raise
            wall = clock() - started
            used = thread_time_ns() - used if profiling else -1
            try:
                given = arguments[0] if arguments else keywords.get(keyword)
                parameters = hashed(given) if given is not None else 0
                rows, flags = outcome(cursor)
                if request is not None and not request.turn and (request.route or request.step) in settled:
                    site = sent_along()
                else:
                    site = sent_along() or recorder.site(request, name)
                sequence = request.sequence if request is not None else 0
                call = [sequence, STATEMENT, flags, rows, name, site, parameters, 0, started, wall, used]
                if rows == PENDING and request is not None:
                    call[ROWS] = 0
                    call[RESULT] = 1 if profiling else 0
                    still_open[key] = call
                else:
                    call[ROWS] = -1 if rows == PENDING else rows
                    del still_open[key]
                keep(request, call)
                if profiling and explains and name in names.explainable and request is not None:
                    self.explain(cursor, name, query, arguments, keywords)
            except Exception as error:
                if still_open.get(key) is BUSY:
                    del still_open[key]
                recorder.fault("after execute", error)
            return result

        return execute

    def executemany(self, plain, keyword="params_seq"):
        return self.execute(plain, keyword, hash_of_sets, explains=False)

    def stream(self, plain):
        """A generator method that executes and yields rows at once."""

        def stream(cursor, query, *arguments, **keywords):
            rows = plain(cursor, query, *arguments, **keywords)
            call = self.streaming(cursor, query, arguments, keywords)
            return rows if call is None else self._streamed(call, rows)

        return stream

    def _streamed(self, call, rows):
        try:
            yield from self.rows(call, 0, rows.__next__)
        finally:
            rows.close()  # the driver cancels what was not read

    def streaming(self, cursor, query, arguments, keywords):
        """The statement of a stream, which is sent with the first row; None when it does not count."""
        recorder = self.recorder
        try:
            name = self.names.name(cursor, query)
            request = recorder.current()
            if not name or request is None or QUIET.get():
                return None
            given = arguments[0] if arguments else keywords.get("params")
            parameters = 0 if given is None else hash_of(given)
            site = recorder.site(request, name)
            result = 1 if self.is_profiled(request) else 0
            call = [request.sequence, STATEMENT, 0, 0, name, site, parameters, result, recorder.clock(), 0, -1]
            recorder.keep(request, call)
        except Exception as error:
            recorder.fault("before a stream", error)
            return None
        return call
