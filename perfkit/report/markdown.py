"""A page as Markdown that fits into a pull-request comment: verdict, figures, the first findings, the endpoints."""

import re
from typing import Final

from perfkit.page import Card, Cell, Column, Figures, Page, Table
from perfkit.report.cells import NUMERIC, show
from perfkit.report.digest import all_cards, endpoints, first_figures
from perfkit.report.views import SIGNS
from perfkit.report.visible import clip, clip_middle, one_line

TOP_CARDS: Final = 5
TOP_ROWS: Final = 20
MAX_REASONS: Final = 12
LONGEST: Final = 600
LONGEST_CELL: Final = 100
LONGEST_CODE: Final = 300
MAX_LENGTH: Final = 60_000  # GitHub refuses comments above 65,536 characters

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|~#!&$])")
_MENTION: Final = re.compile(r"@(?=\w)")
_LIST_START: Final = re.compile(r"^(\d+)([.)])|^([-+=])")
_CODE_FACTS: Final = frozenset({"call site", "statement"})


def render(page: Page) -> str:
    """Text of the target is escaped: it makes no markup, no link and mentions nobody."""
    sign, word = SIGNS[page.mood]
    parts = [f"## {sign} {word}: {prose(page.verdict)}", " · ".join(filter(None, (prose(page.title), prose(page.subtitle))))]
    parts.append("\n".join(f"- {prose(reason)}" for reason in page.reasons[:MAX_REASONS]))
    figures = first_figures(page)
    parts.append(_figures(figures) if figures is not None else "")
    cards = all_cards(page)
    parts += [_card(number, card) for number, card in enumerate(cards[:TOP_CARDS], 1)]
    parts.append(f"…and {len(cards) - TOP_CARDS} more in the report." if len(cards) > TOP_CARDS else "")
    figures_by_endpoint = endpoints(page)
    parts.append(table(figures_by_endpoint) if figures_by_endpoint is not None else "")
    parts.append(prose(page.footer))
    return _bounded([part for part in parts if part])


def prose(text: str) -> str:
    """One line of text in which nothing is markup."""
    escaped = _SPECIAL.sub(r"\\\1", clip(one_line(text), LONGEST))
    # A word joiner after the sign: `@app.get` reads the same and notifies nobody.
    return _LIST_START.sub(r"\1\\\2\3", _MENTION.sub("@\u2060", escaped))


def code(text: str, limit: int = LONGEST_CODE) -> str:
    """A code span; its fence is longer than any run of backticks inside."""
    plain = clip_middle(one_line(text), limit)
    if not plain:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    blank = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def table(block: Table) -> str:
    """A table with its first rows; says how many it leaves out."""
    head = "| " + " | ".join(prose(column.title) or " " for column in block.columns) + " |"
    rule = "|" + "|".join(" ---: " if column.unit in NUMERIC else " --- " for column in block.columns) + "|"
    rows = [
        "| " + " | ".join(_cell(cell, column) for cell, column in zip(row, block.columns, strict=False)) + " |"
        for row in block.rows[:TOP_ROWS]
    ]
    left = len(block.rows) - len(rows)
    more = [f"\n…and {left} more {'row' if left == 1 else 'rows'} in the report."] if left else []
    return "\n".join([f"### {prose(block.title) or 'Endpoints'}\n", head, rule, *rows, *more])


def _cell(cell: Cell, column: Column) -> str:
    text = show(cell, column.unit)
    if column.unit in NUMERIC:
        return prose(text)
    # A bar ends a cell even inside a code span.
    spanned = column.unit == "code" or column.title.casefold() == "endpoint"
    return code(text, LONGEST_CELL).replace("|", "\\|") if spanned else prose(clip(text, LONGEST_CELL))


def _figures(figures: Figures) -> str:
    return " · ".join(f"{prose(figure.name)} **{prose(figure.value)}**" for figure in figures.figures)


def _card(number: int, card: Card) -> str:
    lines = [f"### {number}. {prose(card.title)} ({prose(card.badge)})\n"]
    lines.append(": ".join(filter(None, (code(card.place), prose(card.message)))) + "\n")
    lines += [f"- {prose(name)}: {_fact(name, value)}" for name, value in card.facts]
    lines += [f"- **Fix**: {prose(card.fix)}"] if card.fix else []
    return "\n".join(lines)


def _fact(name: str, value: str) -> str:
    return code(value) if name.casefold() in _CODE_FACTS else prose(value)


def _bounded(parts: list[str]) -> str:
    """Whole parts only: half a table is no table."""
    kept: list[str] = []
    length = 0
    for part in parts:
        length += len(part) + 2
        if length > MAX_LENGTH:
            kept.append("…the rest is in the report.")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"
