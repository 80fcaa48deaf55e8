"""Wrappers for the fetching methods of a driver's blocking cursors: the time is added to the statement that is open there."""

import os
from itertools import repeat
from time import thread_time_ns

from ..calls import CPU, RESULT, ROWS, WALL
from .statements import broke, fetched

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
        still_open, clock, recorder = self.open, self.recorder.clock, self.recorder

        def fetchone(cursor, *arguments):
            key = id(cursor)
            call = still_open.pop(key, None)  # what `plain` calls in turn finds nothing to add to
            if call is None:
                return plain(cursor, *arguments)
            if call is BUSY or call[RESULT]:
                return self.fetch_profiled(plain, one_row, cursor, call, arguments, {})
            started = clock()
            try:
                row = plain(cursor, *arguments)
            except BaseException:
                broke(recorder, call, started)
                raise
            call[WALL] += clock() - started
            if row is not None:
                call[ROWS] += 1
                still_open[key] = call
            return row

        return fetchone

    def fetchmany(self, plain):
        return self._fetch_list(plain, many_rows)

    def fetchall(self, plain):
        return self._fetch_list(plain, all_rows)

    def _fetch_list(self, plain, taken):
        still_open, clock, recorder = self.open, self.recorder.clock, self.recorder

        def fetch(cursor, *arguments, **keywords):
            key = id(cursor)
            call = still_open.pop(key, None)
            if call is None:
                return plain(cursor, *arguments, **keywords)
            if call is BUSY or call[RESULT]:
                return self.fetch_profiled(plain, taken, cursor, call, arguments, keywords)
            started = clock()
            try:
                rows = plain(cursor, *arguments, **keywords)
            except BaseException:
                broke(recorder, call, started)
                raise
            call[WALL] += clock() - started
            call[ROWS] += len(rows)
            if taken is not all_rows and not taken(cursor, rows, arguments, keywords)[1]:
                still_open[key] = call
            return rows

        return fetch

    def fetch_profiled(self, plain, taken, cursor, call, arguments, keywords):
        """The slow way, for PROFILE mode: with the CPU time, and with a checksum of the rows."""
        key = id(cursor)
        if call is BUSY:
            self.open[key] = BUSY
            return plain(cursor, *arguments, **keywords)
        used = thread_time_ns()
        started = self.recorder.clock()
        try:
            value = plain(cursor, *arguments, **keywords)
        except BaseException:
            broke(self.recorder, call, started)
            raise
        call[WALL] += self.recorder.clock() - started
        if call[CPU] >= 0:
            call[CPU] += thread_time_ns() - used
        rows, is_exhausted = taken(cursor, value, arguments, keywords)
        fetched(self.recorder, call, rows)
        if not is_exhausted:
            self.open[key] = call
        return value

    def next(self, plain):
        """`next(cursor)`."""
        still_open, clock, recorder = self.open, self.recorder.clock, self.recorder

        def __next__(cursor):  # noqa: N807  takes that method's place
            key = id(cursor)
            call = still_open.pop(key, None)
            if call is None or call is BUSY:
                if call is BUSY:
                    still_open[key] = BUSY
                return plain(cursor)
            used = thread_time_ns() if call[CPU] >= 0 else 0
            started = clock()
            try:
                row = plain(cursor)
            except StopIteration:
                raise
            except BaseException:
                broke(recorder, call, started)
                raise
            call[WALL] += clock() - started
            if call[CPU] >= 0:
                call[CPU] += thread_time_ns() - used
            fetched(recorder, call, (row,))
            still_open[key] = call
            return row

        return __next__

    def iterate(self, plain_iter, plain_next=None):
        """`for row in cursor`: a generator, as it costs less per row than a wrapped `__next__`."""
        still_open = self.open

        def __iter__(cursor):  # noqa: N807  takes that method's place
            iterator = plain_iter(cursor)
            call = still_open.get(id(cursor))
            if call is None or call is BUSY:
                return iterator
            if iterator is cursor:
                return self.rows(call, id(cursor), plain_next.__get__(cursor))

            def step():  # an iterator of a class above the driver's: it comes back to the cursor's own `__next__`
                still_open.pop(id(cursor), None)
                try:
                    return iterator.__next__()
                finally:
                    still_open[id(cursor)] = call

            return self.rows(call, id(cursor), step)

        return __iter__

    def rows(self, call, key, step):
        """What step() returns until it raises StopIteration, on the account of a statement that is open there."""
        return (self._profiled_rows if call[RESULT] or call[CPU] >= 0 else self._rows)(call, key, step)

    def _rows(self, call, key, step):
        clock, fresh = self.recorder.clock, TIMED_ROWS
        started = 0
        try:
            while True:
                started = clock()
                row = step()
                call[WALL] += (clock() - started) * (1 if fresh else ROW_STRIDE)
                call[ROWS] += 1
                yield row
                if fresh:
                    fresh -= 1
                    continue
                started = 0
                for _ in repeat(None, ROW_STRIDE - 1):
                    row = step()
                    call[ROWS] += 1
                    yield row
        except StopIteration:
            self.forget(key, call)
        except GeneratorExit:  # the loop was left; other fetches may follow
            raise
        except BaseException:
            self.forget(key, call)
            broke(self.recorder, call, started or clock())
            raise

    def _profiled_rows(self, call, key, step):
        recorder, clock = self.recorder, self.recorder.clock
        takes_cpu = call[CPU] >= 0
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
                self.forget(key, call)
                broke(recorder, call, started if weight else clock())
                raise
            if weight:
                call[WALL] += (clock() - started) * weight
                if takes_cpu:
                    call[CPU] += (thread_time_ns() - used) * weight
            fetched(recorder, call, (row,))
            yield row
        self.forget(key, call)

    def forget(self, key, call):
        """Take it from the table, unless its cursor has begun the next."""
        if self.open.get(key) is call:
            del self.open[key]

    def close(self, plain):
        still_open = self.open

        def close(cursor, *arguments):
            if still_open:
                still_open.pop(id(cursor), None)
            return plain(cursor, *arguments)

        return close
