"""Plain bisect: a counter is exact, so one probe halves what is left, and nothing has to be believed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from perfkit.compare.change import Change

# Counters by which a search goes unasked, the clearest first: what no harmless commit moves. Function calls and allocations are
# exact too, but many commits between move them a little; `--by calls` goes by them all the same.
UNASKED = ("statements", "connects", "outbound", "rows", "bytes")


@dataclass(frozen=True, slots=True)
class Mark:
    """What is searched for: a counter of an endpoint, and what GOOD and BAD have of it."""

    endpoint: str
    counter: str
    good: float
    bad: float
    detail: str

    def of(self, changes: Sequence[Change]) -> float:
        """The counter of a commit, by how it differs from GOOD."""
        for one in changes:
            if (one.endpoint, one.counter) == (self.endpoint, self.counter):
                return number(one.head, changed=True)
        return self.good

    def is_bad(self, value: float) -> bool:
        """Nearer to BAD than to GOOD."""
        return abs(value - self.bad) < abs(value - self.good)


def mark(changes: Sequence[Change], margin: float, endpoint: str | None = None, counter: str | None = None) -> Mark | None:
    """The counter to go by: the one that was asked for, or the clearest one that rose; bytes may grow by the margin."""
    found = [
        one for one in changes if endpoint in {None, one.endpoint} and (one.counter == counter if counter else _rose(one, margin))
    ]
    names = (counter,) if counter else UNASKED
    found.sort(key=lambda one: (names.index(one.counter), -(one.growth or 0.0)))
    if not found:
        return None
    best = found[0]
    return Mark(best.endpoint, best.counter, number(best.base, changed=False), number(best.head, changed=True), best.detail)


def number(value: float | str, *, changed: bool) -> float:
    """What is no number, a body for one, either changed or did not."""
    return float(changed) if isinstance(value, str) else float(value)


class Crossing:
    """The places between which the counter goes from GOOD's to BAD's."""

    def __init__(self, commits: int, sought: Mark, untellable: Collection[int] = ()) -> None:
        self.sought = sought
        self.low, self.high = 0, commits
        self.untellable = set(untellable)
        self.values: dict[int, float] = {commits: sought.bad}

    @property
    def odd(self) -> dict[int, float]:
        """Commits with neither GOOD's nor BAD's count: there is more than one step."""
        return {place: value for place, value in self.values.items() if value not in (self.sought.good, self.sought.bad)}

    def take(self, place: int, value: float) -> None:
        self.values[place] = value
        if self.sought.is_bad(value):
            self.high = min(self.high, place)
        else:
            self.low = max(self.low, place)

    def next(self) -> int | None:
        """The commit nearest to the middle that can be counted; None when none is left."""
        middle = (self.low + self.high) / 2
        left = [place for place in range(self.low + 1, self.high) if place not in self.untellable]
        return min(left, key=lambda place: (abs(place - middle), place), default=None)


def _rose(one: Change, margin: float) -> bool:
    growth = one.growth
    return one.counter in UNASKED and growth is not None and growth > (margin if one.counter == "bytes" else 0.0)
