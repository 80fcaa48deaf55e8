"""The search for one setting's limit: model first, then steps that verify it, then past it."""

import time
from dataclasses import dataclass, replace
from typing import Final

from perfkit.capacity import bounds as bounding
from perfkit.capacity import demands as taking
from perfkit.capacity import load
from perfkit.capacity.bounds import Observed
from perfkit.capacity.demands import Alone
from perfkit.capacity.driven import AROUND_A_RUN, SETTLING, Driven, seconds_left
from perfkit.capacity.found import Answer, Found
from perfkit.capacity.in_flight import InFlight, in_flight
from perfkit.capacity.overload import LASTING as OVERLOAD_LASTING
from perfkit.capacity.overload import RECOVERY, Overload, overload
from perfkit.capacity.predict import Prediction, predict
from perfkit.capacity.soak import SHARE as SOAK_SHARE
from perfkit.capacity.soak import Soak, soak
from perfkit.capacity.step import Step, endpoint_of
from perfkit.evidence import Floor, Missing
from perfkit.measures import services
from perfkit.measures.lazy import Measures
from perfkit.scenario import guard as guards
from perfkit.scenario.capacity import Scalar
from perfkit.stats.interval import Estimate
from perfkit.stats.limit_search import Search, Tried
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
SHORTEST_STEP, LONGEST_STEP, STEPS_IN_BUDGET = 6.0, 30.0, 10
# Requests that tell p95 from a little more: of fewer, a step is worth its being longer.
WORTH: Final = 600
LONGEST_THIN_STEP: Final = 40.0
SLOWEST: Final = 0.1  # requests per second: below, a step of 40 s has nothing in it


@dataclass(frozen=True, slots=True)
class Wanted:
    """How long to search, and what to do afterwards."""

    budget: float
    soak: float | None
    overload: bool
    setting: dict[str, Scalar]


