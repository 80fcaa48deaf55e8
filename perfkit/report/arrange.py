"""From the neutral page to the views of the HTML report: one function per kind of block."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Final

from perfkit.page import Block, Card, Cell, Chart, Check, Code, Column, Figures, Flame, Fold, Mood, Section, Table, Text
from perfkit.report import charts, digest, flame
from perfkit.report.cells import NUMERIC, number_of, show
from perfkit.report.embedding import embed
from perfkit.report.views import (
    CardView,
    CellView,
    ChartView,
    ChecksView,
    CodeView,
    ColumnView,
    FactView,
    FiguresView,
    FlameChoice,
    FlamesView,
    FoldView,
    SectionView,
    TableView,
    TextView,
    View,
)

_CODE_FACTS: Final = frozenset({"call site", "statement", "command", "file", "path", "shape", "plan"})
_WORST: Final[tuple[Mood, ...]] = ("bad", "warn", "neutral", "good")
MIN_BAR: Final = 0.02  # a shorter bar is a stray line
_STATES: Final = ("failed", "error", "skipped", "passed")  # what needs eyes first


class Arranger:
    """Hands out anchors: no two blocks of one page share one."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._taken: set[str] = set()

    def section(self, section: Section) -> SectionView:
        cards = tuple(digest.cards(section.blocks))
        anchor = self._anchor("s", section.title)
        return SectionView(anchor, section.title, section.intro, len(cards), _worst(cards), self.blocks(section.blocks))

    def blocks(self, blocks: Sequence[Block]) -> tuple[View, ...]:
        """The views in order; all flames stand where the first one stood."""
        flames = tuple(block for block in blocks if isinstance(block, Flame))
        views: list[View] = []
        for block in blocks:
            if not isinstance(block, Flame):
                views.append(self._view(block))
            elif block is flames[0]:
                views.append(self._flames(flames))
        return tuple(views)

    def _view(self, block: Table | Chart | Text | Code | Fold | Figures | Card) -> View:
        match block:
            case Table():
                return table(block)
            case Chart():
                return self._chart(block)
            case Fold():
                return FoldView(block.title, block.open, self.blocks(block.blocks))
            case Card():
                return self._card(block)
            case Text():
                return TextView(block)
            case Code():
                return CodeView(block)
            case Figures():
                return FiguresView(block)

    def _chart(self, chart: Chart) -> ChartView:
        figure = charts.figure(chart)
        note = " ".join(filter(None, (chart.note, charts.omitted(chart))))
        return ChartView(self._number("chart"), chart.title, note, charts.alternative(chart), charts.height(chart), embed(figure))

    def _flames(self, flames: Sequence[Flame]) -> FlamesView:
        choices = (
            FlameChoice(
                self._number("flame"), one.title, one.note, flame.alternative(one), embed(flame.data(one)), flame.compares(one)
            )
            for one in flames
        )
        return FlamesView(self._number("flames"), tuple(choices))

    def _card(self, card: Card) -> CardView:
        facts = tuple(FactView(name, value, name.casefold() in _CODE_FACTS) for name, value in card.facts)
        return CardView(self._anchor("f", card.id), card, facts, self.blocks(card.blocks))

    def _anchor(self, kind: str, name: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48]
        anchor = f"{kind}-{slug}" if slug else self._number(kind)
        while anchor in self._taken:
            anchor = f"{kind}-{slug}-{next(self._numbers)}"
        self._taken.add(anchor)
        return anchor

    def _number(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"


def table(block: Table) -> TableView:
    """Cells formatted by their columns; a row that is too short is filled up, what has no column is not shown."""
    columns = tuple(ColumnView(column.title, column.unit, column.unit in NUMERIC) for column in block.columns)
    rows = tuple(_row(row, block.columns) for row in block.rows)
    return TableView(block.title, columns, rows, block.note)


def checks(all_checks: Sequence[Check]) -> ChecksView | None:
    """None without checks; otherwise what failed comes first."""
    if not all_checks:
        return None
    counts = Counter(check.state for check in all_checks)
    summary = " · ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    ordered = sorted(all_checks, key=lambda check: _STATES.index(check.state))
    titles = ("State", "Kind", "Check", "Message")
    rows = tuple((check.state, check.group, check.name, check.message) for check in ordered)
    return ChecksView(summary, table(Table("", tuple(map(Column, titles)), rows)))


def _worst(cards: Sequence[Card]) -> Mood | None:
    moods = {card.mood for card in cards}
    for mood in _WORST:
        if mood in moods:
            return mood
    return None


def _row(row: Sequence[Cell], columns: Sequence[Column]) -> tuple[CellView, ...]:
    padded = (*row, *(None,) * (len(columns) - len(row)))
    return tuple(_cell(cell, column) for cell, column in zip(padded, columns, strict=False))


def _cell(cell: Cell, column: Column) -> CellView:
    number = number_of(cell)
    share = min(1.0, number) if column.unit == "share" and number is not None and number >= MIN_BAR else None
    return CellView(show(cell, column.unit), number, share)
