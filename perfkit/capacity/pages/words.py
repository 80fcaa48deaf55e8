"""How a rate, its interval and an answer read: the same words on every page."""

import math
from typing import Final

from perfkit.capacity.earlier import setting_name
from perfkit.capacity.found import Answer, Found
from perfkit.page import Mood
from perfkit.stats.interval import Estimate
from perfkit.units import show_rate, show_share

MOODS: Final[dict[Answer, Mood]] = {
    Answer.FOUND: "good", Answer.AT_LEAST: "good", Answer.BELOW: "bad", Answer.INCONCLUSIVE: "warn", Answer.DIED: "bad",
}  # fmt: skip


def interval(estimate: Estimate) -> str:
    """`[79/s, 88/s]`; an end that is not known is left open."""
    high = "more" if math.isinf(estimate.high) else show_rate(estimate.high)
    return f"[{show_rate(estimate.low)}, {high}]"


def limit(estimate: Estimate) -> str:
    """`84/s [79/s, 88/s]`."""
    return f"{show_rate(estimate.value)} {interval(estimate)}"


def setting(found: Found) -> str:
    """`workers 2`; empty when nothing was varied."""
    return setting_name(found.setting)


def precision(estimate: Estimate) -> str:
    """`± 4 %`."""
    if math.isinf(estimate.high) or not estimate.value:
        return "open above"
    return f"± {show_share(estimate.half_width / estimate.value)}"


def share_of(estimate: Estimate) -> str:
    """`4 % [1 %, 8 %]`."""
    return f"{show_share(estimate.value)} [{show_share(estimate.low)}, {show_share(estimate.high)}]"


def times(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
