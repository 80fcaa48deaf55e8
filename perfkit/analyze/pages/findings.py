"""Findings as cards: place, numbers, how we know, what to do, what we cannot see."""

import inspect
from collections.abc import Iterable
from typing import Final

import polars as pl

from perfkit.detectors.base import Detector
from perfkit.finding import Analysis, Exhibit, Finding, Level
from perfkit.page import Block, Card, Cell, Code, Column, Fold, Mood, Section, Table, Text, Unit
from perfkit.units import show_share, show_time

# Few enough to be read (reference, detectors 3.3).
OPEN_CARDS: Final = 7
EXHIBIT_ROWS: Final = 12
BADGES: Final = {
    Level.VERIFIED: ("verified", "we tried it, and it helped"),
    Level.MEASURED: ("measured", "counted in this run; the fix itself was not tried"),
    Level.PREDICTED: ("predicted", "modelled from what was measured; the fix itself was not tried"),
    Level.HINT: ("hint", "worth a look"),
    Level.REFUTED: ("refuted", "we tried it, and it did not help"),
}
# How a column of an exhibit is shown follows from its name, as finding.Exhibit promises.
UNITS: Final[tuple[tuple[str, Unit], ...]] = (
    ("_time", "time"), ("_at", "time"), ("time", "time"), ("saving", "time"),
    ("bytes", "bytes"), ("share", "share"), ("rate", "rate"),
    ("statement", "code"), ("text", "code"), ("plan", "code"), ("call_site", "code"), ("function", "code"), ("shape", "code"),
    ("stack", "code"), ("index", "code"), ("endpoint", "code"),
)  # fmt: skip


def sections(analysis: Analysis, detectors: Iterable[Detector]) -> tuple[Section, ...]:
    """What to fix, and below it what is only worth a look."""
    pages = {detector.RULE.id: rule_page(detector) for detector in detectors}
    strong = [finding for finding in analysis.findings if finding.level not in (Level.HINT, Level.REFUTED)]
    weak = [finding for finding in analysis.findings if finding.level in (Level.HINT, Level.REFUTED)]
    blocks: list[Block] = [card(finding, pages) for finding in strong[:OPEN_CARDS]]
    if strong[OPEN_CARDS:]:
        rest = tuple(card(finding, pages) for finding in strong[OPEN_CARDS:])
        blocks.append(Fold(f"{len(rest)} more, with less at stake", rest))
    if not strong:
        blocks.append(
            Text(
                "Nothing was found above the thresholds of the rules. "
                "Which rules could look, and which could not, stands further down."
            )
        )
    intro = (
        "Ranked by the share of all server time that is at stake. Savings are not additive: after one fix, run again."
        if strong
        else ""
    )
    found = Section("What to fix", tuple(blocks), intro)
    if not weak:
        return (found,)
    hints = Fold(f"{len(weak)} {'hint' if len(weak) == 1 else 'hints'}", tuple(card(finding, pages) for finding in weak))
    return (found, Section("Worth a look", (hints,), "Seen, but too small or too uncertain to be told as findings."))


def card(finding: Finding, pages: dict[str, str]) -> Card:
    """One finding."""
    badge, meaning = BADGES[finding.level]
    facts = [("how we know", meaning)]
    if finding.call_site:
        facts.insert(0, ("call site", finding.call_site))
    if finding.saving is not None:
        facts.insert(0, ("saving", saving(finding)))
    if finding.share_of_server_time is not None:
        facts.insert(1, ("of all server time", f"up to {show_share(finding.share_of_server_time)}"))
    blocks: list[Block] = [Code(finding.statement, "sql")] if finding.statement else []
    blocks += [table(exhibit) for exhibit in finding.exhibits]
    if finding.rule.id in pages:
        blocks.append(Fold("About this rule", (Text(pages[finding.rule.id]),)))
    return Card(
        id=finding.fingerprint,
        title=finding.rule.title,
        badge=badge,
        mood=mood(finding),
        place=finding.where,
        # The place has a line of its own on a card.
        message=finding.message.removeprefix(f"{finding.where}: "),
        fix=finding.fix or finding.rule.fix,
        facts=tuple(facts),
        blocks=tuple(blocks),
        caveats=tuple(caveat.text for caveat in finding.caveats),
    )


def mood(finding: Finding) -> Mood:
    return "neutral" if finding.level in (Level.HINT, Level.REFUTED) else "warn"


def saving(finding: Finding) -> str:
    """Never promised: up to, with what is sure at least."""
    assert finding.saving is not None
    text = f"up to {show_time(finding.saving)} a request"
    if finding.saving_interval and finding.saving_interval[0] < finding.saving:
        text += f" (at least {show_time(max(0.0, finding.saving_interval[0]))})"
    return text


def rule_page(detector: Detector) -> str:
    """The rule's own page: its module's docstring."""
    return inspect.cleandoc(getattr(detector, "__doc__", "") or "")


def table(exhibit: Exhibit) -> Table:
    """Rows of proof, each column in the unit that its name tells."""
    columns = tuple(
        Column(name.removesuffix("_time").replace("_", " "), unit(name, exhibit.rows[name])) for name in exhibit.rows.columns
    )
    rows = tuple(tuple(cell(value) for value in row) for row in exhibit.rows.head(EXHIBIT_ROWS).iter_rows())
    left = exhibit.rows.height - len(rows)
    return Table(exhibit.title, columns, rows, f"{left} more rows in findings.json" if left > 0 else "")


def unit(name: str, column: pl.Series) -> Unit:
    for ending, kind in UNITS:
        if name.endswith(ending) and (column.dtype.is_numeric() or kind == "code"):
            return kind
    return "number" if column.dtype.is_numeric() else "text"


def cell(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | pl.Series):
        return ", ".join(str(item) for item in value)
    return str(value)
