"""What a target takes when nothing waits: one user alone, then a little open load, found in a few careful steps."""

from dataclasses import dataclass, field
from typing import Final

from perfkit.capacity import bounds as bounding
from perfkit.capacity import demands as taking
from perfkit.capacity import load
from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Alone
from perfkit.capacity.driven import SHORTEST_STEP, SLOWEST, Driven
from perfkit.capacity.in_flight import InFlight, in_flight
from perfkit.capacity.step import Step
from perfkit.evidence import Missing
from perfkit.measures import services
from perfkit.measures.lazy import Measures
from perfkit.target import identify
from perfkit.units import show_rate, show_time

# The low-load run (issue 5): so many requests, or so long, whichever comes first; and never more of the budget than its share.
REQUESTS, LONGEST, SHARE_OF_BUDGET = 2000, 60.0, 0.2
# Of the lowest bound: queues are short, and the processors not idle enough to slow down.
LOW: Final = 0.35
LOWER: Final = 0.1  # of that, when even low load misses an objective
# What a request takes alone says what one at a time come to; from there in few steps up to low load, of which each looks whether
# something gives out that the one before could not see.
ALONE, SCOUTING, UPWARDS, WORTH_IT = (2.0, 8.0), 6.0, 4.0, 1.3
SCOUTS: Final = 2
NOT_YET: Final = Missing("the search was interrupted before")


@dataclass(slots=True)
class LowLoad:
    """Keeps what is known so far; `observed` is there once a run at low load was well."""

    driven: Driven
    budget: float  # seconds, of the whole search
    alone: Alone | Missing = NOT_YET
    workers: int = 0
    step: Step | None = None  # the last one
    observed: Observed | None = None
    in_flight: InFlight | Missing = NOT_YET
    doubts: list[str] = field(default_factory=list[str])

    def run(self) -> Measures | None:
        """None where objectives are missed at low load already, or the target does not bear it."""
        undisturbed = self._alone()
        if self._state == "died":
            return None
        rate, known = self._scouted(undisturbed)
        if self._state == "died":
            return None
        lasting = min(LONGEST, SHARE_OF_BUDGET * self.budget, max(SHORTEST_STEP, REQUESTS / rate))
        measures = known if known is not None and lasting <= SCOUTING else self._gentle(rate, lasting)
        if self._misses and self._state != "died":
            self.driven.tell.news("objectives are missed at low load: trying less")
            measures = self._gentle(max(SLOWEST, LOWER * rate), SHORTEST_STEP)
        if self._misses or self._state != "counted":
            return None
        self.observed, unseen = self._observed(measures, undisturbed)
        if unseen is not None:
            self.doubts.append(f"service times are the client's, with the network in them: {unseen.why}")
        self.in_flight = in_flight(measures)
        if not isinstance(self.in_flight, Missing) and self.in_flight.disagree:
            self.doubts.append(
                f"by Little's law {self.in_flight.by_law:.3g} requests were in the target at low load, and arriving ones met "
                f"{self.in_flight.by_arrivals:.3g}: service times or arrivals are not what they seem"
            )
        return measures

    @property
    def _state(self) -> str:
        return "" if self.step is None else self.step.state

    @property
    def _misses(self) -> bool:
        return self.step is not None and bool(self.step.missed_objectives)

    def _alone(self) -> Measures:
        settling, lasting = ALONE
        self.driven.tell.news(f"one request at a time for {show_time(lasting)}: what one takes that waits for nobody")
        recorded, measures = self.driven.run("alone", load.alone(self.driven.scenario, settling, lasting))
        self.alone = taking.alone(measures)
        if recorded.run.state == "died":
            self.step = self.driven.judged("low load", float(measures.total["offered_rate"] or 0.0), recorded, measures)
            return measures
        self.driven.alone = services.times_alone(measures.evidence)
        self.workers = len(identify.serving(self.driven.target))
        return measures

    def _scouted(self, undisturbed: Measures) -> tuple[float, Measures | None]:
        """The rate of low load, and what is known of it already when the last scout was sent at it."""
        rate = self._first_rate()
        for _ in range(SCOUTS):
            measures = self._gentle(rate, SCOUTING)
            if self._state == "saturated":
                return rate / UPWARDS, None
            if self._state != "counted" or self._misses:
                return rate, None
            observed, _ = self._observed(measures, undisturbed)
            low = min(LOW * bounding.bounds(observed)[0].rate, self.driven.highest)
            if low < WORTH_IT * rate:
                return rate, measures
            rate = min(low, UPWARDS * rate)
        return rate, None

    def _first_rate(self) -> float:
        """As though all of a request had to be had in turns: no resource can be busier than that."""
        alone = 1.0 if isinstance(self.alone, Missing) else self.alone.response_time
        return min(max(SLOWEST, LOW / alone), self.driven.highest)

    def _gentle(self, rate: float, lasting: float) -> Measures:
        self.driven.tell.news(f"low load: {show_rate(rate)} for {show_time(lasting)}")
        self.step, measures = self.driven.step("low load", rate, lasting)
        return measures

    def _observed(self, measures: Measures, undisturbed: Measures) -> tuple[Observed, Missing | None]:
        """And why nothing was seen from inside."""
        assert self.step is not None
        usage = self.step.usage
        found = taking.demands(measures, usage, undisturbed, max(1, min(self.workers, usage.cores or self.workers)))
        unseen = found if isinstance(found, Missing) else None
        known = taking.from_outside(measures) if isinstance(found, Missing) else found
        return Observed(known, usage, self.step.achieved, self.workers or 1, self.driven.floor), unseen
