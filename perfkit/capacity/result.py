"""All of a search: every setting that was tried, the one to recommend, and the plan."""

from dataclasses import dataclass

from perfkit.capacity.earlier import Earlier
from perfkit.capacity.found import Found
from perfkit.capacity.plan import Plan
from perfkit.capacity.scaling import Scaling
from perfkit.capacity.subject import Subject
from perfkit.evidence import Missing


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    subject: Subject
    found: tuple[Found, ...]
    recommended: int
    plan: Plan | Missing
    scaling: Scaling | Missing
    interrupted: bool
    earlier: Earlier | None = None  # another search to set it beside

    @property
    def best(self) -> Found:
        return self.found[self.recommended]
