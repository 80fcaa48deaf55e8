"""What each endpoint asks of its database, one row per endpoint and shape."""

from typing import Final

import polars as pl

from perfkit.measures.calls import Calls, Recorded

COLUMNS: Final = pl.Schema(
    {
        "endpoint": pl.String,
        "shape": pl.UInt32,
        "text": pl.String,
        "verb": pl.String,
        "call_site": pl.String,
        "per_request": pl.Float64,
        "most_per_request": pl.UInt32,
        "requests_share": pl.Float64,
        "mean_time": pl.Float64,
        "total_time": pl.Float64,
        "share": pl.Float64,
        "rows": pl.Float64,
    }
)


def table(measured: Calls, profiled: Calls) -> pl.DataFrame:
    """Most total time first; per_request and requests_share are over the endpoint's traced requests. All by endpoint."""
    all_time = float(measured.traces["wall_time"].sum())
    seen_again = {endpoint: own.statements for endpoint, own in profiled.by_endpoint()}
    found = [
        _of_endpoint(own.statements, seen_again.get(endpoint), own.traces.height)
        .join(measured.shapes.select("shape", "text", "verb"), on="shape", how="left")
        .with_columns(endpoint=pl.lit(endpoint), share=pl.col("total_time") / (all_time or None))
        .select(*COLUMNS)
        for endpoint, own in measured.by_endpoint()
    ]
    rows = pl.concat(found) if found else pl.DataFrame(schema=COLUMNS)
    return rows.sort("total_time", "endpoint", "shape", descending=[True, False, False])


def _of_endpoint(statements: Recorded, profiled: Recorded | None, requests: int) -> pl.DataFrame:
    rows = pl.col("rows")
    # Owners ascend: executions of one request stand together.
    per_owner = pl.col("owner").rle().struct.field("len")
    issued = statements.taken("shape", "call_site", "wall_time", "rows").with_columns(pl.Series("owner", statements.owners))
    return (
        issued.group_by("shape")
        .agg(
            per_request=pl.len() / requests,
            most_per_request=per_owner.max(),
            requests_share=per_owner.len() / requests,
            mean_time=pl.col("wall_time").mean(),
            total_time=pl.col("wall_time").sum(),
            rows=rows.filter(rows >= 0).mean(),
        )
        .join(_call_sites(issued, profiled), on="shape", how="left")
        .with_columns(pl.col("call_site").fill_null(""))
    )


def _call_sites(issued: pl.DataFrame, profiled: Recorded | None) -> pl.DataFrame:
    """shape, call_site: where the shape was most often issued from, of those executions whose stack was walked."""
    phases = [issued] if profiled is None else [issued, profiled.taken("shape", "call_site")]
    return (
        pl.concat([phase.select("shape", "call_site") for phase in phases])
        .lazy()
        .group_by("shape", "call_site")
        .agg(count=pl.len())
        .collect(engine="streaming")
        .with_columns(pl.col("call_site").cast(pl.String))
        .filter(pl.col("call_site") != "")
        .sort("count", "call_site", descending=[True, False])
        .unique("shape", keep="first", maintain_order=True)
        .select("shape", "call_site")
    )
