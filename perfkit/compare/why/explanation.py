"""What a regression consists of: parts of the time, functions, statements and findings, each with how sure that is."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from perfkit.evidence import Missing
from perfkit.finding import Finding
from perfkit.stats.replicated import Difference

Clock: TypeAlias = Literal["processor", "wall"]
State: TypeAlias = Literal["new", "gone", "changed"]
SHARED: Final = ""  # the endpoint of what none owns: the server, the protocol, middleware before routing
NOT_EXPLAINED: Final = Missing("nobody asked for it")
CLOCKS: Final[dict[Clock, str]] = {"processor": "on the processor (py-spy)", "wall": "wall clock (pyinstrument)"}


@dataclass(frozen=True, slots=True)
class Part:
    """Of the mean server time; `significant` after allowing for all parts of all endpoints."""

    name: str
    difference: Difference
    significant: bool


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How the mean server time of an endpoint changed, and in which of its parts; unit by unit they sum up."""

    endpoint: str
    total: Difference
    significant: bool
    parts: tuple[Part, ...]  # largest change first
    units: int  # pairs of blocks, or of stretches, that it rests on

    @property
    def residual(self) -> float:
        """By how much the parts' changes do not sum up to the total."""
        return self.total.change.value - sum(part.difference.change.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """Seconds per request of the endpoint in a function: with all that it calls, and alone with the libraries that it calls."""

    endpoint: str  # or SHARED
    clock: Clock
    name: str
    file: str
    line: int  # as head has it; 0 when unknown
    is_own: bool
    state: State  # whether it was seen in both versions
    with_calls: Difference
    alone: Difference
    significant: bool
    new_call: str = ""  # "orders.py:41 in checkout": the line of the user's that calls it in head only

    @property
    def key(self) -> tuple[str, str, str]:
        """The same function by either clock: profilers do not agree on classes."""
        return self.endpoint, self.name.rpartition(".")[2], self.file

    @property
    def place(self) -> str:
        return placed(self.file, self.line)


@dataclass(frozen=True, slots=True)
class StatementChange:
    """Executions and seconds per request of the endpoint."""

    endpoint: str
    text: str
    state: State
    count: Difference
    time: Difference
    call_site: str  # of head; of base when it is gone


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding that one version has and the other one has not, or has otherwise."""

    state: State
    base: Finding | None
    head: Finding | None

    @property
    def shown(self) -> Finding:
        found = self.head or self.base
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Branch:
    """A function on one path: mean seconds per request of both versions, and by how much it surely changed (None: not surely)."""

    name: str
    place: str
    is_own: bool
    base: float
    head: float
    change: float | None
    children: tuple["Branch", ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """Both versions' stacks in one."""

    endpoint: str
    clock: Clock
    root: Branch
    samples: tuple[int, int]
    significant: int  # functions that surely changed


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the endpoints became slower, as far as profiles and counters tell."""

    endpoints: tuple[str, ...]
    lasted: float
    pairs: int  # of profiled stretches
    breakdowns: tuple[Breakdown, ...] = ()
    functions: tuple[FunctionChange, ...] = ()  # significant ones first, then by how much they changed alone
    statements: tuple[StatementChange, ...] = ()
    findings: tuple[FindingChange, ...] = ()
    trees: tuple[Tree, ...] = ()
    missing: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def placed(file: str, line: int) -> str:
    """`orders.py:41`."""
    return f"{file}:{line}" if line else file
