"""What the command line adds to a scenario."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perfkit.load.channel import Workforce
from perfkit.load.progress import Progress
from perfkit.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds to a scenario."""

    profile: str  # the load profile's name
    out: Path
    profiling: bool = True
    on_progress: Callable[[Progress], None] | None = None
    on_news: Callable[[str], None] | None = None
    calibrating: bool = True  # measure what the generator can do before the target is started
    workforce: Workforce | None = None  # None: as the scenario says
    web: bool = False  # show the load in Locust's web UI

    def force(self, scenario: Scenario) -> Workforce:
        return Workforce(scenario.generator.processes) if self.workforce is None else self.workforce
