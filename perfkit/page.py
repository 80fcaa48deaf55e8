"""What a report says, as plain data: no markup, no colours, every string as it came (renderers escape)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

CheckState: TypeAlias = Literal["passed", "failed", "skipped", "error"]
Mood: TypeAlias = Literal["good", "warn", "bad", "neutral"]
Cell: TypeAlias = str | int | float | bool | None
Unit: TypeAlias = Literal["time", "bytes", "share", "change", "rate", "number", "text", "code"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading and how its cells are to be shown."""

    title: str
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order in which they should be read; renderers may make it sortable."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one segment of each bar; `lows` and `highs` are the ends of each value's interval."""

    name: str
    xs: tuple[float | str, ...]
    ys: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()
    is_level: bool = False  # of a chart of intervals: drawn as a line that steps, without ends


@dataclass(frozen=True, slots=True)
class Band:
    """A named stretch of the x axis, a phase for one."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a number, stacked bars over names, or values with their intervals over either."""

    title: str
    kind: Literal["lines", "steps", "stacked-bars", "bars", "intervals"]
    x_title: str
    y_title: str
    y_unit: Unit
    series: tuple[Series, ...]
    bands: tuple[Band, ...] = ()
    note: str = ""
    x_unit: Unit = "number"
    log_y: bool = False
    x_names: tuple[str, ...] = ()  # of the places 0, 1, 2, ... of the x axis, commits for one


@dataclass(frozen=True, slots=True)
class Versions:
    """What a frame of two versions' merged stacks took in each of them, and by how much it surely changed (None: not surely)."""

    base: float
    head: float
    change: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A node of a flame view; `value` includes the children's."""

    name: str
    value: float  # of two versions, the mean of both
    children: tuple["Frame", ...] = ()
    place: str = ""  # file:line
    own: bool = False  # the user's own code
    versions: Versions | None = None


@dataclass(frozen=True, slots=True)
class Flame:
    """A tree of frames, root first; with versions, coloured by what changed between them."""

    title: str
    root: Frame
    unit: Unit
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Something to read to the letter: a statement, a plan, a command."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are closed until the reader opens them."""

    title: str
    blocks: tuple["Block", ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One number worth a glance."""

    name: str
    value: str
    mood: Mood = "neutral"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of figures."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A finding: what, where, how much, how we know, what to do, what we cannot see."""

    id: str  # fingerprint
    title: str
    badge: str  # the level
    mood: Mood
    place: str  # endpoint
    message: str
    fix: str
    facts: tuple[tuple[str, str], ...]  # ("call site", "shop/orders.py:41 in order_lines"), ("saving", "up to 14 ms")
    blocks: tuple["Block", ...] = ()  # exhibits, the statement, the rule's page as a Fold
    caveats: tuple[str, ...] = ()


Block: TypeAlias = Table | Chart | Flame | Text | Code | Fold | Figures | Card


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with its heading."""

    title: str
    blocks: tuple[Block, ...]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a test report: an objective, a rule, or what was compared."""

    name: str
    group: Literal["objective", "rule", "run", "comparison"]
    state: CheckState
    message: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report: the verdict first, then the sections."""

    title: str
    subtitle: str
    verdict: str  # one sentence
    mood: Mood
    reasons: tuple[str, ...]  # why the verdict is what it is; validity first
    sections: tuple[Section, ...]
    checks: tuple[Check, ...] = ()
    footer: str = ""
