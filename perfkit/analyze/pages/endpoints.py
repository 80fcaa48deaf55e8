"""Endpoints, response times and where the time goes: the tables and charts that every run has."""

from typing import Any, Final

import numpy as np
import polars as pl

from perfkit.evidence import Interval, Missing, Run
from perfkit.measures.lazy import Measures
from perfkit.page import Band, Block, Chart, Column, Section, Series, Table, Text

# The quantiles of the percentile curve: dense where users complain.
RANKS: Final = (0, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92, 94, 95, 96, 97, 98, 99, 99.5, 99.9)
CURVES: Final = 8
OVER_TIME: Final = (("p50", 0.5), ("p95", 0.95), ("max", 1.0))
PARTS: Final = ("cpu", "database", "pool_wait", "connect", "outbound", "lock", "other")
PART_NAMES: Final = {"cpu": "application CPU", "pool_wait": "pool wait", "other": "other wait"}


def table(measures: Measures) -> Section:
    """One row per endpoint."""
    columns = (
        Column("endpoint", "code"), Column("requests", "number"), Column("errors", "number"),
        Column("offered", "rate"), Column("achieved", "rate"),
        Column("p50", "time"), Column("p95", "time"), Column("p99", "time"), Column("max", "time"),
        Column("server p50", "time"), Column("statements", "number"), Column("bytes", "bytes"), Column("of server time", "share"),
    )  # fmt: skip
    total = measures.server_time_total
    rows = tuple(
        (
            row["endpoint"], row["requests"], row["errors"], row["offered_rate"], row["achieved_rate"],
            row["p50"], row["p95"], row["p99"], row["max"],
            row["server_p50"], row["statements"], row["bytes"], (row["server_total"] or 0.0) / total if total else None,
        )
        for row in measures.endpoints.to_dicts()
    )  # fmt: skip
    note = "Response times are of successful requests, from when they were due; server time is what the application itself took."
    if isinstance(measures.evidence.traces, Missing):
        note += f" Nothing was seen from inside: {measures.evidence.traces.why}."
    return Section("Endpoints", (Table("Endpoints in the measure phase", columns, rows, note),))


def response_times(measures: Measures) -> Section:
    """The percentile curve per endpoint, and the run second by second."""
    return Section("Response times", (percentiles(measures), *over_time(measures)))


def percentiles(measures: Measures) -> Chart:
    series: list[Series] = []
    for endpoint in measures.endpoints["endpoint"].head(CURVES):
        times = measures.response_times.get(endpoint)
        if times is not None and len(times):
            values = np.quantile(times, [rank / 100 for rank in RANKS], method="inverted_cdf")
            series.append(Series(endpoint, tuple(float(rank) for rank in RANKS), tuple(float(value) for value in values)))
    note = f"The {CURVES} endpoints with most server time." if measures.endpoints.height > CURVES else ""
    return Chart(
        "Response time by percentile", "lines", "percentile", "response time", "time", tuple(series), note=note, log_y=True
    )


def over_time(measures: Measures) -> tuple[Chart, ...]:
    """Per second of the whole run: response times, then requests that were due, answered and failed."""
    samples = measures.all_samples
    if samples.is_empty():
        return ()
    due_at, finished_at, quantiles = (
        pl.col("intended_at").floor(),
        pl.col("finished_at").floor(),
        pl.col("response_time").quantile,
    )
    good = samples.lazy().filter("ok").select("response_time", second=due_at)
    times = (
        good.group_by("second").agg(quantiles(rank, "nearest").alias(name) for name, rank in OVER_TIME).sort("second").collect()
    )
    # Streaming: it counts without a copy of the samples.
    answered = samples.lazy().group_by(second=finished_at).agg(answered=pl.len(), failed=(~pl.col("ok")).sum())
    due = samples.lazy().group_by(second=due_at).agg(due=pl.len())
    both = due.join(answered, on="second", how="full", coalesce=True).collect(engine="streaming")
    rates = both.sort("second").fill_null(0)
    return (
        Chart("Response time over the run", "lines", "seconds into the run", "response time", "time",
              tuple(line(times, name) for name in ("p50", "p95", "max")), phases(measures), x_unit="time"),
        Chart("Requests over the run", "steps", "seconds into the run", "requests a second", "rate",
              tuple(line(rates, name) for name in ("due", "answered", "failed")), phases(measures), x_unit="time"),
    )  # fmt: skip


def line(frame: pl.DataFrame, name: str) -> Series:
    return Series(name, tuple(frame["second"].to_list()), tuple(float(value) for value in frame[name].to_list()))


def phases(measures: Measures) -> tuple[Band, ...]:
    return tuple(
        Band(named(interval, measures.run), interval.started_at, interval.finished_at) for interval in measures.run.intervals
    )


def named(interval: Interval, run: Run) -> str:
    """The phase, with the labels that the scenario gave to its stages."""
    stages: list[dict[str, Any]] = run.plan.get("segments", [])
    labels = [str(stage["label"]) for stage in stages if stage.get("phase") == interval.phase and stage.get("label")]
    return f"{interval.phase} ({', '.join(labels)})" if labels else interval.phase


def breakdown(measures: Measures) -> Section:
    """Stacked bars whose parts sum to the server time, and the residual that says how well they do."""
    traces = measures.evidence.traces
    if isinstance(traces, Missing):
        return Section("Where the time goes", (Text(f"Not known: {traces.why}."),))
    frame = measures.breakdown
    names = tuple(frame["endpoint"].to_list())
    series = tuple(
        Series(PART_NAMES.get(part, part), names, tuple(float(value) for value in frame[part].fill_null(0.0).to_list()))
        for part in PARTS
        if float(frame[part].fill_null(0.0).sum()) > 0
    )
    chart = Chart("Mean server time by part", "stacked-bars", "endpoint", "mean server time", "time", series)
    columns = (
        Column("endpoint", "code"), Column("server time", "time"),
        *(Column(PART_NAMES.get(part, part), "time") for part in PARTS),
        Column("residual", "time"), Column("queue before", "time"),
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (row["endpoint"], row["server_time"], *(row[part] for part in PARTS), row["residual"], row["queue"])
        for row in frame.to_dicts()
    ]
    note = (
        "Means per request. Parts are unions of intervals where calls overlap; "
        "what no hook saw (the GIL, the run queue, files) is other wait. "
        "The residual is by how much the parts miss the whole; the queue lies before the application and is not part of it."
    )
    blocks: tuple[Block, ...] = (chart, Table("Means per request", columns, tuple(rows), note))
    return Section("Where the time goes", blocks)
