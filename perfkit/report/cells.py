"""One value as a reader sees it: formatted by its unit, never a raw float."""

import math
from typing import Final

from perfkit.page import Cell, Unit
from perfkit.units import show_change, show_number, show_rate, show_share, show_size, show_time

NOTHING: Final = "\N{EN DASH}"
NUMERIC: Final[frozenset[Unit]] = frozenset({"time", "bytes", "share", "change", "rate", "number"})
_FORMATS: Final = {"time": show_time, "bytes": show_size, "share": show_share, "change": show_change, "rate": show_rate}


def show(value: Cell, unit: Unit) -> str:
    """`12 ms`, `21 %`, `yes`, a dash for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else "∞"
    return _FORMATS.get(unit, show_number)(value)


def number_of(value: Cell) -> float | None:
    """What a column is sorted by: the finite number behind a cell; None for text and for nothing."""
    if isinstance(value, str) or value is None:
        return None
    return float(value) if math.isfinite(value) else None
