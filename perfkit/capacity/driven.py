"""A target that is up, and the runs of a search on it, one folder each."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from perfkit.capacity import load, step
from perfkit.capacity.bounds import GENERATOR_SHARE
from perfkit.capacity.limits import Limit
from perfkit.capacity.step import Kind, Step
from perfkit.evidence import Floor, Missing, RunDirectory
from perfkit.load.progress import Progress
from perfkit.measures.lazy import Measures
from perfkit.run import again
from perfkit.run.options import Options
from perfkit.run.read import read
from perfkit.run.record import Recorded
from perfkit.scenario import guard as guards
from perfkit.scenario.model import Scenario, Slo
from perfkit.target.target import Target

# Of a step, driven and not judged (issue 5): queues of the step before are gone, connections are open.
SETTLING: Final = 2.0
# Starting a generator, draining it, and reading what it wrote.
AROUND_A_RUN: Final = 5.0
SHORTEST_STEP: Final = 6.0
SLOWEST: Final = 0.1  # requests per second: below, a step of 40 s has nothing in it


@dataclass(frozen=True, slots=True)
class Teller:
    """Who is told what goes on."""

    news: Callable[[str], None]
    progress: Callable[[Progress], None]


@dataclass(slots=True)
class Driven:
    """Runs are numbered; an interrupt ends the one that is under way and is raised when that is on disk."""

    scenario: Scenario
    target: Target
    home: RunDirectory
    folder: Path
    limits: tuple[Limit, ...]
    judged_by: Slo
    floor: Floor | Missing
    tell: Teller
    runs: int = field(default=0, init=False)
    alone: dict[str, float] = field(default_factory=dict, init=False)  # times of services when nobody else asks them

    @property
    def highest(self) -> float:
        """Requests per second that the generator can honestly make and the guard allows."""
        cap = guards.caps(self.scenario.guard, guards.host_of(self.scenario.target.base_url)).rate * load.per_start(self.scenario)
        return min(cap, GENERATOR_SHARE * self.floor.rate) if isinstance(self.floor, Floor) else cap

    def step(self, kind: Kind, rate: float, lasting: float) -> tuple[Step, Measures]:
        """Open load at a rate of requests."""
        recorded, measures = self.run(kind, load.at_rate(self.scenario, rate, SETTLING, lasting, self.runs + 1))
        return self.judged(kind, rate, recorded, measures), measures

    def judged(self, kind: Kind, rate: float, recorded: Recorded, measures: Measures) -> Step:
        """The last run, as a step."""
        return step.read(self.runs, kind, rate, recorded, measures, self.limits, self.judged_by, self.alone)

    def run(self, name: str, scenario: Scenario) -> tuple[Recorded, Measures]:
        """Whatever load the scenario's profile for capacity has."""
        self.runs += 1
        path = self.folder / f"{self.runs:02}-{name.replace(' ', '-')}"
        options = Options(load.PROFILE, self.folder, profiling=False, on_progress=self.tell.progress, calibrating=False)
        recorded = again.run(scenario, self.target, self.home, path, options, self.floor)
        if not recorded.has_samples:
            raise recorded.error or KeyboardInterrupt
        measures = Measures(read(path))
        if recorded.run.state == "interrupted":
            raise KeyboardInterrupt
        return recorded, measures


def seconds_left(deadline: float) -> float:
    return deadline - time.monotonic()
