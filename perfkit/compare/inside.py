"""What the probe saw of one version's requests: statements, rows, connects and waits, by the ids that they were sent with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.collectors import probe_files, probe_processes
from perfkit.compare.standing import Side
from perfkit.evidence import Missing
from perfkit.measures import frames
from perfkit.probe import records
from perfkit.schemas import SHAPES, STATEMENTS, TRACES, WAITS

# Waits for a turn, which contention makes longer; connects and outbound calls wait for somebody else's work.
TURNS: Final = ("pool_wait", "lock", "thread_pool")
COUNTED: Final = pl.Schema(
    {"id": pl.UInt64(), "calls": pl.Int64(), "allocated": pl.Int64(), "peak": pl.Int64(), "kept": pl.Int64()}
)


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Tables as in perfkit.schemas, empty when nothing was seen; `blind` says why nothing could be."""

    traces: pl.DataFrame
    statements: pl.DataFrame
    shapes: pl.DataFrame
    waits: pl.DataFrame
    blind: str = ""


def read(side: Side) -> Inside:
    """Everything so far, the last request included."""
    side.traces()  # what is still on its way to the disk is waited for
    tables = probe_files.read(side.directory, 0.0, ())
    blind = tables.traces.why if isinstance(tables.traces, Missing) else ""
    return Inside(
        traces=frames.present(tables.traces, TRACES),
        statements=frames.present(tables.statements, STATEMENTS),
        shapes=frames.present(tables.shapes, SHAPES),
        waits=frames.present(tables.waits, WAITS),
        blind=blind,
    )


def of_bursts(bursts: pl.DataFrame, side: str, ids: Sequence[Sequence[int]], seen: Inside) -> pl.DataFrame:
    """The bursts with what one version's traces say of each; null where not every request of the burst has one."""
    waits = seen.waits.filter(pl.col("kind").cast(pl.String).is_in(TURNS)).group_by("trace").agg(waits=pl.col("wall_time").sum())
    requests = seen.traces.select("trace", "id", "wall_time", "statements").unique("id", keep="last")
    known = requests.join(waits, on="trace", how="left").with_columns(pl.col("waits").fill_null(0.0))
    members = pl.DataFrame(
        {"burst": range(len(ids)), "id": [list(of) for of in ids]}, schema={"burst": pl.UInt32, "id": pl.List(pl.UInt64)}
    )
    summed = (
        members.explode("id")
        .join(known, on="id", how="left")
        .group_by("burst")
        .agg(
            whole=pl.col("trace").is_not_null().all(),
            server=pl.col("wall_time").median(),
            statements=pl.col("statements").sum().cast(pl.UInt32),
            waits=pl.col("waits").sum(),
        )
        .sort("burst")
    )
    columns = [pl.when(pl.col("whole")).then(pl.col(name)).alias(f"{side}_{name}") for name in ("server", "statements", "waits")]
    return bursts.with_columns(*summed.select(columns).get_columns())


def counted(side: Side) -> pl.DataFrame:
    """What the probe counted in COUNT mode, by the requests' ids; null where it could not."""
    rows = [
        {key: event.get(key) if isinstance(event.get(key), int) else None for key in COUNTED}
        for process in probe_processes.read(side.directory.probe)
        for event in process.events.of(records.EVENT_COUNTED)
    ]
    table = pl.DataFrame([list(row.values()) for row in rows], schema=COUNTED, orient="row")
    known = pl.col("calls", "allocated", "peak")
    return table.with_columns(pl.when(known >= 0).then(known)).unique("id", keep="last")


def per_request(seen: Inside) -> pl.DataFrame:
    """Statements, rows, connects and outbound calls of each request."""
    fetched = seen.statements.filter(pl.col("rows") >= 0).group_by("trace").agg(rows=pl.col("rows").cast(pl.Int64).sum())
    kind = pl.col("kind").cast(pl.String)
    waits = seen.waits.group_by("trace").agg(
        connects=(kind == "connect").sum().cast(pl.Int64), outbound=(kind == "outbound").sum().cast(pl.Int64)
    )
    return (
        seen.traces.filter(pl.col("id") != 0)
        .select("trace", "id", pl.col("statements").cast(pl.Int64))
        .unique("id", keep="last")
        .join(fetched, on="trace", how="left")
        .join(waits, on="trace", how="left")
        .with_columns(pl.col("rows", "connects", "outbound").fill_null(0))
        .drop("trace")
    )


def issued(seen: Inside) -> pl.DataFrame:
    """Each statement with the id of its request, its text and the place that issued it."""
    ids = seen.traces.select("trace", "id")
    return (
        seen.statements.select("trace", "shape", pl.col("call_site").cast(pl.String))
        .join(ids, on="trace", how="inner")
        .join(seen.shapes, on="shape", how="left")
        .select("id", "text", pl.col("call_site").str.split("\n").list.first().fill_null("").alias("site"))
    )
