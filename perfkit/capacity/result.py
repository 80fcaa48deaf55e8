"""All of a search: every setting that was tried, the one to recommend, and the plan."""

from dataclasses import dataclass

from perfkit.capacity.found import Found
from perfkit.capacity.plan import Plan
from perfkit.evidence import Missing


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose capacity it is."""

    id: str
    scenario: str
    started_at: str
    commit: str
    dirty: bool
    machine: str
    left_out: tuple[str, ...]  # objectives that nothing is judged by, and why


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    subject: Subject
    found: tuple[Found, ...]
    recommended: int
    plan: Plan | Missing
    interrupted: bool

    @property
    def best(self) -> Found:
        return self.found[self.recommended]
