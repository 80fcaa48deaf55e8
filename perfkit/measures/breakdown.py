"""Where an endpoint's server time goes: the application's own CPU, the database, waiting, and what has no name."""

from typing import Final

import numpy as np
import polars as pl

from perfkit.measures import overlap
from perfkit.measures.calls import Calls, sum_by
from perfkit.measures.frames import Numbers, numbers

# kind of a wait → the part that its time counts as; a slot of a thread pool is waited for like one of any other pool.
PART_OF_WAIT: Final = {
    "connect": "connect",
    "pool_wait": "pool_wait",
    "thread_pool": "pool_wait",
    "outbound": "outbound",
    "lock": "lock",
}
PARTS: Final = ("cpu", "database", "pool_wait", "connect", "outbound", "lock", "other")
COLUMNS: Final = {
    "endpoint": pl.String(),
    **dict.fromkeys(("server_time", *PARTS, "residual", "queue"), pl.Float64()),
}
OF_REQUEST: Final = pl.Schema(
    {"trace": pl.UInt64(), "endpoint": pl.String(), **dict.fromkeys(("server_time", *PARTS), pl.Float64())}
)


def per_endpoint(calls: Calls, profiled: Calls) -> pl.DataFrame:
    """Means per request; most server time in all first.

    Calls that overlap (asynchronous code, a connect inside an outbound call) share their time, so that nothing counts twice.
    cpu is the serving thread's CPU less what ran inside statements (SQLite works in the process); of asynchronous requests, the
    time on the event loop that no call accounts for. other is waiting without a name: the GIL, the run queue, I/O without a hook.
    """
    shares = _cpu_shares(profiled.statements.taken("shape", "wall_time", "cpu_time"))
    rows = [{"endpoint": endpoint, **_means(own, shares)} for endpoint, own in calls.by_endpoint()]
    totals = pl.DataFrame(rows, schema={**COLUMNS, "total": pl.Float64})
    return totals.sort("total", "endpoint", descending=[True, False]).drop("total")


def per_request(calls: Calls, profiled: Calls) -> pl.DataFrame:
    """The same of every request: trace, endpoint, server_time and its parts."""
    shares = _cpu_shares(profiled.statements.taken("shape", "wall_time", "cpu_time"))
    found = [
        own.traces.select("trace", "endpoint", pl.col("wall_time").alias("server_time")).with_columns(
            pl.Series(part, times) for part, times in _parts(own, shares).items()
        )
        for _, own in calls.by_endpoint()
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=OF_REQUEST)


def _parts(calls: Calls, shares: pl.DataFrame) -> dict[str, Numbers]:
    """Seconds of each part in each request."""
    wall = numbers(calls.traces["wall_time"])
    called = overlap.parts(overlap.spans(calls, PART_OF_WAIT), len(wall))
    room = np.maximum(wall - np.sum(list(called.values()), axis=0), 0.0)
    cpu = np.clip(_own_cpu(calls, shares), 0.0, room)
    return {**called, "cpu": cpu, "other": room - cpu}


def _means(calls: Calls, shares: pl.DataFrame) -> dict[str, float]:
    wall = numbers(calls.traces["wall_time"])
    means = {part: float(times.mean()) for part, times in _parts(calls, shares).items()}
    server_time = float(wall.mean())
    # From the client's send to the application's entry: the network, the server's backlog, its reading of the request.
    queue = np.maximum(numbers(calls.traces["started_at"]) - numbers(calls.traces["sent_at"]), 0.0)
    return {
        "server_time": server_time,
        **means,
        "residual": abs(server_time - sum(means.values())),
        "queue": float(np.median(queue)),
        "total": float(wall.sum()),
    }


def _own_cpu(calls: Calls, shares: pl.DataFrame) -> Numbers:
    """CPU of the application itself; 0 where it could not be known (it is then in `other`)."""
    thread_cpu = np.nan_to_num(numbers(calls.traces["cpu_time"]))
    on_loop = np.nan_to_num(numbers(calls.traces["loop_time"]))
    return np.where(calls.traces["asynchronous"].to_numpy(), on_loop, thread_cpu - _statement_cpu(calls, shares))


def _statement_cpu(calls: Calls, shares: pl.DataFrame) -> Numbers:
    """CPU inside each request's statements: their wall time by the CPU share of their shape."""
    statements = calls.statements.taken("shape", "wall_time")
    known = statements.select("shape").join(shares, on="shape", how="left", maintain_order="left")["share"]
    # A shape that the profile phase never ran: its CPU stays with the application, where `room` bounds it.
    cpu = numbers(statements["wall_time"]) * numbers(known.fill_null(0.0))
    return sum_by(calls.statements.owners, cpu, calls.traces.height)


def _cpu_shares(profiled_statements: pl.DataFrame) -> pl.DataFrame:
    """shape, share: how much of a shape's wall time was CPU of the thread that waits for it, as the profile phase saw it."""
    known = profiled_statements.filter(pl.col("cpu_time").is_not_nan() & (pl.col("wall_time") > 0))
    return known.group_by("shape").agg(share=(pl.col("cpu_time").sum() / pl.col("wall_time").sum()).clip(0.0, 1.0))
