"""The HTML report without a browser: what stands in the file."""

import json
import re
from html.parser import HTMLParser

from perfkit.page import Chart, Column, Figure, Figures, Flame, Fold, Frame, Section, Series, Table, Text
from perfkit.report import html
from tests.report.pages import HOSTILE, a_card, a_page, hostile_page, rich_page

LIMIT = 10_000_000


class Outline(HTMLParser):
    """What a parser makes of the page: elements with their attributes, texts outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.texts: list[str] = []
        self._raw = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        self._raw = tag if tag in {"script", "style"} else ""
        if tag == "script":
            self.scripts.append((attributes.get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self._raw == "script":
            kind, before = self.scripts[-1]
            self.scripts[-1] = (kind, before + data)
        elif not self._raw:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._raw:
            self._raw = ""


def test_the_verdict_stands_before_everything_else() -> None:
    text = html.render(rich_page())

    assert text.index("misses its objective") < text.index("Suspect: the generator") < text.index("<h2>Overview")
    assert 'class="verdict bad"' in text
    assert '<div class="word">Problem</div>' in text


def test_numbers_are_shown_in_units_and_sorted_by_their_values() -> None:
    table = Table("t", (Column("time", "time"), Column("share", "share")), ((0.0123456, 0.21), (float("nan"), None)))

    text = html.render(a_page(sections=(Section("s", (table,)),)))

    assert 'data-sort="0.0123456">12.3 ms</td>' in text
    assert ">21 %</td>" in text
    assert "nan" not in text.partition("<main>")[2].partition("<script")[0]


def test_hostile_names_make_no_element_and_no_attribute() -> None:
    outline = Outline(html.render(hostile_page()))

    assert not [tag for tag, _ in outline.elements if tag == "img"]
    assert not [name for _, attributes in outline.elements for name in attributes if name.startswith("on")]
    assert "{{7*7}}" in "".join(outline.texts)
    assert HOSTILE[0] in "".join(outline.texts)


def test_hostile_names_do_not_end_the_data_they_stand_in() -> None:
    outline = Outline(html.render(hostile_page()))

    data = [json.loads(text) for kind, text in outline.scripts if kind == "application/json"]
    assert len(data) == 6
    assert not any(re.search(r"[<>&\u2028\u2029]", text) for kind, text in outline.scripts if kind == "application/json")


def test_control_and_direction_characters_become_signs() -> None:
    text = html.render(hostile_page())

    assert "⟨U+001B⟩[31mred⟨U+0000⟩⟨U+0007⟩" in text
    assert "⟨U+202E⟩gnp.exe⟨U+200F⟩" in text
    assert "⟨U+D800⟩" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200f\u202e]", text.partition("<body>")[2].partition("<script>")[0])
    assert text.encode()


def test_the_policy_admits_only_the_scripts_of_the_page() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html.render(rich_page()))

    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy[1].partition("style-src")[0]


def test_nothing_is_fetched_from_anywhere() -> None:
    outline = Outline(html.render(rich_page()))

    addresses = [attributes.get(name) or "" for _, attributes in outline.elements for name in ("src", "href", "action")]
    assert {address for address in addresses if address and not address.startswith("#")} == {"data:,"}


def test_plotly_travels_once_and_only_with_charts() -> None:
    chart = Chart("c", "lines", "x", "y", "time", (Series("s", (0.0, 1.0), (1.0, 2.0)),))

    with_charts = html.render(a_page(sections=(Section("s", (chart, Fold("f", (chart,)))),)))
    without = html.render(a_page(sections=(Section("s", (Text("t"),)),)))

    assert with_charts.count('id="plotly"') == 1
    assert len(with_charts) > 1_000_000
    assert len(without) < 60_000


def test_a_chart_only_in_the_fold_of_a_card_brings_plotly_too() -> None:
    chart = Chart("c", "lines", "x", "y", "time", ())
    card = a_card(blocks=(Fold("f", (chart,)),))

    assert 'id="plotly"' in html.render(a_page(sections=(Section("s", (card,)),)))


def test_the_flames_of_a_section_share_one_viewer() -> None:
    flames = tuple(Flame(f"flame of {name}", Frame("root", 1.0), "time") for name in "abc")

    text = html.render(a_page(sections=(Section("s", (flames[0], Text("between"), *flames[1:])),)))

    assert text.count('class="flames"') == 1
    assert text.count("<option") == 3
    assert text.count("<canvas") == 3


def test_anchors_are_unique() -> None:
    sections = (Section("Same", (a_card(), a_card())), Section("Same", ()), Section("☃", ()))

    outline = Outline(html.render(a_page(sections=sections)))

    anchors = [attributes["id"] for _, attributes in outline.elements if attributes.get("id")]
    assert len(anchors) == len(set(anchors))


def test_long_texts_can_be_opened_and_are_complete() -> None:
    text = html.render(a_page(sections=(Section("s", (a_card(message="m" * 5000),)),)))

    assert '<summary title="show all 5000 characters">' in text
    assert "m" * 5000 in text


def test_a_card_shows_place_fix_facts_and_what_it_cannot_see() -> None:
    text = html.render(a_page(sections=(Section("s", (a_card(caveats=("Pools outside the process.",)),)),)))

    for part in (
        "GET /articles",
        "selectinload(Article.author)",
        "up to 38 ms per request",
        "What we cannot see",
        "Pools outside the process.",
    ):
        assert part in text
    assert '<code class="copy">shop/serializers.py:41 in author_of</code>' in text


def test_a_figure_says_its_mood_in_words_too() -> None:
    text = html.render(a_page(sections=(Section("s", (Figures((Figure("errors", "2 %", "warn"),)),)),)))

    assert '<span class="unseen"> Caution</span>' in text


def test_an_empty_page_renders() -> None:
    assert "All objectives are met." in html.render(a_page())


def test_the_same_page_gives_the_same_text() -> None:
    assert html.render(rich_page()) == html.render(rich_page())
