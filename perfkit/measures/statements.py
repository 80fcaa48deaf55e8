"""What each endpoint asks of its database, one row per endpoint and shape."""

from collections.abc import Mapping
from typing import Final

import polars as pl

COLUMNS: Final = pl.Schema(
    {
        "endpoint": pl.String,
        "shape": pl.UInt32,
        "text": pl.String,
        "verb": pl.String,
        "call_site": pl.String,
        "per_request": pl.Float64,
        "requests_share": pl.Float64,
        "mean_time": pl.Float64,
        "total_time": pl.Float64,
        "share": pl.Float64,
        "rows": pl.Float64,
    }
)


def table(
    statements: Mapping[str, pl.DataFrame], profiled: Mapping[str, pl.DataFrame], traces: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Most total time first; per_request and requests_share are over the endpoint's traced requests. All by endpoint."""
    all_time = sum(float(rows["wall_time"].sum()) for rows in traces.values())
    found = [
        _of_endpoint(rows, profiled.get(endpoint), traces[endpoint].height)
        .with_columns(endpoint=pl.lit(endpoint), share=pl.col("total_time") / (all_time or None))
        .select(*COLUMNS)
        for endpoint, rows in statements.items()
    ]
    rows = pl.concat(found) if found else pl.DataFrame(schema=COLUMNS)
    return rows.sort("total_time", "endpoint", "shape", descending=[True, False, False])


def _of_endpoint(statements: pl.DataFrame, profiled: pl.DataFrame | None, requests: int) -> pl.DataFrame:
    rows = pl.col("rows")
    return (
        statements.group_by("shape")
        .agg(
            pl.col("text", "verb").first(),
            per_request=pl.len() / requests,
            requests_share=pl.col("trace").n_unique() / requests,
            mean_time=pl.col("wall_time").mean(),
            total_time=pl.col("wall_time").sum(),
            rows=rows.filter(rows >= 0).mean(),
        )
        .join(_call_sites(statements, profiled), on="shape", how="left")
        .with_columns(pl.col("call_site").fill_null(""))
    )


def _call_sites(statements: pl.DataFrame, profiled: pl.DataFrame | None) -> pl.DataFrame:
    """shape, call_site: where the shape was most often issued from, of those executions whose stack was walked."""
    phases = [statements] if profiled is None else [statements, profiled]
    return (
        pl.concat([phase.select("shape", "call_site") for phase in phases])
        .group_by("shape", "call_site")
        .agg(count=pl.len())
        .with_columns(pl.col("call_site").cast(pl.String))
        .filter(pl.col("call_site") != "")
        .sort("count", "call_site", descending=[True, False])
        .unique("shape", keep="first", maintain_order=True)
        .select("shape", "call_site")
    )
