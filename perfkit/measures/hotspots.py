"""Which functions the processor works in, per endpoint: py-spy's stacks, counted by function."""

from collections.abc import Callable, Mapping

import polars as pl

from perfkit.measures.profiles import read_frame
from perfkit.stats.proportions import wilson

SCHEMA = pl.Schema(
    {
        "endpoint": pl.String,
        "function": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "own": pl.Boolean,
        "self_time": pl.Float64,
        "cumulative_time": pl.Float64,
        "self_share": pl.Float64,
        "cumulative_share": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "self_samples": pl.Int64,
        "cumulative_samples": pl.Int64,
        "samples": pl.Int64,
    }
)


def table(
    stacks_by_endpoint: Mapping[str, pl.DataFrame],
    traces: pl.DataFrame,
    profiled_traces: pl.DataFrame,
    is_own: Callable[[str], bool],
) -> pl.DataFrame:
    """One row per endpoint and function; times are shares of the endpoint's CPU per request in the measure phase.

    Without that CPU (gevent; the shared row "") they are what the samples stand for, per request of the profile phase.
    """
    cpu = {endpoint: time for endpoint, time in _mean_cpu(traces).iter_rows() if time is not None}
    profiled = dict(profiled_traces.group_by("endpoint").agg(pl.len()).iter_rows())
    rows: list[pl.DataFrame] = []
    for endpoint, stacks in stacks_by_endpoint.items():
        samples = int(stacks["samples"].sum())
        if samples == 0:
            continue
        requests = profiled.get(endpoint, 0) if endpoint else profiled_traces.height
        per_request = cpu.get(endpoint, float(stacks["time"].sum()) / requests if requests else None)
        rows.append(_of_endpoint(endpoint, stacks, samples, per_request, is_own))
    found = pl.concat(rows) if rows else pl.DataFrame(schema=SCHEMA)
    return found.sort("self_time", "self_samples", "endpoint", "function", descending=[True, True, False, False], nulls_last=True)


def _of_endpoint(
    endpoint: str, stacks: pl.DataFrame, samples: int, per_request: float | None, is_own: Callable[[str], bool]
) -> pl.DataFrame:
    counts = _count(stacks)
    intervals = [wilson(count, samples) for count in counts["self_samples"]]
    owned = {file: is_own(file) for file in counts["file"].unique()}
    time = pl.lit(per_request, dtype=pl.Float64)
    return counts.with_columns(
        pl.lit(endpoint).alias("endpoint"),
        pl.Series("low", [low for low, _ in intervals], dtype=pl.Float64),
        pl.Series("high", [high for _, high in intervals], dtype=pl.Float64),
        pl.Series("own", [owned[file] for file in counts["file"]], dtype=pl.Boolean),
        self_share=pl.col("self_samples") / samples,
        cumulative_share=pl.col("cumulative_samples") / samples,
        samples=pl.lit(samples, dtype=pl.Int64),
    ).select(
        pl.col(name) if not name.endswith("_time") else (time * pl.col(name.replace("_time", "_share"))).alias(name)
        for name in SCHEMA
    )


def _count(stacks: pl.DataFrame) -> pl.DataFrame:
    """function, file, line, self_samples, cumulative_samples; a function counts once in a stack, however often it recurs."""
    frames = (
        stacks.select("samples", "stack", row=pl.int_range(pl.len()))
        .explode("stack", empty_as_null=False)
        .with_columns(leaf=pl.col("row") != pl.col("row").shift(-1, fill_value=-1))
    )
    texts = frames["stack"].unique()
    places = [read_frame(text) for text in texts]
    known = pl.DataFrame(
        {
            "stack": texts,
            "function": [place.function for place in places],
            "file": [place.file for place in places],
            "line": [place.line for place in places],
        },
        schema_overrides={"line": pl.Int64, "function": pl.String, "file": pl.String},
    )
    frames = frames.join(known, on="stack", how="left", maintain_order="left").with_columns(pl.col("samples").cast(pl.Int64))
    function = ("function", "file")
    cumulative = frames.unique([*function, "row"]).group_by(function).agg(cumulative_samples=pl.col("samples").sum())
    own_lines = frames.filter("leaf").group_by(*function, "line").agg(pl.col("samples").sum())
    any_lines = frames.group_by(*function, "line").agg(pl.col("samples").sum())
    return (
        cumulative.join(own_lines.group_by(function).agg(self_samples=pl.col("samples").sum()), on=function, how="left")
        .join(_busiest(own_lines, "line"), on=function, how="left")
        .join(_busiest(any_lines, "any_line"), on=function, how="left")
        .with_columns(pl.col("self_samples").fill_null(0), line=pl.coalesce("line", "any_line"))
        .drop("any_line")
    )


def _busiest(lines: pl.DataFrame, name: str) -> pl.DataFrame:
    return (
        lines.sort("samples", "line", descending=[True, False])
        .group_by("function", "file", maintain_order=True)
        .agg(pl.col("line").first().alias(name))
    )


def _mean_cpu(traces: pl.DataFrame) -> pl.DataFrame:
    """CPU per request of each endpoint: of the thread, or on the event loop; null when it could not be known."""
    cpu = pl.when("asynchronous").then("loop_time").otherwise("cpu_time")
    return traces.lazy().group_by("endpoint").agg(cpu.filter(cpu.is_not_nan()).mean()).collect(engine="streaming")
