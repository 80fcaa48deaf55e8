"""The objectives of a scenario as a search for capacity sees them: limits that a queue explains, and the rest."""

from dataclasses import dataclass, replace
from typing import Final

from perfkit.errors import Problem, ScenarioError
from perfkit.scenario.model import Scenario
from perfkit.scenario.objectives import Objective, Slo

_UPPER: Final = frozenset({"<", "<="})
_HINT: Final = "Bound a percentile of the response time: slo: {all: [p95 < 300ms]}."


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a percentile: a request that takes longer misses it, and so large a share may."""

    endpoint: str  # as the scenario writes it, or `all`
    text: str
    bound: float  # seconds
    allowed: float

    @property
    def title(self) -> str:
        return f"{self.endpoint}: {self.text}"

    @property
    def share(self) -> float:
        """Of the percentile: 0.95 of p95."""
        return 1 - self.allowed


def limits_of(scenario: Scenario) -> tuple[Limit, ...]:
    """ScenarioError when no objective bounds a percentile: then no rate would be too high."""
    found = tuple(
        Limit(endpoint, one.text, one.bound, 1 - float(one.figure.removeprefix("p")) / 100)
        for endpoint, objectives in scenario.slo.objectives.items()
        for one in objectives
        if _is_limit(one)
    )
    if not found:
        problem = Problem("slo", "no objective bounds a percentile of the response time, so that no rate is ever too high")
        raise ScenarioError(scenario.name, (problem,), _HINT)
    return found


def judged_by(scenario: Scenario) -> tuple[Slo, tuple[str, ...]]:
    """What a step is judged by, and what is left out with why: a rate is what is searched for; nothing may end a step early."""
    kept: dict[str, tuple[Objective, ...]] = {}
    left_out: list[str] = []
    for endpoint, objectives in scenario.slo.objectives.items():
        judged = tuple(replace(one, aborts=False) for one in objectives if one.figure != "rate")
        left_out += [f"{endpoint}: {one.text}: the rate is what is searched for" for one in objectives if one.figure == "rate"]
        if judged:
            kept[endpoint] = judged
    # A step says what it can: that its requests are few is told beside it, and no reason to take it for missed.
    return scenario.slo.model_copy(update={"objectives": kept, "min_samples": 1}), tuple(left_out)


def _is_limit(objective: Objective) -> bool:
    is_percentile = objective.figure[0] == "p" and objective.figure[1:].replace(".", "", 1).isdigit()
    return is_percentile and objective.window is None and objective.comparison in _UPPER
