"""A statement that is still read: a call as in calls.py, to which fetches add their time, their rows and what these held."""

from ..calls import FLAGS, RESULT, ROWS, WALL
from ..records import CALL_FAILED
from .values import FOLDED_ROWS, fold

PENDING = -2  # in place of a number of rows: there are rows to fetch


def fetched(recorder, call, rows):
    """Take note of fetched rows; of what they hold only when a checksum is wanted, which is not 0 from the beginning then."""
    if call[RESULT]:
        try:
            checksum = call[RESULT]
            for row in rows[: max(0, FOLDED_ROWS - call[ROWS])]:
                checksum = fold(checksum, row)
            call[RESULT] = checksum or 1
        except Exception as error:  # a row's own __repr__
            call[RESULT] = 0
            recorder.fault("checksum of rows", error)
    call[ROWS] += len(rows)


def broke(recorder, call, started):
    """What follows a fetch that raised."""
    call[WALL] += recorder.clock() - started
    call[FLAGS] |= CALL_FAILED
