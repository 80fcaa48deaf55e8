"""The tables of a comparison, column by column, and how the probe's traces come into them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

# Every time in seconds, every size in bytes. What was not seen from inside (no probe, no trace) is null.

PAIRS: Final = pl.Schema(  # the same request to both versions, one after the other
    {
        "block": pl.UInt32(),  # a stretch of half a second or so; never across a restart
        "restart": pl.UInt16(),
        "flow": pl.Categorical(),
        "step": pl.Categorical(),  # "browse[2]"
        "endpoint": pl.Categorical(),  # the step's name, else method + uninterpolated path
        "head_first": pl.Boolean(),
        "at": pl.Float64(),  # since the first pair, by the wall
        "base_id": pl.UInt64(),
        "head_id": pl.UInt64(),
        "base_time": pl.Float64(),  # service time; null when no answer came
        "head_time": pl.Float64(),
        "base_status": pl.UInt16(),  # 0 when no answer came
        "head_status": pl.UInt16(),
        "base_bytes": pl.Int64(),  # of the body on the wire
        "head_bytes": pl.Int64(),
        "base_error": pl.Categorical(),  # null without one; else as in schemas.SAMPLES
        "head_error": pl.Categorical(),
        "base_server": pl.Float64(),  # the trace's wall time
        "head_server": pl.Float64(),
        "base_cpu": pl.Float64(),  # of that on a processor; of an event loop's request, its time on the loop
        "head_cpu": pl.Float64(),
        "base_statements": pl.UInt32(),
        "head_statements": pl.UInt32(),
    }
)
BURSTS: Final = pl.Schema(  # k requests of one endpoint at once to one version, then the same k to the other
    {
        "block": pl.UInt32(),
        "restart": pl.UInt16(),
        "size": pl.UInt16(),  # k
        "endpoint": pl.Categorical(),
        "head_first": pl.Boolean(),
        "at": pl.Float64(),
        "base_median": pl.Float64(),  # of the answers' service times; null when none came
        "head_median": pl.Float64(),
        "base_last": pl.Float64(),  # from the first sending until the last answer
        "head_last": pl.Float64(),
        "base_errors": pl.UInt16(),
        "head_errors": pl.UInt16(),
        "base_server": pl.Float64(),  # median of the traces' wall times
        "head_server": pl.Float64(),
        "base_statements": pl.UInt32(),  # of the whole burst
        "head_statements": pl.UInt32(),
        "base_waits": pl.Float64(),  # of the whole burst: for a pooled connection, a lock, a thread
        "head_waits": pl.Float64(),
    }
)
COUNTERS: Final = pl.Schema(  # one request of the deck, to one version, in one round
    {
        "side": pl.Categorical(),
        "round": pl.UInt16(),
        "place": pl.UInt32(),  # in the deck: the same place is the same request
        "endpoint": pl.Categorical(),
        "step": pl.Categorical(),
        "id": pl.UInt64(),
        "status": pl.UInt16(),
        "body": pl.UInt64(),  # hash of the answer without its volatile parts; null where all of it is volatile
        "bytes": pl.Int64(),
        "statements": pl.Int64(),
        "rows": pl.Int64(),
        "connects": pl.Int64(),
        "outbound": pl.Int64(),
        "calls": pl.Int64(),  # of functions; null where the probe could not count
        "allocated": pl.Int64(),  # bytes within the request, also those that it gave back
        "peak": pl.Int64(),  # bytes of it that it had at its highest
        "kept": pl.Int64(),  # blocks that were allocated within it and not given back
        "instructions": pl.Int64(),  # executed by all processes of the version; null unless it ran under valgrind
    }
)
WINDOWS: Final = pl.Schema(  # a row per request of the window of plain open load that each version had
    {
        "side": pl.Categorical(),
        "endpoint": pl.Categorical(),
        "response_time": pl.Float64(),
        "error": pl.Categorical(),
        "cpu": pl.Float64(),  # seconds that the version's processes computed for one, by all of its window; null if not known
    }
)
SIDES: Final = ("base", "head")


def frame(rows: Sequence[Mapping[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """The rows with every column of the schema; what a row does not name is null."""
    return pl.DataFrame([[row.get(name) for name in schema] for row in rows], schema=schema, orient="row")


def joined(pairs: pl.DataFrame, base: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
    """The pairs with what both versions' traces say."""
    for side, traces in (("base", base), ("head", head)):
        seen = traces.filter(pl.col("id") != 0).unique("id", keep="last").select(
            pl.col("id").alias(f"{side}_id"),
            pl.col("wall_time").fill_nan(None).alias(f"{side}_server"),
            pl.when("asynchronous").then("loop_time").otherwise("cpu_time").fill_nan(None).alias(f"{side}_cpu"),
            pl.col("statements").cast(pl.UInt32).alias(f"{side}_statements"),
        )  # fmt: skip
        names = [f"{side}_server", f"{side}_cpu", f"{side}_statements"]
        pairs = pairs.drop(names, strict=False).join(seen, on=f"{side}_id", how="left", maintain_order="left")
    return pairs.select(PAIRS.names())
