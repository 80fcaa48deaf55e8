"""The change points: a card for each, and all of them as a table; then what was counted, step by step."""

import hashlib
from collections.abc import Iterator

from perfkit.compare.history.counts import Track
from perfkit.compare.history.history import History
from perfkit.compare.history.pages import words
from perfkit.compare.history.trend import ChangePoint
from perfkit.evidence import Missing
from perfkit.page import Card, Code, Column, Section, Table, Text
from perfkit.units import show_number


def section(history: History) -> Section:
    """Cards for the newest code's endpoints, the table for all."""
    if not history.changes:
        return Section("Change points", (Text(_none(history)),))
    cards = tuple(_card(one) for one in history.changes)
    return Section(
        "Change points", (_table(history), *cards), "The newest first. A place is never told more precisely than the data."
    )


def counters(history: History) -> Section:
    """Exact, so a step of one is a step."""
    if not history.tracks:
        return Section("Exact counters", (Text("No counter was ever seen to differ from the anchor's."),))
    columns = (
        Column("of", "code"), Column("counter"), Column("commit by commit", "code"), Column("first", "number"),
        Column("newest", "number"), Column("steps"),
    )  # fmt: skip
    rows = tuple(
        (track.endpoint, track.counter, words.sparkline(track.values), *_ends(track), "; ".join(_steps(track)))
        for track in history.tracks
    )
    note = f"Heights are by rank. “{words.UNKNOWN}” was not counted. At most the last {words.LONGEST} commits are drawn."
    return Section("Exact counters", (Table("Counters that changed", columns, rows, note),))


def _none(history: History) -> str:
    short = [one for one in history.trends if isinstance(one.steps, Missing)]
    if not history.trends:
        return "No series, so no change point."
    if len(short) == len(history.trends):
        return f"None can be told yet: {short[0].steps.why}." if isinstance(short[0].steps, Missing) else ""
    return "None: at a chance of 1 % of any false one over all endpoints, no level differs from the one before it."


def _card(one: ChangePoint) -> Card:
    title = f"{one.endpoint} became {words.direction(one)}"
    until = f"git log --oneline {words.commit(one.after.commit)}..{words.commit(one.until.commit)}"
    return Card(
        id=hashlib.sha256(f"{one.endpoint}\0{one.near.commit}".encode()).hexdigest()[:12],
        title=title,
        badge=words.direction(one),
        mood="bad" if one.is_slower else "good",
        place=one.endpoint,
        message=f"{words.shares(one.size)} {words.place(one)}",
        fix="",
        facts=(),
        blocks=(Code(until),),
        caveats=one.doubts,
    )


def _table(history: History) -> Table:
    columns = (
        Column("of", "code"), Column("change", "change"), Column("from", "change"), Column("to", "change"),
        Column("near", "code"), Column("after", "code"), Column("not later than", "code"), Column("commits", "number"),
        Column("p", "number"),
    )  # fmt: skip
    rows = tuple(
        (
            one.endpoint, one.size.value, one.size.low, one.size.high, words.commit(one.near.commit),
            words.commit(one.after.commit), words.commit(one.until.commit), one.among, one.p,
        )
        for one in history.changes
    )  # fmt: skip
    note = "Sizes with 95 % intervals, places with 95 % confidence; p is of any such step in any series where there is none."
    return Table("Change points", columns, rows, note)


def _ends(track: Track) -> tuple[float | None, float | None]:
    known = [value for value in track.values if value is not None]
    return known[0], known[-1]


def _steps(track: Track) -> Iterator[str]:
    for step in track.steps[-3:]:
        yield f"{show_number(step.before)} → {show_number(step.now)} after {words.commit(step.after)}, at {words.commit(step.at)}"
