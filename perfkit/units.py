"""Base units inside, pretty units at the rim: the only place that parses or formats a unit."""

import math
import re
from typing import Final

# Nobody acts on less, and nobody measured it.
SMALLEST_PERCENT: Final = 0.01
ROUND_FROM: Final = 10
MINUTES_FROM: Final = 120  # seconds read better up to there

_DURATIONS: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SIZES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_RATES: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER: Final = r"(?P<number>\d+(?:\.\d+)?)"
_QUANTITY: Final = re.compile(rf"{_NUMBER}\s*(?P<unit>[A-Za-zµ]+)")
_RATE: Final = re.compile(rf"{_NUMBER}\s*/\s*(?P<unit>[a-z]+)")


def parse_time(text: str) -> float:
    """Seconds of `400ms`, `30s`, `2m`; ValueError says what a duration looks like."""
    return _parse(text, _QUANTITY, _DURATIONS, "a duration (try '30s', '400ms' or '2m')")


def parse_size(text: str) -> int:
    """Bytes of `64KiB` or `1MB`."""
    return round(_parse(text, _QUANTITY, _SIZES, "a size (try '64KiB' or '1MB')"))


def parse_rate(text: str) -> float:
    """Starts per second of `50/s` or `12/min`."""
    match = _RATE.fullmatch(text.strip())
    if match is None or match["unit"] not in _RATES:
        raise ValueError(f"{text!r} is not a rate (try '50/s' or '12/min')")
    return float(match["number"]) / _RATES[match["unit"]]


def parse_share(text: str) -> float:
    """0.5 of `50%`."""
    match = re.fullmatch(rf"{_NUMBER}\s*%", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a share (try '0.5%')")
    return float(match["number"]) / 100


def show_time(seconds: float) -> str:
    """Three significant digits in the unit that reads best: `12 ms`, `1.25 s`, `850 µs`, `3 min 20 s`."""
    magnitude = abs(seconds)
    if magnitude >= MINUTES_FROM:
        minutes, rest = divmod(round(magnitude), 60)
        sign = "-" if seconds < 0 else ""
        return f"{sign}{minutes} min {rest} s" if rest else f"{sign}{minutes} min"
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if magnitude >= factor:
            return f"{_digits(seconds / factor)} {unit}"
    return "0 s" if magnitude < 1e-9 else f"{_digits(seconds / 1e-9)} ns"


def show_size(size: float) -> str:
    """`20 KiB`, `1.5 MiB`."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(size) >= factor:
            return f"{_digits(size / factor)} {unit}"
    return f"{round(size)} B"


def show_rate(per_second: float) -> str:
    """`40/s`; `6/min` below one a second."""
    if 0 < per_second < 0.95:
        return f"{_digits(per_second * 60)}/min"
    return f"{_digits(per_second)}/s"


def show_share(share: float) -> str:
    """`21 %`, `0.4 %`, `< 0.01 %`."""
    percent = share * 100
    if 0 < abs(percent) < SMALLEST_PERCENT:
        return f"< {SMALLEST_PERCENT} %"
    return f"{round(percent)} %" if abs(percent) >= ROUND_FROM else f"{percent:.2g} %"


def show_change(share: float) -> str:
    """`+3.4 %`, `-12 %`, `+0.0 %`: tenths below ten, since a margin is a few percent."""
    if math.isnan(share):
        return "–"
    if math.isinf(share):
        return f"{'+' if share > 0 else '-'}∞ %"
    digits = 0 if abs(share) * 100 >= ROUND_FROM else 1
    percent = round(share * 100, digits) + 0.0  # no negative zero
    return f"{percent:+,.{digits}f} %"


def show_number(number: float) -> str:
    """`1,234`, `14`, `0.25`."""
    if abs(number) >= 1000 or number == int(number):
        return f"{number:,.0f}"
    return _digits(number)


def _digits(number: float) -> str:
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def _parse(text: str, pattern: re.Pattern[str], units: dict[str, float] | dict[str, int], kind: str) -> float:
    match = pattern.fullmatch(text.strip())
    if match is None or match["unit"] not in units:
        raise ValueError(f"{text!r} is not {kind}")
    return float(match["number"]) * units[match["unit"]]
