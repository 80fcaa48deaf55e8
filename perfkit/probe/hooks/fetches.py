"""Wrappers for the fetching methods of a driver's blocking cursors: the time is added to the statement that is open there."""

import os
from time import thread_time_ns

BUSY = object()  # in place of a statement while its own method runs: what that method calls in turn is not counted
TIMED_ROWS = 128  # rows of a loop over a cursor that are timed one by one ...
ROW_STRIDE = 16  # ... later ones stand for this many: two clock readings cost as much as reading a row


def one_row(_cursor, row, _arguments, _keywords):
    return ((), True) if row is None else ((row,), False)


def many_rows(cursor, rows, arguments, keywords):
    size = arguments[0] if arguments else keywords.get("size")
    return rows, len(rows) < (size or cursor.arraysize)


def all_rows(_cursor, rows, _arguments, _keywords):
    return rows, True


class Fetches:
    """The table of open statements, by id(cursor), as some cursors take no attributes; and the wrappers that find them there."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.open = {}
        os.register_at_fork(after_in_child=self.open.clear)  # a child's cursors begin anew; its parent's statements are not its

    def fetchone(self, plain):
        still_open, clock = self.open, self.recorder.clock

        def fetchone(cursor, *arguments):
            key = id(cursor)
            statement = still_open.pop(key, None)  # what `plain` calls in turn finds nothing to add to
            if statement is None:
                return plain(cursor, *arguments)
            if statement is BUSY or statement.result:
                return self.fetch_profiled(plain, one_row, cursor, statement, arguments, {})
            started = clock()
            try:
                row = plain(cursor, *arguments)
            except BaseException:
                self.broke(statement, started)
                raise
            statement.wall += clock() - started
            if row is None:
                statement.finish()
            else:
                statement.rows += 1
                still_open[key] = statement
            return row

        return fetchone

    def fetchmany(self, plain):
        return self._fetch_list(plain, many_rows)

    def fetchall(self, plain):
        return self._fetch_list(plain, all_rows)

    def _fetch_list(self, plain, taken):
        still_open, clock = self.open, self.recorder.clock

        def fetch(cursor, *arguments, **keywords):
            key = id(cursor)
            statement = still_open.pop(key, None)
            if statement is None:
                return plain(cursor, *arguments, **keywords)
            if statement is BUSY or statement.result:
                return self.fetch_profiled(plain, taken, cursor, statement, arguments, keywords)
            started = clock()
            try:
                rows = plain(cursor, *arguments, **keywords)
            except BaseException:
                self.broke(statement, started)
                raise
            statement.wall += clock() - started
            statement.rows += len(rows)
            if taken is all_rows or taken(cursor, rows, arguments, keywords)[1]:
                statement.finish()
            else:
                still_open[key] = statement
            return rows

        return fetch

    def fetch_profiled(self, plain, taken, cursor, statement, arguments, keywords):
        """The slow way, for PROFILE mode: with the CPU time, and with a checksum of the rows."""
        key = id(cursor)
        if statement is BUSY:
            self.open[key] = BUSY
            return plain(cursor, *arguments, **keywords)
        used = thread_time_ns()
        started = self.recorder.clock()
        try:
            value = plain(cursor, *arguments, **keywords)
        except BaseException:
            self.broke(statement, started)
            raise
        statement.wall += self.recorder.clock() - started
        if statement.cpu >= 0:
            statement.cpu += thread_time_ns() - used
        rows, is_exhausted = taken(cursor, value, arguments, keywords)
        statement.fetched(rows)
        if is_exhausted:
            statement.finish()
        else:
            self.open[key] = statement
        return value

    def next(self, plain):
        """`next(cursor)`."""
        still_open, clock = self.open, self.recorder.clock

        def __next__(cursor):  # noqa: N807  takes that method's place
            key = id(cursor)
            statement = still_open.pop(key, None)
            if statement is None or statement is BUSY:
                if statement is BUSY:
                    still_open[key] = BUSY
                return plain(cursor)
            used = thread_time_ns() if statement.cpu >= 0 else 0
            started = clock()
            try:
                row = plain(cursor)
            except StopIteration:
                statement.finish()
                raise
            except BaseException:
                self.broke(statement, started)
                raise
            statement.wall += clock() - started
            if statement.cpu >= 0:
                statement.cpu += thread_time_ns() - used
            statement.fetched((row,))
            still_open[key] = statement
            return row

        return __next__

    def iterate(self, plain_iter, plain_next=None):
        """`for row in cursor`: a generator, as it costs less per row than a wrapped `__next__`."""
        still_open = self.open

        def __iter__(cursor):  # noqa: N807  takes that method's place
            iterator = plain_iter(cursor)
            statement = still_open.get(id(cursor))
            if statement is None or statement is BUSY:
                return iterator
            if iterator is cursor:
                return self._rows(statement, id(cursor), plain_next.__get__(cursor))

            def step():  # an iterator of a class above the driver's: it comes back to the cursor's own `__next__`
                still_open.pop(id(cursor), None)
                try:
                    return iterator.__next__()
                finally:
                    still_open[id(cursor)] = statement

            return self._rows(statement, id(cursor), step)

        return __iter__

    def _rows(self, statement, key, step):
        clock = self.recorder.clock
        takes_cpu = statement.cpu >= 0
        number = used = started = 0
        while True:
            weight = 1 if number < TIMED_ROWS else 0 if number % ROW_STRIDE else ROW_STRIDE
            number += 1
            if weight:
                used = thread_time_ns() if takes_cpu else 0
                started = clock()
            try:
                row = step()
            except StopIteration:
                break
            except BaseException:
                self.forget(key, statement)
                self.broke(statement, started if weight else clock())
                raise
            if weight:
                statement.wall += (clock() - started) * weight
                if takes_cpu:
                    statement.cpu += (thread_time_ns() - used) * weight
            if statement.result:
                statement.fetched((row,))
            else:
                statement.rows += 1
            yield row
        self.forget(key, statement)
        statement.finish()

    def forget(self, key, statement):
        """Take it from the table, unless its cursor has begun the next."""
        if self.open.get(key) is statement:
            del self.open[key]

    def broke(self, statement, started):
        """What follows a fetch that raised."""
        statement.wall += self.recorder.clock() - started
        statement.fail()

    def close(self, plain):
        still_open = self.open

        def close(cursor, *arguments):
            statement = still_open.pop(id(cursor), None)
            if statement is not None and statement is not BUSY:
                statement.finish()
            return plain(cursor, *arguments)

        return close
