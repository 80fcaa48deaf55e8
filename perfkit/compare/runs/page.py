"""What the report says of two runs on record: first of all that they are two runs, and what that leaves to be said."""

from dataclasses import replace
from typing import Final

from perfkit.compare.comparison import Comparison
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.pages import changes, endpoints, verdict, words
from perfkit.compare.pages.page import checks
from perfkit.compare.runs.judge import is_open_for_good
from perfkit.compare.runs.times import BETWEEN_RUNS, Figure
from perfkit.compare.subject import Subject
from perfkit.page import Block, Chart, Column, Fold, Page, Section, Series, Table, Text
from perfkit.units import show_share, show_time
from perfkit.version import VERSION

MOST: Final = 12  # endpoints that are drawn
APART: Final = (
    "These are two separate runs on a machine that drifts: two runs of one version may differ by "
    f"{show_share(BETWEEN_RUNS)}, so a smaller change of times is called nothing. What was counted is exact all the same."
)


def page(comparison: Comparison, subject: Subject, figures: tuple[Figure, ...]) -> Page:
    """The whole report as plain data."""
    return Page(
        title=f"{subject.scenario}: {subject.base.title} against {subject.head.title}",
        subtitle=f"{subject.id} · {subject.started_at}",
        verdict=sentence(comparison, subject),
        mood=words.MOODS[comparison.answer.value],
        reasons=(APART, *verdict.reasons(comparison, subject)),
        sections=(
            Section("At a glance", (verdict.figures(comparison),)),
            changes.section(comparison),
            _endpoints(comparison),
            _evidence(figures),
            _method(comparison, subject),
        ),
        checks=tuple(checks(comparison)),
        footer=f"perfkit {VERSION}. Changes are head's above the base's; intervals hold the noise between two runs.",
    )


def sentence(comparison: Comparison, subject: Subject) -> str:
    """As of any comparison; but what two runs cannot show, no longer runs will."""
    if not is_open_for_good(comparison):
        return verdict.sentence(comparison, subject)
    counted = "what could be counted did not get worse" if comparison.counted else "nothing that could be counted changed"
    return f"Inconclusive: {counted}, and times of two separate runs show no change below {show_share(BETWEEN_RUNS)}"


def _endpoints(comparison: Comparison) -> Section:
    """Without the charts and columns that are of pairs."""
    section = endpoints.section(comparison)
    note = f"A change is head's time above the base's. Every interval holds {show_share(BETWEEN_RUNS)} of noise between two runs."
    return replace(section, intro=note)


def _evidence(figures: tuple[Figure, ...]) -> Section:
    typical = [one for one in figures if one.metric == SERVER_TIME]
    folds: tuple[Block, ...] = tuple(
        Fold(one.endpoint, (_levels(one),), open=place == 0) for place, one in enumerate(typical[:MOST])
    )
    return Section("Evidence", folds or (Text("No times were compared."),))


def _levels(figure: Figure) -> Chart:
    series = tuple(
        Series(name, tuple(float(at) for at in levels.at), tuple(float(time) for time in levels.times))
        for name, levels in (("base", figure.base), ("head", figure.head))
    )
    return Chart(
        "Typical request, block by block", "lines", "since the measure phase began", "median", "time", series, x_unit="time",
        note="Both runs drawn over each other: they were not at the same time. A block is a second or a few of requests.",
    )  # fmt: skip


def _method(comparison: Comparison, subject: Subject) -> Section:
    rules = comparison.settings.rules
    rows = (
        ("base", subject.base.title), ("head", subject.head.title), ("scenario", subject.scenario),
        ("measured, both together", show_time(comparison.lasted)), ("gate", ", ".join(sorted(comparison.settings.gate))),
        ("margin", show_share(rules.margin)), ("noise between runs", show_share(BETWEEN_RUNS)),
        ("chance of any false alarm", show_share(rules.alpha)),
    )  # fmt: skip
    text = Text(
        "Nothing was run. Counters are compared where all requests of a step share one number in either run. Times are summed up "
        "second by second; the standard error of each run comes from resampling stretches of its seconds, and every interval is "
        f"widened by {show_share(BETWEEN_RUNS)}, by which two runs of one version may differ. {verdict.INSTEAD}."
    )
    return Section("How it was compared", (Table("Conditions", (Column("what"), Column("value")), rows), text))
