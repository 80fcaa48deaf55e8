"""What the report of a search says: the commit, how likely it is, and every probe that led there."""

from collections.abc import Iterator
from typing import Final

from perfkit.compare.bisect import words
from perfkit.compare.bisect.answer import Answer, Verdict
from perfkit.compare.bisect.search import SURE
from perfkit.compare.comparison import share
from perfkit.compare.sources import SHORT
from perfkit.page import Block, Card, Cell, Chart, Column, Figure, Figures, Mood, Page, Section, Series, Table, Text
from perfkit.units import show_share, show_time
from perfkit.version import VERSION

MOST_SUSPECTS: Final = 20
COUNTED: Final = (
    "A counter is exact: the commit in the middle of what was left was counted against GOOD, again and again, until one was left."
)
TIMED: Final = (
    "Each probe alternates GOOD with one commit, as perfkit compare does. Two things are unknown: where the step is (every "
    "commit of the first-parent line is equally likely beforehand) and how large it is. A probe is Gaussian, with the error that "
    "it measured and 0.6 % of bias per start of a process. The next commit is the one that is expected to leave least doubt; "
    "99 % ends the search."
)


def page(answer: Answer, name: str, scenario: str) -> Page:
    """The whole report as plain data."""
    return Page(
        title=f"{scenario}: {answer.line.good.shown} to {answer.line.bad.shown}",
        subtitle=name,
        verdict=words.verdict(answer),
        mood=mood(answer),
        reasons=tuple(reasons(answer)),
        sections=tuple(_sections(answer)),
        footer=f"perfkit {VERSION}. Changes are of a commit above GOOD; intervals hold at 95 %.",
    )


def mood(answer: Answer) -> Mood:
    """A commit that made it worse is a problem found; one that made it better is none."""
    if answer.verdict is Verdict.OPEN:
        return "warn"
    if answer.top is None or answer.verdict is Verdict.NOTHING:
        return "neutral"
    worse = answer.sought.bad > answer.sought.good if answer.sought is not None else answer.top.size.value > 0
    return "bad" if worse else "good"


def reasons(answer: Answer) -> Iterator[str]:
    """Doubts, and what else there is to know about the answer."""
    yield from _steps(answer)
    for commit in answer.culprits if answer.verdict is Verdict.FOUND else ():
        if commit.is_merge:
            branch = commit.parents[1][:SHORT]
            yield f"{commit.short} is a merge of {branch}: `perfkit bisect` from where that branch began to {branch} looks inside"
    undone = answer.line.between - len(answer.line.commits)
    if undone:
        yield f"{words.commits(undone)} changed nothing in the end (same content before and after), and cannot have brought it"
    differing = sorted({one.endpoint for one in answer.changes if one.is_of_answers})
    if differing and (answer.sought is None or answer.sought.counter not in {"body", "status", "exists"}):
        yield f"GOOD and BAD do not answer alike ({', '.join(differing)}); `--by body` searches for the commit that changed that"
    yield from answer.caveats


def _steps(answer: Answer) -> Iterator[str]:
    if not answer.is_widened:
        return
    if answer.sought is not None:
        yield "some commits have neither GOOD's count nor BAD's: of several steps, the one across the middle is named"
    elif answer.inflation > 1:
        yield (
            "neither one step nor two explain the probes (a drift, many steps, or a machine that is noisier than it looks): "
            f"all errors are taken {answer.inflation:.2g} times as large, and the answer is as uncertain as that"
        )
    else:
        yield (
            "a probe lay neither at GOOD's level nor at BAD's, so two steps are thought of: a second one has a probability of "
            f"{show_share(answer.doubles)}, and the larger one is named"
        )


def _sections(answer: Answer) -> Iterator[Section]:
    yield Section("At a glance", (_figures(answer), *_commits(answer)))
    if answer.suspects:
        yield Section("Where the step lies", tuple(_suspects(answer)))
    yield Section("Probes", tuple(_probes(answer)))
    if answer.failed:
        yield Section("What could not be probed", (_failed(answer),))
    if answer.line.commits:
        yield Section("How it was searched", (Text(TIMED if answer.sought is None else COUNTED),))


