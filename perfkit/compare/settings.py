"""By which rules a comparison is judged: fixed before the first request is sent."""

from dataclasses import dataclass, field
from typing import Final

from perfkit.evidence import Missing
from perfkit.scenario.comparison import GATED
from perfkit.stats.outcome import Rules
from perfkit.stats.queueing import Discipline

CLOSED: Final = Missing("the scenario's load is closed: it has no rate of its own")


@dataclass(frozen=True, slots=True)
class Load:
    """The load of the scenario at its peak, which the change of response times is worked out for."""

    rate: float  # requests per second, of all endpoints together
    servers: int
    discipline: Discipline
    quantum: float = 0.0  # seconds that a thread computes before others have their turn; 0: to the end


@dataclass(frozen=True, slots=True)
class Settings:
    """`gate` names what may fail the comparison; everything else is shown only."""

    rules: Rules = field(default_factory=Rules)
    gate: frozenset[str] = frozenset(GATED)
    burst_sizes: tuple[int, ...] = (2, 8, 32)
    load: Load | Missing = CLOSED
    allow_answers: bool = False  # answers that differ are meant to
    seed: int = 0
