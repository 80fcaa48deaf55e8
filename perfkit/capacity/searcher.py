"""The search for one setting's limit: model first, then steps that verify it, then past it."""

import time
from dataclasses import dataclass, replace
from typing import Final

from perfkit.capacity import bounds as bounding
from perfkit.capacity.bounds import Observed
from perfkit.capacity.driven import AROUND_A_RUN, SETTLING, SHORTEST_STEP, SLOWEST, Driven, seconds_left
from perfkit.capacity.found import Answer, Found
from perfkit.capacity.low_load import NOT_YET, SHARE_OF_BUDGET, LowLoad
from perfkit.capacity.overload import LASTING as OVERLOAD_LASTING
from perfkit.capacity.overload import RECOVERY, Overload, overload
from perfkit.capacity.predict import Prediction, predict
from perfkit.capacity.soak import SHARE as SOAK_SHARE
from perfkit.capacity.soak import Soak, soak
from perfkit.capacity.step import Step, endpoint_of
from perfkit.evidence import Missing
from perfkit.measures.lazy import Measures
from perfkit.scenario.capacity import Scalar
from perfkit.scenario.objectives import ALL
from perfkit.stats.interval import Estimate
from perfkit.stats.limit_search import Search, Tried
from perfkit.stats.load_factor import Watched
from perfkit.units import show_rate, show_time

LONGEST_STEP, STEPS_IN_BUDGET = 30.0, 10
# Requests that tell p95 from a little more: of fewer, a step is worth its being longer.
WORTH: Final = 600
LONGEST_THIN_STEP: Final = 40.0


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
        self.low = LowLoad(driven, wanted.budget)
        self.taken: list[Step] = []  # after the one at low load
        self.tried: list[Tried] = []
        self.prediction: Prediction | Missing = NOT_YET
        self.overload: Overload | Missing = Missing("it was not tried")
        self.soak: Soak | Missing = Missing("it was not asked for: --soak 10m")
        self.search: Search | None = None
        self.doubts: list[str] = []

    def run(self) -> None:
        """Everything, in order; returns early when there is no limit to verify."""
        measures = self.low.run()
        if measures is None or self.low.observed is None:
            return
        self._predict(measures, self.low.observed)
        self._verify()
        if self.died or not self._has_limit:
            return
        if self.wanted.overload:
            self._past_the_limit()
        if self.wanted.soak is not None and not self.died:
            self._confirm(self.wanted.soak)

    @property
    def steps(self) -> list[Step]:
        return [*filter(None, (self.low.step,)), *self.taken]

    @property
    def died(self) -> bool:
        return bool(self.steps) and self.steps[-1].state == "died"

    @property
    def _has_limit(self) -> bool:
        return any(one.watched is not None for one in self.tried)

    def _predict(self, measures: Measures, observed: Observed) -> None:
        found = observed.demands
        self.driven.tell.news("working out the limit from service times")
        named = [endpoint_of(limit, measures) for limit in self.driven.limits]
        places = [found.endpoints.index(name) if name in found.endpoints else None for name in named]
        self.doubts += [
            f"nobody asked for {name} at low load, so its limit is predicted as if it took what all take together"
            for name in dict.fromkeys(named)
            if name != ALL and name not in found.endpoints
        ]
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
        highest = self.driven.highest
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
        self.taken.append(one)
        self.tried.append(
            Tried(
                rate=one.offered or rate,
                achieved=one.achieved,
                watched=self._watched(one) if one.counts else None,
                saturated=one.state in {"saturated", "died"} and not one.counts,
                failed=one.state == "failed",
            )
        )

    def _watched(self, one: Step) -> Watched:
        """With what the model makes of its very arrivals."""
        assert not isinstance(self.prediction, Missing)
        blocks, seed = len(one.watched.requests), self.driven.scenario.seed
        return replace(one.watched, expected=self.prediction.network.expected(one.arrived, blocks, seed))

    def _past_the_limit(self) -> None:
        limit = self.estimate()
        if limit is None:
            return
        self.driven.tell.news(f"overload: {show_time(OVERLOAD_LASTING)}, then {show_time(RECOVERY)} of calm")
        self.overload = overload(self.driven, limit.value, self.driven.highest)

    def _confirm(self, lasting: float) -> None:
        limit = self.estimate()
        if limit is None:
            return
        rate = SOAK_SHARE * limit.low
        self.driven.tell.news(f"soak: {show_rate(rate)} for {show_time(lasting)}")
        self.soak = soak(self.driven, rate, lasting)
        self.taken.append(self.soak.step)

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
            bounds=bounding.bounds(self.low.observed) if self.low.observed is not None else (),
            alone=self.low.alone,
            in_flight=self.low.in_flight,
            workers=self.low.workers,
            floor=self.driven.floor,
            overload=self.overload,
            soak=self.soak,
            lasted=time.monotonic() - self.began,
            doubts=(*self.low.doubts, *self.doubts),
            death=self.steps[-1].why if self.died else "",
        )

    def _answer(self, estimate: Estimate | None) -> Answer:
        if self.died:
            return Answer.DIED
        if len(self.steps) == 1 and self.steps[0].missed_objectives:
            return Answer.BELOW
        if estimate is None or not self._has_limit:
            return Answer.INCONCLUSIVE
        top = [one for one in self.steps if one.held and one.offered >= 0.95 * self.driven.highest]
        return Answer.AT_LEAST if top and estimate.value >= 0.98 * self.driven.highest else Answer.FOUND


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
