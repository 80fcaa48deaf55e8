"""What a search came to: the commit, a row of commits that nothing tells apart, nothing, or not enough yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from perfkit.compare.bisect.crossing import Mark
from perfkit.compare.bisect.line import Commit, Line
from perfkit.compare.bisect.probe import Timing
from perfkit.compare.change import Change
from perfkit.stats.interval import Estimate


class Verdict(StrEnum):
    FOUND = "found"
    RANGE = "range"  # one of several commits: those between cannot be probed
    NOTHING = "nothing"  # GOOD and BAD do not differ
    OPEN = "open"  # the probes ended first


EXIT_CODES: Final = {Verdict.FOUND: 0, Verdict.RANGE: 0, Verdict.NOTHING: 9, Verdict.OPEN: 7}


@dataclass(frozen=True, slots=True)
class Made:
    """A probe as the search used it: its level, by which it chose on."""

    place: int
    value: float  # log ratio, or the counter
    error: float  # of a log ratio; 0 of a counter
    lasted: float
    is_old: bool = False  # from the shelf
    is_odd: bool = False  # neither GOOD's level nor BAD's
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspect:
    """Commits that no probe tells apart, with how likely the step came with one of them."""

    start: int
    end: int
    probability: float
    size: Estimate  # log ratio; its ends infinite of a counter


@dataclass(frozen=True, slots=True)
class Answer:
    """`suspects` are in the order of their probability."""

    verdict: Verdict
    line: Line
    sought: Mark | None = None  # the counter, when one was gone by
    endpoint: str = ""
    metric: str = ""
    whole: Estimate | None = None  # BAD against GOOD, log ratio
    suspects: tuple[Suspect, ...] = ()
    credible: tuple[int, int] | None = None  # the shortest row of places that holds the step with 99 %
    made: tuple[Made, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()  # places that could not be probed, and why
    entropies: tuple[float, ...] = ()  # bits of doubt after each probe
    doubles: float = 0.0  # probability of a second step
    inflation: float = 1.0
    is_widened: bool = False
    changes: tuple[Change, ...] = ()  # all that was counted of BAD against GOOD
    timings: tuple[Timing, ...] = ()  # all endpoints of BAD against GOOD
    caveats: tuple[str, ...] = ()

    @property
    def top(self) -> Suspect | None:
        return self.suspects[0] if self.suspects else None

    @property
    def culprits(self) -> tuple[Commit, ...]:
        """One, or those that cannot be told apart."""
        top = self.top
        return () if top is None else tuple(self.line.at(place) for place in range(top.start, top.end + 1))

    @property
    def measured(self) -> int:
        """Probes of this call; the others were on the shelf."""
        return sum(not one.is_old for one in self.made)

    @property
    def lasted(self) -> float:
        return sum(one.lasted for one in self.made if not one.is_old)
