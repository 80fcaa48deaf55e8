"""The generator second by second, and whether everybody counted the same requests."""

from typing import Final

import polars as pl

from perfkit.counts import Counts
from perfkit.evidence import Evidence, Missing, Run
from perfkit.page import Band, Block, Cell, Chart, Column, Series, Table, Text

# More processes than this make no picture that a person can read: the largest of each second stands for all.
_MOST: Final = 4


def blocks(evidence: Evidence, compared: Counts) -> tuple[Block, ...]:
    """Charts of lateness and of what was used up, a row for each thing that can run out, and the counts."""
    counted = counts(compared)
    if isinstance(evidence.generator, Missing):
        return (Text(f"The generator second by second: {evidence.generator.why}."), *counted)
    table = evidence.generator.sort("at")
    bands = tuple(Band(interval.phase, interval.started_at, interval.finished_at) for interval in evidence.run.intervals)
    return (lateness(table, bands), use(table, bands), extremes(table, evidence.run), *counted)


def lateness(table: pl.DataFrame, bands: tuple[Band, ...]) -> Chart:
    return Chart(
        title="How late the generator was, second by second",
        kind="lines",
        x_title="seconds",
        y_title="late by",
        y_unit="time",
        series=(
            *lines(table, "sends, p99", pl.col("lag_p99")),
            *lines(table, "sends, latest", pl.col("lag_max")),
            *lines(table, "its loop, latest", pl.col("loop_max")),
        ),
        bands=bands,
        note="Sends are the arrivals of open load, by when they left. The loop's lateness is in every answer's time.",
    )


def use(table: pl.DataFrame, bands: tuple[Band, ...]) -> Chart:
    return Chart(
        title="What the generator used of what it had, second by second",
        kind="lines",
        x_title="seconds",
        y_title="share in use",
        y_unit="share",
        series=(
            *lines(table, "CPU", pl.col("cpu")),
            *lines(table, "file descriptors", share("files")),
            *lines(table, "local ports", share("ports")),
            *lines(table, "users of max_in_flight", share("in_flight")),
        ),
        bands=bands,
    )


def share(name: str) -> pl.Expr:
    """Null where there is no limit, or none is known."""
    return pl.when((pl.col(f"{name}_limit") > 0) & (pl.col(name) >= 0)).then(pl.col(name) / pl.col(f"{name}_limit"))


def lines(table: pl.DataFrame, name: str, value: pl.Expr) -> list[Series]:
    """One for each process; none where nothing was measured."""
    frame = table.select("at", "worker", value=value)
    workers = frame["worker"].unique().sort().to_list()
    if len(workers) > _MOST:
        frame = frame.group_by(pl.col("at").round(), maintain_order=True).agg(pl.col("value").max(), worker=pl.lit(0))
        workers = [0]
    found: list[Series] = []
    for worker in workers:
        of_worker = frame.filter(pl.col("worker") == worker)
        if of_worker["value"].count():
            called = name if len(workers) == 1 else f"{name}, process {worker}"
            found.append(Series(called, tuple(of_worker["at"].to_list()), tuple(of_worker["value"].to_list())))
    return found


def extremes(table: pl.DataFrame, run: Run) -> Table:
    """The most of each thing in the measure phase, and how many seconds had it."""
    measured = table.filter(pl.col("phase") == "measure") if run.interval("measure") else table
    rows: list[tuple[Cell, ...]] = [
        ("file descriptors", most(measured, "files"), limit(measured, "files")),
        ("local ports towards the target, at most", most(measured, "ports"), limit(measured, "ports")),
        ("users with a flow in hand", most(measured, "in_flight"), limit(measured, "in_flight")),
        ("arrivals that waited for a free user", most(measured, "backlog"), None),
        ("dropped arrivals in a second", most(measured, "dropped"), None),
        ("reconnects in a second", most(measured, "reconnects"), None),
    ]
    columns = (Column("in the measure phase"), Column("most", "number"), Column("limit", "number"))
    return Table("What could run out", columns, tuple(rows) if measured.height else ())


def most(table: pl.DataFrame, name: str) -> int | None:
    """None where the kernel did not tell."""
    value = table[name].max()
    return int(value) if isinstance(value, int) and value >= 0 else None


def limit(table: pl.DataFrame, name: str) -> int | None:
    """None without a limit."""
    value = table[f"{name}_limit"].max()
    return int(value) if isinstance(value, int) and value > 0 else None


def counts(found: Counts) -> tuple[Block, ...]:
    rows = tuple(
        (
            str(line.worker),
            line.phase,
            None if isinstance(line.counted, Missing) else line.counted,
            line.rows,
            line.answered,
            None if isinstance(line.seen, Missing) else line.seen,
        )
        for line in found.lines
    )
    columns = (
        *(Column("generator process"), Column("phase"), Column("counted by the generator", "number")),
        *(Column("on record", "number"), Column("answered", "number"), Column("seen by the probe", "number")),
    )
    return (Table("Requests as each side counted them", columns, rows, note=verdict(found)),)


def verdict(found: Counts) -> str:
    """What does not agree, else that it does; and what could not be counted."""
    agreed = "Every count agrees" if not found.uncounted else "What could be compared agrees"
    said = "; ".join(found.mismatches) or agreed
    unknown = f" Not counted: {'; '.join(found.uncounted)}." if found.uncounted else ""
    failed = sum(line.unanswered for line in found.lines)
    without = f" {failed} failed before an answer came and need not have reached the target." if failed else ""
    return f"{said}.{without}{unknown}"
