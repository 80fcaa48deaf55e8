"""How a figure, a change and its interval read: the same words on every page."""

import math
from typing import Final

from perfkit.compare.change import Change
from perfkit.compare.comparison import Compared, Counted, Failures, as_shares, share
from perfkit.page import Mood
from perfkit.stats.interval import Estimate
from perfkit.stats.needed import More
from perfkit.units import show_change, show_number, show_share, show_size, show_time

MOODS: Final[dict[str, Mood]] = {
    "regressed": "bad", "different": "bad", "improved": "good", "equivalent": "good", "inconclusive": "warn",
    "unstable": "warn", "changed": "neutral",
}  # fmt: skip
LONGEST_LIST: Final = 3


def interval(estimate: Estimate) -> str:
    """`[+3.3 %, +3.9 %]`, of shares."""
    if not math.isfinite(estimate.half_width):
        return "(too few blocks for an interval)"
    return f"[{show_change(estimate.low)}, {show_change(estimate.high)}]"


def changed(test: Compared) -> str:
    """`+3.6 % [+3.3 %, +3.9 %]`."""
    shares = as_shares(test.verdict.change)
    return f"{show_change(shares.value)} {interval(shares)}"


def finite(number: float) -> float | None:
    """What is not known stands as a dash in a table."""
    return number if math.isfinite(number) else None


def more(time: More) -> str:
    """`about 40 s more (10 s to 2 min)`."""
    likely, low, high = (show_time(math.ceil(seconds)) for seconds in (time.likely, time.low, time.high))
    return f"{likely} more for an interval at all" if is_without_interval(time) else f"about {likely} more ({low} to {high})"


def is_without_interval(time: More) -> bool:
    """There were so few blocks that only their number is known, and nothing of how it goes on."""
    return time.low == time.high


def levels(test: Compared) -> str:
    """`1.3 ms → 1.35 ms`; empty where there is no one time."""
    if test.series.base is None or test.series.head is None:
        return ""
    return f"{show_time(test.series.base)} → {show_time(test.series.head)}"


def of_test(test: Compared) -> str:
    """`server time +3.6 % [+3.3 %, +3.9 %], 1.3 ms → 1.35 ms`."""
    return ", ".join(filter(None, (f"{test.metric.title} {changed(test)}", levels(test))))


def of_errors(test: Failures) -> str:
    """`errors 0 % → 2.1 % of 480 requests`."""
    return f"errors {show_share(test.base)} → {show_share(test.head)} of {show_number(test.requests)} requests"


def of_count(one: Counted) -> str:
    """`statements 3 → 14`."""
    change = one.change
    if change.counter == "exists":
        return change.detail
    if change.counter == "body":
        return "another body"
    return f"{change.counter} {quantity(change, change.base)} → {quantity(change, change.head)}"


def with_detail(one: Counted) -> str:
    """`statements 3 → 14, new: SELECT ...`."""
    said = of_count(one)
    return said if one.change.detail in {"", said} else f"{said}, {one.change.detail}"


def quantity(change: Change, value: float | str) -> str:
    if isinstance(value, str):
        return value
    if change.counter == "status":
        return str(value)
    return show_size(value) if change.counter in {"bytes", "allocations", "peak_memory"} else show_number(value)


def bound(test: Compared) -> str:
    """How much slower it can still be: `up to 3.1 %`."""
    beyond = share(test.verdict.no_slowdown_beyond)
    return "any amount" if beyond == float("inf") else f"up to {show_share(max(0.0, beyond))}"


def listed(items: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - LONGEST_LIST
    return "; ".join(items[:LONGEST_LIST]) + (f"; and {more} more" if more > 0 else "")
