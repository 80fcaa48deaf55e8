"""The error tree: every way perfkit gives up, with the exit code and the cure that go with it.

PerfkitError            70  perfkit itself is at fault
├─ ScenarioError         2  the scenario file, or what it asks for, is wrong: all faults at once
├─ TargetError           3  the target is absent, unhealthy, died, or is not ours to trace
├─ LoadError             4  the generator could not do what the scenario asked
├─ EvidenceError         5  a run directory cannot be read, or is of another version
└─ ComparisonError       8  two things that cannot be compared
"""

from dataclasses import dataclass
from typing import ClassVar


class PerfkitError(Exception):
    """Something the person at the terminal can act on; `hint` is the next thing to type."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a scenario file: where it stands and what is wrong with it."""

    where: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.where}: {self.message}" if self.where else f"{place}{self.message}"


class ScenarioError(PerfkitError):
    """A scenario file with its faults, all of them, in the order of their lines."""

    exit_code = 2

    def __init__(self, path: str, problems: tuple[Problem, ...], hint: str = "") -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        count = len(self.problems)
        head = f"{path} has {count} {'fault' if count == 1 else 'faults'}"
        super().__init__("\n  ".join([head, *map(str, self.problems)]), hint)


class TargetError(PerfkitError):
    """The service under test cannot be measured."""

    exit_code = 3


class LoadError(PerfkitError):
    """The generator could not do what the scenario asked of it."""

    exit_code = 4


class EvidenceError(PerfkitError):
    """A run directory that cannot be read."""

    exit_code = 5


class ComparisonError(PerfkitError):
    """Two things that cannot be compared."""

    exit_code = 8
