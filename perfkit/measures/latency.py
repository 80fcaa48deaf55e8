"""How fast and how often: figures per endpoint and over all of them."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, GeneratorHealth, Interval
from perfkit.measures.frames import Numbers, Rows, numbers
from perfkit.stats import quantiles

SHARES: Final = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "max": 1.0}
CLIENT: Final = ("service_time", "bytes", "ok")
COLUMNS: Final = pl.Schema(
    {
        "endpoint": pl.String,
        "requests": pl.Int64,
        "errors": pl.Int64,
        "offered_rate": pl.Float64,
        "achieved_rate": pl.Float64,
        **{f"{prefix}{name}": pl.Float64 for prefix in ("", "service_", "server_") for name in SHARES},
        "server_time": pl.Float64,
        "server_total": pl.Float64,
        "statements": pl.Float64,
        "bytes": pl.Int64,
        "traced": pl.Int64,
        "coverage": pl.Float64,
    }
)


def window(evidence: Evidence) -> Interval:
    """The measure phase; of a run that was killed within it, as far as its requests reach."""
    interval = evidence.run.interval("measure")
    if interval is not None:
        return interval
    times = evidence.samples.filter(pl.col("phase") == "measure").select(
        start=pl.col("intended_at").min(), end=pl.col("finished_at").max()
    )
    start, end = times.row(0)
    return Interval("measure", start or 0.0, end or 0.0)


def response_times(samples: pl.DataFrame, rows_by_endpoint: Mapping[str, Rows]) -> Mapping[str, Numbers]:
    """Of each endpoint's successful requests, ascending."""
    times = samples.select("response_time", "ok")
    return {name: np.sort(numbers(times[rows].filter("ok")["response_time"])) for name, rows in rows_by_endpoint.items()}


def per_endpoint(
    all_samples: pl.DataFrame,
    samples: pl.DataFrame,
    rows_by_endpoint: Mapping[str, Rows],
    response_times: Mapping[str, Numbers],
    traces_by_endpoint: Mapping[str, pl.DataFrame],
    within: Interval,
) -> pl.DataFrame:
    """One row per endpoint that had a request in the measure phase."""
    rated = all_samples.lazy().group_by("endpoint").agg(**_rates(within)).collect(engine="streaming")
    rates = {row["endpoint"]: row for row in rated.iter_rows(named=True)}
    rows = [
        {
            **rates[endpoint],
            **_client_figures(samples.select(CLIENT)[rows], response_times[endpoint]),
            **_server_figures(traces_by_endpoint.get(endpoint)),
        }
        for endpoint, rows in rows_by_endpoint.items()
    ]
    return (
        pl.DataFrame(rows, schema=COLUMNS)
        .with_columns(coverage=pl.col("traced") / pl.col("requests"))
        .sort("server_total", "requests", "endpoint", descending=[True, True, False], nulls_last=True)
    )


def over_all(
    all_samples: pl.DataFrame,
    samples: pl.DataFrame,
    response_times: Numbers,
    traces: pl.DataFrame,
    within: Interval,
    generator: GeneratorHealth | None,
) -> Mapping[str, float | int | None]:
    """The figures of `per_endpoint` over everything, + dropped (None when the generator left no account)."""
    figures: dict[str, float | int | None] = dict.fromkeys(name for name in COLUMNS if name != "endpoint")
    figures |= _client_figures(samples, response_times) | _server_figures(traces)
    figures |= all_samples.select(**_rates(within)).row(0, named=True)
    figures["coverage"] = traces.height / samples.height if samples.height else None
    figures["dropped"] = None if generator is None else generator.dropped
    return figures


def _client_figures(samples: pl.DataFrame, response_times: Numbers) -> dict[str, float | int | None]:
    ok = samples["ok"]
    ranks = {name: quantiles.nearest_rank(response_times, share) for name, share in SHARES.items()}
    return {
        "requests": samples.height,
        "errors": samples.height - int(ok.sum()),
        **(ranks if len(response_times) else {}),
        **_figures(samples["service_time"].filter(ok), "service_"),
        "bytes": _median(samples["bytes"].filter(ok)),
    }


def _server_figures(traces: pl.DataFrame | None) -> dict[str, float | int | None]:
    if traces is None or traces.is_empty():
        return {"traced": 0}
    wall = numbers(traces["wall_time"])
    return {
        "traced": traces.height,
        "server_time": float(wall.mean()),
        "server_total": float(wall.sum()),
        "statements": float(numbers(traces["statement_count"]).mean()),
        **_figures(traces["wall_time"], "server_"),
    }


def _figures(values: pl.Series, prefix: str) -> dict[str, float | int | None]:
    if values.is_empty():
        return {}
    found = quantiles.of_unordered(numbers(values), list(SHARES.values()))
    return {f"{prefix}{name}": value for name, value in zip(SHARES, found, strict=True)}


def _median(values: pl.Series) -> int | None:
    return None if values.is_empty() else round(quantiles.of_unordered(numbers(values), [0.5])[0])


def _rates(within: Interval) -> dict[str, pl.Expr]:
    """offered: what was due in the interval; achieved: what was answered in it, whatever phase it was sent in."""
    start, end = within.started_at, within.finished_at
    length = within.duration or None
    due = pl.col("intended_at").is_between(start, end, closed="left")
    answered = pl.col("finished_at").is_between(start, end, closed="left") & (pl.col("status") > 0)
    return {"offered_rate": due.sum() / length, "achieved_rate": answered.sum() / length}
