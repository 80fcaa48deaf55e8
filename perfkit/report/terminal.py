"""A page in a few screens of a terminal: verdict, reasons, figures, the first findings."""

import io
from typing import Final

from rich.console import Console
from rich.text import Text

from perfkit.page import Card, Figures, Mood, Page
from perfkit.report.digest import all_cards, first_figures
from perfkit.report.views import SIGNS
from perfkit.report.visible import clip, one_line

MAX_WIDTH: Final = 120
TOP_CARDS: Final = 5
LONGEST: Final = 600  # characters of one line of text; a terminal is no place for a 10 kB name
_STYLES: Final[dict[Mood, str]] = {"good": "green", "warn": "yellow", "bad": "red", "neutral": "cyan"}
_FACTS: Final = ("saving", "share of server time", "call site")


def render(page: Page) -> str:
    """Plain lines, at most 120 columns wide."""
    file = io.StringIO()
    print_page(page, Console(file=file, width=MAX_WIDTH, color_system=None, force_terminal=False, legacy_windows=False))
    return file.getvalue()


def print_page(page: Page, console: Console) -> None:
    """Prints through the given console: in colours when it is a terminal."""
    width = min(MAX_WIDTH, console.width)
    sign, word = SIGNS[page.mood]
    style = _STYLES[page.mood]
    _print(console, width, Text.assemble((f"{sign} {word}: ", f"bold {style}"), (_short(page.verdict), "bold")))
    for line in filter(None, (page.title, page.subtitle)):
        _print(console, width, Text(_short(line), "dim"), 2)
    for reason in page.reasons:
        _print(console, width, Text(f"- {_short(reason)}"), 2)
    figures = first_figures(page)
    if figures is not None:
        _print(console, width, _figures(figures), 2, above=1)
    cards = all_cards(page)
    for number, card in enumerate(cards[:TOP_CARDS], 1):
        _print_card(console, width, number, card)
    if len(cards) > TOP_CARDS:
        _print(console, width, Text(f"and {len(cards) - TOP_CARDS} more in the report", "dim"), above=1)


def _print_card(console: Console, width: int, number: int, card: Card) -> None:
    style = _STYLES[card.mood]
    head = Text.assemble((f"{number}. ", "dim"), (_short(card.title), "bold"), "  ", (f"[{_short(card.badge)}]", style))
    _print(console, width, head, above=1)
    _print(console, width, Text(": ".join(filter(None, (_short(card.place), _short(card.message))))), 3)
    facts = {name.casefold(): value for name, value in card.facts}
    told = [f"{name} {_short(facts[name])}" for name in _FACTS if name in facts]
    if told:
        _print(console, width, Text("  ".join(told), "dim"), 3)
    if card.fix:
        _print(console, width, Text.assemble(("Fix: ", f"bold {style}"), _short(card.fix)), 3)


def _figures(figures: Figures) -> Text:
    line = Text()
    for figure in figures.figures:
        value = Text(_short(figure.value), f"bold {_STYLES[figure.mood]}" if figure.mood != "neutral" else "bold")
        line.append("   " if line else "").append(f"{_short(figure.name)} ", "dim").append_text(value)
    return line


def _print(console: Console, width: int, text: Text, indent: int = 0, above: int = 0) -> None:
    # Words that are longer than the line are folded, so that nothing is cut off silently.
    for _ in range(above):
        console.print()
    for line in text.wrap(console, width - indent, overflow="fold"):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), highlight=False, markup=False, emoji=False, no_wrap=True, crop=False)


def _short(text: str) -> str:
    return clip(one_line(text), LONGEST)
