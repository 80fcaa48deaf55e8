"""Wrappers for the methods of a driver's blocking cursors: each statement is timed with its fetches.

The wrappers are written out, not composed: they run for every statement of the target, and two microseconds is all they may take.
The order in `execute` matters: whatever can tell that there is nothing to count comes before the first reading of the clock.
"""

from time import thread_time_ns

from ..records import CALL_FAILED, PROFILE, STATEMENT
from .counted import QUIET, SITE
from .fetches import BUSY, Fetches
from .statements import PENDING, Statement
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

    def execute(self, plain, keyword="params", hashed=hash_of, explains=True):
        """`keyword`: what the driver calls the parameters."""
        recorder, names, still_open, outcome = self.recorder, self.names, self.open, self.outcome
        known, current, clock, control = names.known, recorder.current, recorder.clock, recorder.control
        quiet, sent_along = QUIET.get, SITE.get

        def execute(cursor, query, *arguments, **keywords):
            key = id(cursor)
            previous = still_open.pop(key, None)
            if previous is not None:
                if previous is BUSY:
                    still_open[key] = BUSY
                    return plain(cursor, query, *arguments, **keywords)
                previous.finish()
            try:
                name = known[query]
            except (KeyError, TypeError):
                name = names.learn(cursor, query)
            request = current()
            if not name or quiet() or (request is None and not recorder.serving):
                return plain(cursor, query, *arguments, **keywords)

            still_open[key] = BUSY
            profiling = control[0] == PROFILE
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
                parameters = 0 if given is None else hashed(given)
                rows, flags = outcome(cursor)
                site = sent_along() or recorder.site(request, name)
                if rows == PENDING and request is not None:
                    statement = Statement(
                        recorder, request, name, started, wall, parameters, site, 1 if profiling else 0, used, flags
                    )
                    still_open[key] = statement
                    request.open[statement] = None  # finished by the request, should nobody else do so before
                else:
                    del still_open[key]
                    rows = -1 if rows == PENDING else rows
                    recorder.call(request, STATEMENT, name, started, wall, rows, parameters, site, 0, used, flags)
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
            statement = self.streaming(cursor, query, arguments, keywords)
            return rows if statement is None else self._streamed(statement, rows)

        return stream

    def _streamed(self, statement, rows):
        try:
            yield from self._rows(statement, 0, rows.__next__)
        finally:
            statement.finish()
            rows.close()  # the driver cancels what was not read

    def streaming(self, cursor, query, arguments, keywords):
        """The statement of a stream, which is sent with the first row; None when it does not count."""
        recorder = self.recorder
        try:
            name = self.names.learn(cursor, query)
            request = recorder.current()
            if not name or request is None or QUIET.get():
                return None
            given = arguments[0] if arguments else keywords.get("params")
            parameters = 0 if given is None else hash_of(given)
            site = recorder.site(request, name)
            result = 1 if recorder.mode == PROFILE else 0
            statement = Statement(recorder, request, name, recorder.clock(), 0, parameters, site, result, -1, 0)
            request.open[statement] = None
        except Exception as error:
            recorder.fault("before a stream", error)
            return None
        return statement
