"""A card for every endpoint that became better or worse, or answers otherwise: what changed, by how much, and where."""

import hashlib
from collections.abc import Iterator

from perfkit.compare.comparison import Compared, Comparison, Counted, Failures
from perfkit.compare.pages import words
from perfkit.page import Block, Card, Code, Column, Section, Table, Text
from perfkit.units import show_share

TITLES = {
    "different": "The answers differ",
    "regressed": "It became worse",
    "improved": "It became better",
}


def section(comparison: Comparison) -> Section:
    """What differs first, then what is worse, then what is better; exact changes that nobody gates come last, as a table."""
    cards = tuple(card for outcome in TITLES for card in _cards(comparison, outcome))
    told = tuple(_told(comparison))
    blocks: tuple[Block, ...] = (*cards, *told)
    return Section("What changed", blocks or (Text("Nothing was found to have changed."),))


def _cards(comparison: Comparison, outcome: str) -> Iterator[Card]:
    tests = [test for test in comparison.gated if test.outcome == outcome]
    errors = [test for test in comparison.errors if test.gated and test.verdict.outcome == outcome]
    counted = [one for one in comparison.counted if one.outcome == outcome]
    endpoints = [
        *(one.change.endpoint for one in counted),
        *(test.endpoint for test in errors),
        *(test.endpoint for test in tests),
    ]
    for endpoint in dict.fromkeys(endpoints):
        yield _card(
            comparison,
            outcome,
            endpoint,
            [test for test in tests if test.endpoint == endpoint],
            [test for test in errors if test.endpoint == endpoint],
            [one for one in counted if one.change.endpoint == endpoint],
        )


def _card(
    comparison: Comparison, outcome: str, endpoint: str, tests: list[Compared], errors: list[Failures], counted: list[Counted]
) -> Card:
    message = "; ".join([*map(words.of_count, counted), *map(words.of_errors, errors), *map(words.of_test, tests)])
    severe = outcome == "regressed" and any(test.verdict.severe for test in tests)
    details = "\n".join(f"{one.change.counter}: {one.change.detail}" for one in counted if one.change.detail)
    return Card(
        id=hashlib.sha256(f"{outcome}\0{endpoint}".encode()).hexdigest()[:12],
        title=TITLES[outcome],
        badge=f"beyond {show_share(comparison.settings.rules.margin)}" if severe else outcome,
        mood=words.MOODS[outcome],
        place=endpoint,
        message=message,
        fix="",
        facts=tuple(("where", one.change.detail) for one in counted if one.change.detail)[:1],
        blocks=(Code(details),) if details else (),
        caveats=tuple(_caveats(comparison, outcome, tests, counted)),
    )


def _caveats(comparison: Comparison, outcome: str, tests: list[Compared], counted: list[Counted]) -> Iterator[str]:
    if tests and comparison.unstable:
        yield "the base differs from itself in this comparison: times fail and prove nothing"
    differing = {one.change.endpoint for one in comparison.counted if one.outcome == "different"}
    if outcome == "improved" and differing.intersection(test.endpoint for test in tests):
        yield "the answers differ: a faster wrong answer is no improvement"
    if outcome != "different" and any(not one.gated for one in counted):
        yield "counters outside the gate are told and fail nothing"


def _told(comparison: Comparison) -> Iterator[Table]:
    rows = tuple(
        (one.change.endpoint, one.change.counter, words.quantity(one.change, one.change.base),
         words.quantity(one.change, one.change.head), one.change.detail)
        for one in comparison.counted
        if one.outcome == "changed"
    )  # fmt: skip
    if rows:
        columns = (Column("of", "code"), Column("counter"), Column("base"), Column("head"), Column("detail"))
        yield Table("Other exact changes", columns, rows, "Too small to matter, or of a kind that is neither better nor worse.")
