"""Wrappers for the methods of a driver's asynchronous cursors: as in cursors.py, without CPU times, which no task has."""

from ..records import PROFILE, STATEMENT
from .counted import QUIET
from .cursors import Cursors
from .fetches import BUSY, all_rows, many_rows, one_row
from .statements import PENDING, Statement
from .values import hash_of, hash_of_sets


class AsyncCursors(Cursors):
    """The same table and the same bookkeeping; `explain` is a coroutine function."""

    def execute(self, plain, keyword="params", hashed=hash_of, explains=True):
        recorder, names, still_open, outcome = self.recorder, self.names, self.open, self.outcome
        known, current, clock, quiet, control = names.known, recorder.current, recorder.clock, QUIET.get, recorder.control

        async def execute(cursor, query, *arguments, **keywords):
            key = id(cursor)
            previous = still_open.pop(key, None)
            if previous is not None:
                if previous is BUSY:
                    still_open[key] = BUSY
                    return await plain(cursor, query, *arguments, **keywords)
                previous.finish()
            try:
                name = known[query]
            except (KeyError, TypeError):
                name = names.learn(cursor, query)
            request = current()
            if not name or quiet() or (request is None and not recorder.serving):
                return await plain(cursor, query, *arguments, **keywords)

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
                profiling = control[0] == PROFILE
                given = arguments[0] if arguments else keywords.get(keyword)
                parameters = 0 if given is None else hashed(given)
                rows, flags = outcome(cursor)
                if rows == PENDING and request is not None:
                    statement = Statement(
                        recorder, request, name, started, wall, parameters, site, 1 if profiling else 0, -1, flags
                    )
                    still_open[key] = statement
                    request.open[statement] = None  # finished by the request, should nobody else do so before
                else:
                    del still_open[key]
                    rows = -1 if rows == PENDING else rows
                    recorder.call(request, STATEMENT, name, started, wall, rows, parameters, site, 0, -1, flags)
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
        still_open, clock = self.open, self.recorder.clock

        async def fetch(cursor, *arguments, **keywords):
            key = id(cursor)
            statement = still_open.get(key)
            if statement is None or statement is BUSY:
                return await plain(cursor, *arguments, **keywords)
            del still_open[key]
            started = clock()
            try:
                value = await plain(cursor, *arguments, **keywords)
            except BaseException:
                self.broke(statement, started)
                raise
            statement.wall += clock() - started
            rows, is_exhausted = taken(cursor, value, arguments, keywords)
            statement.fetched(rows)
            if is_exhausted:
                statement.finish()
            else:
                still_open[key] = statement
            return value

        return fetch

    def next(self, plain):
        """`__anext__`, for cursors that are their own asynchronous iterator."""
        still_open, clock = self.open, self.recorder.clock

        async def __anext__(cursor):  # noqa: N807  takes that method's place
            key = id(cursor)
            statement = still_open.get(key)
            if statement is None or statement is BUSY:
                return await plain(cursor)
            del still_open[key]
            started = clock()
            try:
                row = await plain(cursor)
            except StopAsyncIteration:
                statement.finish()
                raise
            except BaseException:
                self.broke(statement, started)
                raise
            statement.wall += clock() - started
            statement.fetched((row,))
            still_open[key] = statement
            return row

        return __anext__

    def iterate(self, plain_iter, plain_next=None):
        """`__aiter__` of drivers that write it as an asynchronous generator; nothing to do for the others."""
        if plain_next is not None:
            return plain_iter

        def __aiter__(cursor):  # noqa: N807  takes that method's place
            statement = self.open.get(id(cursor))
            rows = plain_iter(cursor)
            return rows if statement is None or statement is BUSY else self.rows(statement, id(cursor), rows)

        return __aiter__

    def stream(self, plain):
        def stream(cursor, query, *arguments, **keywords):
            rows = plain(cursor, query, *arguments, **keywords)
            statement = self.streaming(cursor, query, arguments, keywords)
            return rows if statement is None else self.rows(statement, 0, rows)

        return stream

    def close(self, plain):
        still_open = self.open

        async def close(cursor, *arguments):
            statement = still_open.pop(id(cursor), None)
            if statement is not None and statement is not BUSY:
                statement.finish()
            return await plain(cursor, *arguments)

        return close

    async def rows(self, statement, key, source):
        """The rows of an asynchronous generator, each waited for on the statement's account."""
        clock = self.recorder.clock
        try:
            while True:
                started = clock()
                try:
                    row = await source.__anext__()
                except StopAsyncIteration:
                    break
                except BaseException:
                    self.broke(statement, started)
                    raise
                statement.wall += clock() - started
                statement.fetched((row,))
                yield row
        finally:
            self.forget(key, statement)
            statement.finish()
            await source.aclose()  # the driver cancels what was not read
