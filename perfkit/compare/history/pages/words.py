"""How commits and change points read: the same words on every page."""

from collections.abc import Sequence
from typing import Final

from perfkit.compare.history.anchors import Link
from perfkit.compare.history.trend import ChangePoint
from perfkit.compare.pages.words import interval
from perfkit.compare.sources import SHORT
from perfkit.stats.interval import Estimate
from perfkit.units import show_change, show_number

BARS: Final = "▁▂▃▄▅▆▇█"
UNKNOWN: Final = "·"
LONGEST: Final = 60  # signs of a sparkline


def commit(name: str) -> str:
    return name[:SHORT]


def shares(estimate: Estimate) -> str:
    """`+3.6 % [+3.3 %, +3.9 %]`, of shares."""
    return f"{show_change(estimate.value)} {interval(estimate)}"


def direction(one: ChangePoint) -> str:
    return "slower" if one.is_slower else "faster"


def place(one: ChangePoint) -> str:
    """`somewhere near 4f2c1e0 (after 1a2b3c4, not later than 5d6e7f8: one of 7 commits)`."""
    among = "" if one.among is None else f": {'one commit' if one.among == 1 else f'one of {show_number(one.among)} commits'}"
    if one.among == 1:
        return f"at {commit(one.near.commit)}"
    between = f"after {commit(one.after.commit)}, not later than {commit(one.until.commit)}"
    return f"somewhere near {commit(one.near.commit)} ({between}{among})"


def anchors(links: Sequence[Link]) -> str:
    """`v1.4 (4f2c1e0), v1.5 (9c8b7a6)`."""
    return ", ".join(dict.fromkeys(link.shown for link in links)) or "none"


def sparkline(values: Sequence[float | None]) -> str:
    """A sign for each value, as high as its rank among them: a step of one is seen beside one of a thousand."""
    kept = values[-LONGEST:]
    levels = sorted({value for value in kept if value is not None})
    top = max(1, len(levels) - 1)
    signs = {level: BARS[round(rank * (len(BARS) - 1) / top)] for rank, level in enumerate(levels)}
    return "".join(UNKNOWN if value is None else signs[value] for value in kept)
