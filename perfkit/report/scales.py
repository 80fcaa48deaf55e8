"""The unit in which the numbers of an axis read best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.page import Unit

_SIZES: Final = (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024), ("B", 1))
_TIMES: Final = (
    ("h", 3600.0, 7200.0),
    ("min", 60.0, 300.0),
    ("s", 1.0, 1.0),
    ("ms", 1e-3, 1e-3),
    ("µs", 1e-6, 0.0),
)  # unit, factor, used from


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers become ticks: divided by `factor`, written in a d3 format with a suffix."""

    factor: float
    suffix: str
    ticks: str
    hover: str


def scale(values: Sequence[float], unit: Unit) -> Scale:
    """The unit in which these values read best."""
    top = max(map(abs, values), default=0.0)
    if unit == "time":
        name, factor = next((name, factor) for name, factor, start in _TIMES if top >= start)
        return Scale(factor, f" {name}", "", ",.3~r" if factor <= 1 else ",.1f")
    if unit == "bytes":
        name, size = next(((name, size) for name, size in _SIZES if top >= size), _SIZES[-1])
        return Scale(size, f" {name}", "", ",.4~r")
    if unit in {"share", "change"}:
        sign = "+" if unit == "change" else ""
        return Scale(1.0, "", f"{sign}~%", f"{sign}.1~%")
    return Scale(1.0, "/s" if unit == "rate" else "", "", ",.4~r")
