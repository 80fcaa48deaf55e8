"""The page as the template writes it down: numbered anchors, grouped flames, formatted cells; still no markup."""

from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from markupsafe import Markup

from perfkit.page import Card, Code, Figures, Mood, Text, Unit

# Colour is never the only sign.
SIGNS: Final[dict[Mood, tuple[str, str]]] = {
    "good": ("✓", "Good"),
    "warn": ("!", "Caution"),
    "bad": ("✕", "Problem"),
    "neutral": ("i", "Note"),
}


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell: its text, what it sorts by, and how wide its bar is (shares only)."""

    text: str
    sort: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class ColumnView:
    title: str
    unit: Unit
    numeric: bool


@dataclass(frozen=True, slots=True)
class TableView:
    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[CellView, ...], ...]
    note: str


@dataclass(frozen=True, slots=True)
class ChartView:
    kind: ClassVar[str] = "chart"
    id: str
    title: str
    note: str
    alternative: str
    height: int
    data: Markup


@dataclass(frozen=True, slots=True)
class FlameChoice:
    id: str
    title: str
    note: str
    alternative: str
    data: Markup
    compares: bool


@dataclass(frozen=True, slots=True)
class FlamesView:
    """All flames of one place on the page, one of them shown at a time."""

    kind: ClassVar[str] = "flames"
    id: str
    flames: tuple[FlameChoice, ...]


@dataclass(frozen=True, slots=True)
class FoldView:
    kind: ClassVar[str] = "fold"
    title: str
    open: bool
    blocks: tuple["View", ...]


@dataclass(frozen=True, slots=True)
class FactView:
    name: str
    value: str
    code: bool


@dataclass(frozen=True, slots=True)
class CardView:
    kind: ClassVar[str] = "card"
    id: str
    card: Card
    facts: tuple[FactView, ...]
    blocks: tuple["View", ...]


@dataclass(frozen=True, slots=True)
class TextView:
    kind: ClassVar[str] = "text"
    block: Text


@dataclass(frozen=True, slots=True)
class CodeView:
    kind: ClassVar[str] = "code"
    block: Code


@dataclass(frozen=True, slots=True)
class FiguresView:
    kind: ClassVar[str] = "figures"
    block: Figures


View: TypeAlias = TableView | ChartView | FlamesView | FoldView | CardView | TextView | CodeView | FiguresView


@dataclass(frozen=True, slots=True)
class SectionView:
    id: str
    title: str
    intro: str
    cards: int
    worst: Mood | None
    blocks: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class ChecksView:
    """What became of the objectives and rules, in one line and as a table."""

    summary: str
    table: TableView
