"""What history.html says, from the newest level down to how it was judged."""

from collections.abc import Iterator

from perfkit.compare.history.history import History
from perfkit.compare.history.pages import changes, series, words
from perfkit.compare.history.trend import Trend
from perfkit.compare.metric import EVERY
from perfkit.evidence import Missing
from perfkit.page import Block, Chart, Check, Column, Figure, Figures, Mood, Page, Section, Series, Table, Text
from perfkit.stats.change_points import ALPHA, FEWEST
from perfkit.units import show_number, show_share
from perfkit.version import VERSION


def page(history: History) -> Page:
    """The whole report as plain data."""
    sections = (_glance(history), changes.section(history), series.section(history), changes.counters(history))
    return Page(
        title=f"{history.scenario}: history of {history.metric.replace('_', ' ')}",
        subtitle=f"{_count(len(_commits(history)), 'commit')} against {words.anchors(history.links)}, {history.order.said}",
        verdict=verdict(history),
        mood=_mood(history),
        reasons=tuple(_reasons(history)),
        sections=(*sections, *_runs(history), _method(history)),
        checks=tuple(_checks(history)),
        footer=f"perfkit {VERSION}. Changes are above the newest anchor's; 95 % intervals.",
    )


def verdict(history: History) -> str:
    """The newest code first: that is what somebody can still change."""
    slower = list(history.regressed)
    if slower:
        said = "; ".join(f"{one.series.endpoint} {words.shares(one.newest)}" for one in slower[:3])
        more = f"; and {len(slower) - 3} more" if len(slower) > 3 else ""  # noqa: PLR2004  as many as were named
        return f"Slower than {slower[0].series.anchor.shown} by more than {show_share(history.margin)}: {said}{more}"
    if not history.trends:
        return "No ratios to an anchor yet: only a release that several commits were compared with makes a series"
    anchor = history.newest[0].series.anchor.shown if history.newest else words.anchors(history.links)
    return f"Nothing is known to be slower than {anchor} by more than {show_share(history.margin)}"


def _mood(history: History) -> Mood:
    if history.regressed:
        return "bad"
    return "good" if history.trends else "warn"


def _reasons(history: History) -> Iterator[str]:
    for one in history.changes[:3]:
        yield f"{one.endpoint} became {words.direction(one)}, {words.shares(one.size)}, {words.place(one)}"
    if len(history.changes) > 3:  # noqa: PLR2004  as many as were named
        yield f"{len(history.changes) - 3} more change points are in the report"
    short = {trend.steps.why for trend in history.trends if isinstance(trend.steps, Missing)}
    yield from (f"no change points of such a series: {why}" for why in sorted(short))
    yield from (f"the series is cut: {cut}" for cut in dict.fromkeys(trend.series.cut for trend in history.trends) if cut)
    yield from history.left_out
    yield from (f"not read: {why}" for why in history.unread)


def _glance(history: History) -> Section:
    newest = [_figure(trend, history) for trend in history.newest if trend.series.endpoint == EVERY]
    slower = sum(one.is_slower for one in history.changes)
    faster = len(history.changes) - slower
    steps = sum(len(track.steps) for track in history.tracks)
    return Section(
        "At a glance",
        (
            Figures(
                (
                    *(newest or [_figure(trend, history) for trend in history.newest[:1]]),
                    Figure("endpoints slower now", str(len(history.regressed)), "bad" if history.regressed else "good",
                           f"than the anchor, by more than {show_share(history.margin)}"),
                    Figure("became slower", str(slower), "warn" if slower else "neutral", "change points"),
                    Figure("became faster", str(faster), "good" if faster else "neutral", "change points"),
                    Figure("exact steps", str(steps), note="of counters"),
                    Figure("commits", str(len(_commits(history)))),
                )
            ),
        ),
    )  # fmt: skip


def _figure(trend: Trend, history: History) -> Figure:
    mood: Mood = "bad" if trend in history.regressed else "neutral"
    return Figure("newest level", words.shares(trend.newest), mood, trend.series.endpoint)


def _runs(history: History) -> Iterator[Section]:
    """Absolute figures, which carry every day's weather."""
    runs = history.runs
    if not runs:
        return
    fit = [run for run in runs if run.validity == "valid"]
    endpoints = dict.fromkeys(endpoint for run in fit for endpoint in run.medians)
    chart = Chart(
        "Median time in runs", "lines", "run", "median", "time",
        tuple(
            Series(name, tuple(map(float, range(len(fit)))), tuple(run.medians.get(name) for run in fit)) for name in endpoints
        ),
        x_names=tuple(f"{words.commit(run.commit) or 'nogit'}{'+' if run.dirty else ''}" for run in fit),
        note="Weaker: times of one machine's day, which differ by 10 to 26 % with nothing changed. No verdict rests on them.",
    )  # fmt: skip
    rows = tuple((run.id, words.commit(run.commit), run.started_at, run.validity) for run in runs)
    columns = (Column("run", "code"), Column("commit", "code"), Column("started at"), Column("validity"))
    blocks: tuple[Block, ...] = (*((chart,) if fit else ()), Table("Runs", columns, rows))
    yield Section("Absolute figures of runs", blocks, "By time; never mixed with ratios. “+” is a working tree with changes.")


def _method(history: History) -> Section:
    columns = (
        Column("of", "code"),
        Column("anchor"),
        Column("commits", "number"),
        Column("between comparisons", "share"),
        Column("cut"),
    )
    rows = tuple(
        (one.series.endpoint, one.series.anchor.shown, len(one.series.points), one.extra, one.series.cut)
        for one in history.trends
    )
    text = Text(
        "Each commit counts by the inverse of its variance: that of its own comparison and what comparisons differ by beyond "
        "it (Paule and Mandel, from neighbours). Levels are found by PELT; its penalty, and the test of each change, allow a "
        f"chance of {show_share(ALPHA)} of any false change point over all series together. A series of fewer than {FEWEST} "
        "commits shows none, and neither does a single commit that stands out: that is what perfkit compare judges."
    )
    return Section("How it was judged", (Table("Series", columns, rows), text))


def _checks(history: History) -> Iterator[Check]:
    for trend in history.newest:
        slower = trend in history.regressed
        yield Check(
            f"{trend.series.endpoint}: newest level", "comparison", "failed" if slower else "passed", words.shares(trend.newest)
        )


def _commits(history: History) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.commit for entry in history.entries))


def _count(number: int, noun: str) -> str:
    return f"{show_number(number)} {noun}{'' if number == 1 else 's'}"
