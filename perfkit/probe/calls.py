"""A call as it is kept until its request ends: a list in the order of CALL_FIELDS, to which whoever still reads rows adds."""

import struct
from zlib import crc32

from .records import CALL

SEQUENCE, KIND, FLAGS, ROWS, NAME, SITE, PARAMETERS, RESULT, STARTED, WALL, CPU = range(11)
MAX_UINT32 = 0xFFFFFFFF
MAX_INT32 = 0x7FFFFFFF
MAX_INT64 = 0x7FFFFFFFFFFFFFFF

# Python's hash() is signed, and to make it unsigned costs as much as a clock reading: the same 64 bits are written as they are.
_pack = struct.Struct(CALL.format.replace("Q", "q")).pack


def packed(calls):
    """The records of some calls as bytes."""
    try:
        return b"".join([_pack(*call) for call in calls])
    except struct.error:
        return b"".join([_pack(*_bounded(*call)) for call in calls])


def seal(calls):
    """Checksums of rows (PROFILE mode) become those of whole results: the number of rows goes in, too."""
    for call in calls:
        if call[RESULT]:
            call[RESULT] = crc32(b"%d" % call[ROWS], call[RESULT]) or 1


def _bounded(sequence, kind, flags, rows, name, site, parameters, result, started, wall, cpu):
    """The same call with numbers that fit: a driver may say anything of its rows."""
    rows = rows if -1 <= rows <= MAX_INT32 else -1
    parameters = (parameters + MAX_INT64 + 1) % (1 << 64) - MAX_INT64 - 1
    return (sequence & MAX_UINT32, kind, flags, rows, name, site, parameters, result & MAX_UINT32, started, wall, cpu)