class Searcher:
    """Keeps what it has found so far, so that an interrupt loses only the step that is under way."""

    def __init__(self, driven: Driven, wanted: Wanted) -> None:
        self.driven = driven
        self.wanted = wanted
        self.began = time.monotonic()
        self.deadline = self.began + wanted.budget
        self.steps: list[Step] = []
        self.tried: list[Tried] = []
        self.alone: Alone | Missing = Missing("the search was interrupted before")
        self.unseen: Missing | None = None  # why nothing was seen from inside
        self.prediction: Prediction | Missing = Missing("the search was interrupted before")
        self.observed: Observed | None = None
        self.in_flight: InFlight | Missing = Missing("the search was interrupted before")
        self.overload: Overload | Missing = Missing("it was not tried")
        self.soak: Soak | Missing = Missing("it was not asked for: --soak 10m")
        self.search: Search | None = None
        self.doubts: list[str] = []
        self.workers = 0

    def run(self) -> None:
        """Everything, in order; returns early when there is no limit to verify."""
        low = self._low_load()
        if low is None or self.died:
            return
        self._predict(low)
        self._verify()
        if self.died or not self._has_limit:
            return
        if self.wanted.overload:
            self._past_the_limit()
        if self.wanted.soak is not None and not self.died:
            self._confirm(self.wanted.soak)

    @property
    def died(self) -> bool:
        return bool(self.steps) and self.steps[-1].state == "died"

    @property
    def _has_limit(self) -> bool:
        return any(one.watched is not None for one in self.tried)

    def _low_load(self) -> Measures | None:
        undisturbed = self._alone()
        rate, known = self._scouted(undisturbed)
        if self.died:
            return None
        lasting = min(LONGEST, SHARE_OF_BUDGET * self.wanted.budget, max(SHORTEST_STEP, REQUESTS / rate))
        measures = known if known is not None and lasting <= SCOUTING else self._gentle(rate, lasting)
        if self.steps[-1].missed_objectives and self.steps[-1].state != "died":
            self.driven.tell.news("objectives are missed at low load: trying less")
            measures = self._gentle(max(SLOWEST, LOWER * rate), SHORTEST_STEP)
        low_step = self.steps[-1]
        if low_step.missed_objectives or low_step.state != "counted":
            return None
        self.observed = self._observed(measures, undisturbed)
        self.in_flight = in_flight(measures)
        if not isinstance(self.in_flight, Missing) and self.in_flight.disagree:
            self.doubts.append(
                f"by Little's law {self.in_flight.by_law:.3g} requests were in the target at low load, and arriving ones met "
                f"{self.in_flight.by_arrivals:.3g}: service times or arrivals are not what they seem"
            )
        return measures

    def _scouted(self, undisturbed: Measures) -> tuple[float, Measures | None]:
        """The rate of low load, and what is known of it already when the last scout was sent at it."""
        rate = self._first_rate()
        for _ in range(SCOUTS):
            measures = self._gentle(rate, SCOUTING)
            if self.steps[-1].state == "saturated":
                return rate / UPWARDS, None
            if self.steps[-1].state != "counted" or self.steps[-1].missed_objectives:
                return rate, None
            low = min(LOW * bounding.bounds(self._observed(measures, undisturbed))[0].rate, self._highest())
            if low < WORTH_IT * rate:
                return rate, measures
            rate = min(low, UPWARDS * rate)
        return rate, None

    def _gentle(self, rate: float, lasting: float) -> Measures:
        self.driven.tell.news(f"low load: {show_rate(rate)} for {show_time(lasting)}")
        one, measures = self.driven.step("low load", rate, lasting)
        self.steps[:] = [one]
        return measures

    def _alone(self) -> Measures:
        settling, lasting = ALONE
        self.driven.tell.news(f"one request at a time for {show_time(lasting)}: what one takes that waits for nobody")
        _, measures = self.driven.run("alone", load.alone(self.driven.scenario, settling, lasting))
        self.alone = taking.alone(measures)
        self.driven.alone = services.times_alone(measures.evidence)
        self.workers = len(identify.serving(self.driven.target))
        return measures

    def _first_rate(self) -> float:
        """As though all of a request had to be had in turns: no resource can be busier than that."""
        alone = 1.0 if isinstance(self.alone, Missing) else self.alone.response_time
        return min(max(SLOWEST, LOW / alone), self._highest())

    def _observed(self, measures: Measures, undisturbed: Measures) -> Observed:
        low = self.steps[-1]
        found = taking.demands(measures, low.usage, undisturbed, max(1, min(self.workers, low.usage.cores or self.workers)))
        if isinstance(found, Missing):
            self.unseen = found
            found = taking.from_outside(measures)
        return Observed(found, low.usage, low.achieved, self.workers or 1, self.driven.floor)

    def _highest(self) -> float:
        """That the generator can honestly make and the guard allows."""
        scenario, floor = self.driven.scenario, self.driven.floor
        cap = guards.caps(scenario.guard, guards.host_of(scenario.target.base_url)).rate * load.per_start(scenario)
        return min(cap, bounding.GENERATOR_SHARE * floor.rate) if isinstance(floor, Floor) else cap

    def _predict(self, measures: Measures) -> None:
        observed = self.observed
        assert observed is not None
        found = observed.demands
        if self.unseen is not None:
            self.doubts.append(f"service times are the client's, with the network in them: {self.unseen.why}")
        self.driven.tell.news("working out the limit from service times")
        named = [endpoint_of(limit, measures) for limit in self.driven.limits]
        places = [found.endpoints.index(name) if name in found.endpoints else None for name in named]
        self.prediction = predict(observed, self.driven.limits, places, (SETTLING, self._step_lasts()), self.driven.scenario.seed)
        if not isinstance(self.prediction, Missing):
            self.driven.tell.news(f"predicted limit: {show_rate(self.prediction.model.limit)}")

    def _step_lasts(self) -> float:
        return min(LONGEST_STEP, max(SHORTEST_STEP, self.wanted.budget / STEPS_IN_BUDGET))

    def _verify(self) -> None:
        prediction = self.prediction
        if isinstance(prediction, Missing):
            return
        allowed = tuple(limit.allowed for limit in self.driven.limits)
        highest = self._highest()
        self.search = Search(
            prediction.model, allowed, predicted=True, highest=highest, lowest=SLOWEST, seed=self.driven.scenario.seed
        )
        while True:
            rate = self.search.next_rate(self.tried)
            lasting = self._step_lasts()
            if rate * lasting < WORTH:
                lasting = min(LONGEST_THIN_STEP, max(lasting, WORTH / rate), max(lasting, SHARE_OF_BUDGET * self.wanted.budget))
            if seconds_left(self.deadline) < SETTLING + lasting + AROUND_A_RUN and self.tried:
                return
            self._try(rate, lasting)
            if self.died or self.search.is_done(self.tried):
                return

    def _try(self, rate: float, lasting: float) -> None:
        self.driven.tell.news(f"step {len(self.tried) + 1}: {show_rate(rate)} for {show_time(lasting)}")
        one, _ = self.driven.step("step", rate, lasting)
        self.steps.append(one)
        self.tried.append(
            Tried(
                rate=one.offered or rate,
                achieved=one.achieved,
                watched=one.watched if one.counts else None,
                saturated=one.state in {"saturated", "died"} and not one.counts,
                failed=one.state == "failed",
            )
        )

    def _past_the_limit(self) -> None:
        limit = self.estimate()
        if limit is None:
            return
        self.driven.tell.news(f"overload: {show_time(OVERLOAD_LASTING)}, then {show_time(RECOVERY)} of calm")
        self.overload = overload(self.driven, limit.value, self._highest())

    def _confirm(self, lasting: float) -> None:
        limit = self.estimate()
        if limit is None:
            return
        rate = SOAK_SHARE * limit.low
        self.driven.tell.news(f"soak: {show_rate(rate)} for {show_time(lasting)}")
        self.soak = soak(self.driven, rate, lasting)
        self.steps.append(self.soak.step)

    def estimate(self) -> Estimate | None:
        """By what counts; by the highest rate that was held, when nothing else does."""
        if self.search is not None and self._has_limit:
            return self.search.estimate(self.tried)
        held = [one for one in self.steps if one.held]
        if not held:
            return None
        top = max(one.offered for one in held)
        bound = min((one.rate for one in self.tried if one.saturated or one.failed), default=float("inf"))
        return Estimate(top, top, bound, 0.9)

    def found(self) -> Found:
        """What there is to say, whenever it is asked."""
        estimate = self.estimate()
        answer = self._answer(estimate)
        if answer is Answer.DIED:
            held = [one.offered for one in self.steps if one.held]
            estimate = Estimate(max(held), max(held), self.steps[-1].offered, 0.9) if held else None
        if answer is Answer.AT_LEAST and estimate is not None:
            top = max(one.offered for one in self.steps if one.held)
            estimate = replace(estimate, value=top, low=min(top, estimate.low), high=float("inf"))
        return Found(
            setting=self.wanted.setting,
            answer=answer,
            limit=None if answer in {Answer.BELOW, Answer.INCONCLUSIVE} else estimate,
            limits=self.driven.limits,
            steps=tuple(self.steps),
            prediction=self.prediction,
            bounds=bounding.bounds(self.observed) if self.observed is not None else (),
            alone=self.alone,
            in_flight=self.in_flight,
            workers=self.workers,
            floor=self.driven.floor,
            overload=self.overload,
            soak=self.soak,
            lasted=time.monotonic() - self.began,
            doubts=tuple(self.doubts),
            death=self.steps[-1].why if self.died else "",
        )

    def _answer(self, estimate: Estimate | None) -> Answer:
        if self.died:
            return Answer.DIED
        if len(self.steps) == 1 and self.steps[0].missed_objectives:
            return Answer.BELOW
        if estimate is None or not self._has_limit:
            return Answer.INCONCLUSIVE
        top = [one for one in self.steps if one.held and one.offered >= 0.95 * self._highest()]
        return Answer.AT_LEAST if top and estimate.value >= 0.98 * self._highest() else Answer.FOUND


def searched(driven: Driven, wanted: Wanted) -> tuple[Found, bool]:
    """And whether it was interrupted; an interrupt before anything was measured is raised."""
    searcher = Searcher(driven, wanted)
    interrupted = False
    try:
        searcher.run()
    except KeyboardInterrupt:
        if not searcher.steps:
            raise
        interrupted = True
    return searcher.found(), interrupted
