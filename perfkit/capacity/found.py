"""What a search for capacity has come to, before it is planned with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from perfkit.capacity.bounds import Bound
from perfkit.capacity.demands import Alone
from perfkit.capacity.in_flight import InFlight
from perfkit.capacity.limits import Limit
from perfkit.capacity.overload import Overload
from perfkit.capacity.predict import Prediction
from perfkit.capacity.soak import Soak
from perfkit.capacity.step import Step
from perfkit.evidence import Floor, Missing
from perfkit.scenario.capacity import Scalar
from perfkit.stats.interval import Estimate


class Answer(StrEnum):
    """Of one setting of the target."""

    FOUND = "found"
    AT_LEAST = "at least"  # the highest rate that the generator can honestly make was held
    BELOW = "below"  # the objectives are missed even at the lowest rate
    INCONCLUSIVE = "inconclusive"  # no step counts, or the budget was over before any did
    DIED = "died"  # the target ended under load: the last rate that it held is the answer


SURE: Final = frozenset({Answer.FOUND, Answer.AT_LEAST, Answer.DIED})


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Of one setting; `limit` is in requests per second."""

    setting: Mapping[str, Scalar]
    answer: Answer
    limit: Estimate | None
    limits: tuple[Limit, ...]
    steps: tuple[Step, ...]  # in the order in which they were driven, the low-load run first
    prediction: Prediction | Missing
    bounds: tuple[Bound, ...]
    alone: Alone | Missing
    in_flight: InFlight | Missing
    workers: int
    floor: Floor | Missing
    overload: Overload | Missing
    soak: Soak | Missing
    lasted: float
    doubts: tuple[str, ...]
    death: str = ""

    @property
    def low_load(self) -> Step:
        return self.steps[0]

    @property
    def counted(self) -> tuple[Step, ...]:
        return tuple(one for one in self.steps[1:] if one.kind == "step" and one.counts)

    @property
    def highest_held(self) -> Step | None:
        return max(
            (one for one in self.steps if one.held and one.kind in {"step", "low load"}),
            key=lambda one: one.offered,
            default=None,
        )

    @property
    def fullest(self) -> Step | None:
        """The step with the most load that says something of the target: there it shows what gives out."""
        seen = [one for one in self.steps if one.kind == "step" and one.state in {"counted", "saturated", "failed"}]
        return max(seen, key=lambda one: one.offered, default=None)

    @property
    def nearest(self) -> Step | None:
        """The counted step whose rate is nearest to the limit: what was measured there."""
        if self.limit is None or not self.counted:
            return None
        value = self.limit.value
        return min(self.counted, key=lambda one: abs(one.offered - value))
