"""The control file: a few bytes that perfkit writes and every process of the target has mapped."""

import os
import struct
from pathlib import Path
from typing import Final

from perfkit.errors import PerfkitError
from perfkit.probe import records
from perfkit.target.target import Target

MODE_AT: Final = 0
PLANS_AT: Final = 1
SHARE_AT: Final = 8
PTRACER_AT: Final = 16
# One request in fifty keeps pyinstrument (about 30 % while it runs) below 1 % of the target's CPU.
DEFAULT_SHARE: Final = 1 / 50


def create(directory: Path, ptracer: int) -> Path:
    """Writes a whole control file in MEASURE mode; it must be there before the target starts."""
    content = bytearray(records.CONTROL_SIZE)
    content[MODE_AT] = records.MEASURE
    struct.pack_into("<d", content, SHARE_AT, DEFAULT_SHARE)
    struct.pack_into("<q", content, PTRACER_AT, ptracer)
    path: Path = directory / records.CONTROL
    path.write_bytes(content)
    return path


def set_mode(target: Target, mode: int) -> None:
    """Switches every process of the target between records.MEASURE and records.PROFILE; nothing to switch when attached."""
    if mode not in records.MODES:
        raise PerfkitError(f"{mode} is not a mode of the probe")
    _write(target, MODE_AT, bytes([mode]))


def set_plans(target: Target, *, wanted: bool) -> None:
    """Whether the probe asks the database for plans in PROFILE mode."""
    _write(target, PLANS_AT, bytes([not wanted]))


def set_share(target: Target, share: float) -> None:
    """Sets which share of the requests pyinstrument looks at in PROFILE mode."""
    _write(target, SHARE_AT, struct.pack("<d", share))


def count(probe_directory: Path, *, wanted: bool) -> None:
    """Switches every process that has this directory between records.COUNT and records.MEASURE; nothing without a probe."""
    if (probe_directory / records.CONTROL).exists():
        _put(probe_directory, MODE_AT, bytes([records.COUNT if wanted else records.MEASURE]))


def mode(target: Target) -> int | None:
    """The mode that stands in the file; None when there is no probe."""
    if target.probe_directory is None:
        return None
    path: Path = target.probe_directory / records.CONTROL
    return path.read_bytes()[MODE_AT]


def _write(target: Target, offset: int, content: bytes) -> None:
    if target.probe_directory is not None:
        _put(target.probe_directory, offset, content)


def _put(directory: Path, offset: int, content: bytes) -> None:
    # pwrite changes the pages that the target has mapped; truncating the file would take them away (SIGBUS).
    descriptor = os.open(directory / records.CONTROL, os.O_WRONLY)
    try:
        os.pwrite(descriptor, content, offset)
    finally:
        os.close(descriptor)
