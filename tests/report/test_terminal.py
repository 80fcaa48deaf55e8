"""The page in a terminal."""

import io

from rich.console import Console

from perfkit.page import Figure, Figures, Section
from perfkit.report import terminal
from tests.report.pages import a_card, a_page, hostile_page, rich_page


def test_the_whole_page_reads_like_this() -> None:
    page = a_page(
        "GET /orders misses its objective.",
        "bad",
        reasons=("p95 < 300 ms missed, measured 412 ms.",),
        sections=(Section("s", (Figures((Figure("Requests", "5,120"), Figure("Errors", "2 %", "bad"))), a_card())),),
    )

    assert terminal.render(page).splitlines() == [
        "✕ Problem: GET /orders misses its objective.",
        "  shop",
        "  - p95 < 300 ms missed, measured 412 ms.",
        "",
        "  Requests 5,120   Errors 2 %",
        "",
        "1. Queries repeat for every row  [measured]",
        "   GET /articles: 101 queries per request; 100 are the same statement with different parameters.",
        "   saving up to 38 ms per request  share of server time 21 %  call site shop/serializers.py:41 in author_of",
        "   Fix: Load the authors together with the articles: selectinload(Article.author).",
    ]


def test_more_than_five_cards_are_counted() -> None:
    text = terminal.render(rich_page())

    assert "and 2 more in the report" in text
    assert "6. " not in text


def test_no_line_is_wider_than_120_columns() -> None:
    for page in (rich_page(), hostile_page()):
        assert max(map(len, terminal.render(page).splitlines())) <= 120


def test_nothing_of_the_target_reaches_the_terminal_as_a_command() -> None:
    file = io.StringIO()

    terminal.print_page(hostile_page(), Console(file=file, width=80, force_terminal=False))

    assert "\x1b" not in file.getvalue()
    assert "⟨U+001B⟩[31mred⟨U+0000⟩⟨U+0007⟩" in file.getvalue()


def test_rich_markup_in_names_is_text() -> None:
    assert "[bold]x[/] :smile:" in terminal.render(a_page("[bold]x[/] :smile:"))


def test_a_terminal_gets_colours() -> None:
    file = io.StringIO()

    terminal.print_page(rich_page(), Console(file=file, width=100, force_terminal=True, color_system="standard"))

    assert "\x1b[1;31m" in file.getvalue()