def _figures(answer: Answer) -> Figures:
    top = answer.top
    shown = [Figure("commits", str(len(answer.line.commits)), note="that may have brought it")]
    if answer.sought is not None:
        shown.append(Figure(answer.sought.counter, words.levels(answer.sought), note=answer.sought.endpoint))
    elif top is not None:
        shown.append(Figure("step", words.changed(top.size), note=words.figure(answer.endpoint, answer.metric)))
        shown.append(Figure("probability", words.probability(top.probability), "neutral" if top.probability >= SURE else "warn"))
    old = len(answer.made) - answer.measured
    shown.append(Figure("probes", str(len(answer.made)), note=f"{old} from before" if old else ""))
    shown.append(Figure("took", show_time(answer.lasted), note="building and starting included"))
    return Figures(tuple(shown))


def _commits(answer: Answer) -> Iterator[Block]:
    """What was found: one card, or one for each commit that cannot be told apart."""
    if answer.verdict not in {Verdict.FOUND, Verdict.RANGE} or answer.top is None:
        return
    for one in answer.culprits[:MOST_SUSPECTS]:
        yield Card(
            id=one.hash[:12],
            title=one.shown,
            badge="found" if answer.verdict is Verdict.FOUND else "one of them",
            mood=mood(answer),
            place=answer.sought.endpoint if answer.sought is not None else answer.endpoint,
            message=words.came(answer, answer.top),
            fix=f"Look at what it changed: git show {one.short}",
            facts=(("commit", one.hash), ("authored", one.authored_at)),
        )


def _suspects(answer: Answer) -> Iterator[Block]:
    likely = answer.suspects[:MOST_SUSPECTS]
    if len(answer.suspects) > 1 and answer.sought is None:
        oldest_first = sorted(likely, key=lambda one: one.start)
        names = tuple(answer.line.at(one.end).short for one in oldest_first)
        series = Series("probability", names, tuple(one.probability for one in oldest_first))
        yield Chart("Probability of each commit", "bars", "commit", "probability", "share", (series,), note="Oldest first.")
    columns = (
        Column("commit", "code"), Column("subject"), Column("authored"), Column("probability", "share"), Column("step", "change"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in likely:
        last = answer.line.at(one.end)
        named = last.short if one.start == one.end else f"{answer.line.at(one.start).short} to {last.short}"
        rows.append((named, last.subject, last.authored_at, one.probability, share(one.size.value)))
    shown = 5 if answer.sought is None else 4
    yield Table("Suspects, likeliest first", columns[:shown], tuple(row[:shown] for row in rows))
    if len(answer.entropies) > 1:
        doubt = Series("doubt", tuple(float(number) for number in range(len(answer.entropies))), answer.entropies)
        note = "A bit is one halving of the commits in question. It rises where a probe surprises."
        yield Chart("Doubt that was left", "lines", "probes of the search", "bits", "number", (doubt,), note=note)


def _probes(answer: Answer) -> Iterator[Block]:
    if not answer.made:
        yield Text("None was needed, or none was finished.")
    elif answer.sought is None:
        levels = [words.level(one) for one in answer.made]
        series = Series(
            "probe", tuple(float(one.place) for one in answer.made), tuple(one.value for one in levels),
            tuple(one.low for one in levels), tuple(one.high for one in levels),
        )  # fmt: skip
        after = f", from it on about {words.changed(answer.whole)}." if answer.whole is not None else "."
        note = f"Each commit alternated with GOOD. Before the step they lie about 0{after}"
        title = "Probes along the line of commits"
        yield Chart(title, "intervals", "commit, GOOD is 0", "commit to GOOD", "change", (series,), note=note)
        measured = (Column("change", "change"), Column("from", "change"), Column("to", "change"))
        yield _table(answer, measured, [(one.value, one.low, one.high) for one in levels])
    else:
        yield _table(answer, (Column(answer.sought.counter, "number"),), [(one.value,) for one in answer.made])


def _table(answer: Answer, measured: tuple[Column, ...], values: list[tuple[Cell, ...]]) -> Table:
    columns = (
        Column("place", "number"),
        Column("commit", "code"),
        Column("subject"),
        *measured,
        Column("took", "time"),
        Column("note"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one, value in zip(answer.made, values, strict=True):
        commit = answer.line.at(one.place)
        note = "; ".join((*(["from before"] if one.is_old else []), *(["at neither level"] if one.is_odd else []), *one.told))
        rows.append((one.place, commit.short, commit.subject, *value, one.lasted, note))
    return Table("In the order in which they were made", columns, tuple(rows))


def _failed(answer: Answer) -> Table:
    columns = (Column("commit", "code"), Column("subject"), Column("why"))
    rows = tuple((answer.line.at(place).short, answer.line.at(place).subject, why) for place, why in answer.failed)
    return Table(
        "Skipped", columns, rows, "They may be the culprit all the same: then the answer names them with their neighbours."
    )
