"""The control file that perfkit writes and every serving process maps: the mode, and what the profile phase may cost."""

import os
import struct

from .records import CONTROL, CONTROL_SIZE, MEASURE

SHARE = struct.Struct("<d")  # bytes 8..16: share of the requests under pyinstrument; 0 is "the default", below 0 is "none"
SHARE_OFFSET = 8
PTRACER = struct.Struct("<q")  # bytes 16..24: the pid that may trace this process; 0 is "ask the environment"
PTRACER_OFFSET = 16
# 2 % of the requests under a profiler that costs them some 30 % adds well below 1 % to the load (pyinstrument's own figure).
DEFAULT_SHARE = 1 / 50


def mapped(directory):
    """The file as something to index, shared with perfkit; zeros (MEASURE) when there is none."""
    path = os.path.join(directory, CONTROL)
    try:
        import mmap

        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            return mmap.mmap(descriptor, CONTROL_SIZE, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)
    except (OSError, ValueError, ImportError):  # absent, or shorter than CONTROL_SIZE
        return bytes([MEASURE]) * CONTROL_SIZE


def share(control):
    """Which share of the requests pyinstrument may follow."""
    value = SHARE.unpack_from(control, SHARE_OFFSET)[0]
    return DEFAULT_SHARE if value == 0 else value


def ptracer(control):
    return PTRACER.unpack_from(control, PTRACER_OFFSET)[0]
