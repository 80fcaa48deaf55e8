"""history.json: the History written down for machines; its keys may grow, and change only with the format number."""

import json
from dataclasses import asdict
from typing import Any, Final

from perfkit.compare.comparison import as_shares, share
from perfkit.compare.contract import ends, number
from perfkit.compare.history.counts import Track
from perfkit.compare.history.history import History
from perfkit.compare.history.series import Point
from perfkit.compare.history.trend import ChangePoint, Trend, regressed
from perfkit.evidence import Missing
from perfkit.stats.change_points import Segment

FORMAT: Final = 1


def written(history: History, exit_code: int) -> str:
    """The file's text."""
    return json.dumps(content(history, exit_code), indent=1, allow_nan=False)


def content(history: History, exit_code: int) -> dict[str, Any]:
    """Changes are shares of the newest anchor's time: 0.03 is 3 % slower."""
    places = history.order.places
    return {
        "format": FORMAT,
        "scenario": history.scenario, "metric": history.metric, "margin": history.margin, "exit_code": exit_code,
        "order": "time" if isinstance(places, Missing) else "repository",
        "anchors": [{"commit": link.base, "label": link.label, "comparisons": len(link.entries)} for link in history.links],
        "regressed": [one.series.endpoint for one in history.regressed],
        "series": [series(one, history.margin) for one in history.trends],
        "change_points": [change_point(one) for one in history.changes],
        "counters": [counter(one) for one in history.tracks],
        "runs": [asdict(run) for run in history.runs],
        "left_out": list(history.left_out), "unread": list(history.unread),
    }  # fmt: skip


def series(trend: Trend, margin: float) -> dict[str, Any]:
    """Of one endpoint; a series that was cut has another one after it."""
    one, steps = trend.series, trend.steps
    return {
        "endpoint": one.endpoint, "anchor": one.anchor.base, "cut": one.cut,
        "points": [point(single, variance) for single, variance in zip(one.points, trend.variances, strict=True)],
        "between_comparisons": number(trend.extra),
        "too_short": steps.why if isinstance(steps, Missing) else "",
        "segments": [segment(single, trend) for single in trend.segments],
        "newest": {"change": number(trend.newest.value), "interval": ends(trend.newest), "regressed": regressed(trend, margin)},
    }  # fmt: skip


def point(one: Point, variance: float) -> dict[str, Any]:
    return {
        "commit": one.commit, "change": number(share(one.change)), "standard_error": number(one.variance**0.5),
        "standard_error_with_scatter": number(variance**0.5), "comparisons": len(one.entries),
        "noise": one.entries[-1].noise, "started_at": one.entries[-1].started_at,
    }  # fmt: skip


def segment(one: Segment, trend: Trend) -> dict[str, Any]:
    points, level = trend.series.points, as_shares(one.level)
    return {
        "from": points[one.start].commit, "to": points[one.stop - 1].commit, "points": one.stop - one.start,
        "change": number(level.value), "interval": ends(level),
    }  # fmt: skip


def change_point(one: ChangePoint) -> dict[str, Any]:
    """Not more precise than the data: it happened after `after`, and not later than `until`."""
    return {
        "endpoint": one.endpoint, "change": number(one.size.value), "interval": ends(one.size), "p": one.p,
        "near": one.near.commit, "after": one.after.commit, "until": one.until.commit, "among": one.among,
        "doubts": list(one.doubts),
    }  # fmt: skip


def counter(one: Track) -> dict[str, Any]:
    return {
        "endpoint": one.endpoint, "counter": one.counter,
        "values": [{"commit": commit, "value": value} for commit, value in zip(one.commits, one.values, strict=True)],
        "steps": [asdict(step) for step in one.steps],
    }  # fmt: skip
