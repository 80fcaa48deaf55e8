"""Wrappers for the methods of a driver's asynchronous cursors: as in cursors.py, without CPU times, which no task has."""

from ..calls import RESULT, ROWS, WALL
from ..records import STATEMENT
from .counted import QUIET
from .cursors import Cursors
from .fetches import BUSY, all_rows, many_rows, one_row
from .statements import PENDING, broke, fetched
from .values import hash_of, hash_of_sets


class AsyncCursors(Cursors):
    """The same table and the same bookkeeping; `explain` is a coroutine function."""

    def execute(self, plain, keyword="params", hashed=hash_of, explains=True):
        recorder, names, still_open, outcome = self.recorder, self.names, self.open, self.outcome
        known, current, clock, quiet = names.known, recorder.current, recorder.clock, QUIET.get

        async def execute(cursor, query, *arguments, **keywords):
            key = id(cursor)
            if still_open.pop(key, None) is BUSY:
                still_open[key] = BUSY
                return await plain(cursor, query, *arguments, **keywords)
            try:
                name, settled = known[query]
            except (KeyError, TypeError):
                name, settled = names.learn(cursor, query)
            request = current()
            if not name or quiet() or (request is None and not recorder.serving):
                return await plain(cursor, query, *arguments, **keywords)

            site = 0
            if request is None or request.turn or (request.route or request.step) not in settled:
                site = self.site(request, name)  # before the first await: later the caller's frames may be gone
            still_open[key] = BUSY
            started = clock()
            try:
                result = await plain(cursor, query, *arguments, **keywords)
            except BaseException:
                wall = clock() - started
                still_open.pop(key, None)
                self.failed(request, name, started, wall)
                raise
            wall = clock() - started
            try:
                profiling = (request is None or request.turn) and self.is_profiled(request)
                given = arguments[0] if arguments else keywords.get(keyword)
                parameters = hashed(given) if given is not None else 0
                rows, flags = outcome(cursor)
                sequence = request.sequence if request is not None else 0
                call = [sequence, STATEMENT, flags, rows, name, site, parameters, 0, started, wall, -1]
                if rows == PENDING and request is not None:
                    call[ROWS] = 0
                    call[RESULT] = 1 if profiling else 0
                    still_open[key] = call
                else:
                    call[ROWS] = -1 if rows == PENDING else rows
                    del still_open[key]
                recorder.keep(request, call)
                if profiling and explains and name in names.explainable and request is not None:
                    await self.explain(cursor, name, query, arguments, keywords)
            except Exception as error:
                if still_open.get(key) is BUSY:
                    del still_open[key]
                recorder.fault("after execute", error)
            return result

        return execute

    def executemany(self, plain, keyword="params_seq"):
        return self.execute(plain, keyword, hash_of_sets, explains=False)

    def site(self, request, name):
        try:
            return self.recorder.site(request, name)
        except Exception as error:
            self.recorder.fault("call site", error)
            return 0

    def fetchone(self, plain):
        return self._fetch(plain, one_row)

    def fetchmany(self, plain):
        return self._fetch(plain, many_rows)

    def fetchall(self, plain):
        return self._fetch(plain, all_rows)

    def _fetch(self, plain, taken):
        still_open, clock, recorder = self.open, self.recorder.clock, self.recorder

        async def fetch(cursor, *arguments, **keywords):
            key = id(cursor)
            call = still_open.get(key)
            if call is None or call is BUSY:
                return await plain(cursor, *arguments, **keywords)
            del still_open[key]
            started = clock()
            try:
                value = await plain(cursor, *arguments, **keywords)
            except BaseException:
                broke(recorder, call, started)
                raise
            call[WALL] += clock() - started
            rows, is_exhausted = taken(cursor, value, arguments, keywords)
            fetched(recorder, call, rows)
            if not is_exhausted:
                still_open[key] = call
            return value

        return fetch

    def next(self, plain):
        """`__anext__`, for cursors that are their own asynchronous iterator."""
        still_open, clock, recorder = self.open, self.recorder.clock, self.recorder

        async def __anext__(cursor):  # noqa: N807  takes that method's place
            key = id(cursor)
            call = still_open.get(key)
            if call is None or call is BUSY:
                return await plain(cursor)
            del still_open[key]
            started = clock()
            try:
                row = await plain(cursor)
            except StopAsyncIteration:
                raise
            except BaseException:
                broke(recorder, call, started)
                raise
            call[WALL] += clock() - started
            fetched(recorder, call, (row,))
            still_open[key] = call
            return row

        return __anext__

    def iterate(self, plain_iter, plain_next=None):
        """`__aiter__` of drivers that write it as an asynchronous generator; nothing to do for the others."""
        if plain_next is not None:
            return plain_iter

        def __aiter__(cursor):  # noqa: N807  takes that method's place
            call = self.open.get(id(cursor))
            rows = plain_iter(cursor)
            return rows if call is None or call is BUSY else self.rows(call, id(cursor), rows)

        return __aiter__

    def stream(self, plain):
        def stream(cursor, query, *arguments, **keywords):
            rows = plain(cursor, query, *arguments, **keywords)
            call = self.streaming(cursor, query, arguments, keywords)
            return rows if call is None else self.rows(call, 0, rows)

        return stream

    def close(self, plain):
        still_open = self.open

        async def close(cursor, *arguments):
            still_open.pop(id(cursor), None)
            return await plain(cursor, *arguments)

        return close

    async def rows(self, call, key, source):
        """The rows of an asynchronous generator, each waited for on the statement's account."""
        recorder, clock = self.recorder, self.recorder.clock
        try:
            while True:
                started = clock()
                try:
                    row = await source.__anext__()
                except StopAsyncIteration:
                    break
                except BaseException:
                    broke(recorder, call, started)
                    raise
                call[WALL] += clock() - started
                fetched(recorder, call, (row,))
                yield row
        finally:
            self.forget(key, call)
            await source.aclose()  # the driver cancels what was not read
