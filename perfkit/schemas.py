"""The tables of a run directory, column by column."""

from typing import Final

import polars as pl

# Every `*_at` is in seconds since the run's epoch (CLOCK_MONOTONIC), every time in seconds, every size in bytes.

SAMPLES: Final = pl.Schema(
    {
        "id": pl.UInt64(),  # joins a sample to the trace of the same request
        "worker": pl.UInt16(),
        "virtual_user": pl.UInt32(),
        "flow": pl.Categorical(),
        "step": pl.Categorical(),  # "browse[2]"
        "endpoint": pl.Categorical(),  # the step's name, else method + uninterpolated path
        "named": pl.Boolean(),  # the step has a `name:`, which wins over the target's route template
        "phase": pl.Categorical(),
        "intended_at": pl.Float64(),
        "sent_at": pl.Float64(),
        "first_byte_at": pl.Float64(),  # NaN when no byte came
        "finished_at": pl.Float64(),
        "connect_time": pl.Float64(),  # looking the name up and TCP; 0 on a kept connection
        "tls_time": pl.Float64(),  # the handshake that followed; 0 on a kept connection and on plain HTTP
        "reconnect": pl.Boolean(),
        "status": pl.UInt16(),  # 0 when no answer came
        "bytes": pl.Int64(),  # of the body on the wire
        "error": pl.Categorical(),  # null, or connect, tls, timeout, reset, protocol, status, expectation, extraction
    }
)
RESPONSES: Final = pl.Schema(  # a few whole answers per endpoint, looked at after their time was taken
    {
        "endpoint": pl.Categorical(),
        "status": pl.UInt16(),
        "content_type": pl.String(),
        "content_encoding": pl.String(),  # "" when the body came as it is
        "offered_encodings": pl.String(),  # Accept-Encoding as sent
        "bytes": pl.Int64(),
        "gzip_bytes": pl.Int64(),  # of the decoded body at level 6
        "items": pl.Int64(),  # elements of the JSON list, or of the longest list one level down; -1 when there is none
        "query": pl.Boolean(),  # the request carried a limit-like parameter: limit, per_page, size, page, cursor, ...
    }
)
TRACES: Final = pl.Schema(
    {
        "trace": pl.UInt64(),  # unique in the run
        "id": pl.UInt64(),  # 0 when the client sent none
        "pid": pl.UInt32(),
        "thread": pl.UInt32(),
        "method": pl.Categorical(),
        "route": pl.Categorical(),  # route template as the framework names it, parameters as {x}; "" when unknown
        "step": pl.Categorical(),  # the step's name from its header; ""
        "status": pl.UInt16(),
        "phase": pl.Categorical(),
        "profiled": pl.Boolean(),
        "asynchronous": pl.Boolean(),
        "raised": pl.Boolean(),
        "in_flight": pl.UInt16(),
        "statements": pl.UInt32(),
        "started_at": pl.Float64(),
        "wall_time": pl.Float64(),
        "first_byte_time": pl.Float64(),
        "cpu_time": pl.Float64(),  # NaN where it cannot be known
        "loop_time": pl.Float64(),
        "max_step": pl.Float64(),
        "gc_time": pl.Float64(),
        "bytes": pl.Int64(),
    }
)
STATEMENTS: Final = pl.Schema(
    {
        "trace": pl.UInt64(),  # 0 outside any request
        "phase": pl.Categorical(),
        "shape": pl.UInt32(),  # row of SHAPES
        "call_site": pl.Categorical(),  # "shop/orders.py:41 in order_lines"; "" when it was not walked
        "parameters": pl.UInt64(),  # hash; 0 without
        "result": pl.UInt32(),  # checksum of the rows; 0 when not taken
        "rows": pl.Int32(),  # -1 unknown
        "failed": pl.Boolean(),
        "in_transaction": pl.Boolean(),
        "started_at": pl.Float64(),
        "wall_time": pl.Float64(),  # with the fetches
        "cpu_time": pl.Float64(),  # NaN where it was not taken
    }
)
SHAPES: Final = pl.Schema({"shape": pl.UInt32(), "text": pl.String()})
WAITS: Final = pl.Schema(
    {
        "trace": pl.UInt64(),
        "phase": pl.Categorical(),
        "kind": pl.Categorical(),  # connect, pool_wait, outbound, lock, thread_pool
        "name": pl.Categorical(),  # the host, the pool
        "call_site": pl.Categorical(),
        "failed": pl.Boolean(),
        "started_at": pl.Float64(),
        "wall_time": pl.Float64(),
    }
)
PROFILE: Final = pl.Schema(  # py-spy's stacks and pyinstrument's call trees in one shape
    {
        "pid": pl.UInt32(),
        "endpoint": pl.Categorical(),  # "" for the shared row: server, protocol, middleware before routing
        "stack": pl.List(pl.String),  # root first, "function (file:line)", cut below the endpoint's trampoline
        "samples": pl.UInt32(),
        "time": pl.Float64(),  # seconds that these samples stand for
    }
)
PLANS: Final = pl.Schema(
    {
        "shape": pl.UInt32(),
        "engine": pl.String(),  # sqlite, postgresql
        "plan": pl.String(),  # sqlite: lines; postgresql: the JSON of EXPLAIN
        "tables": pl.String(),  # JSON: {"orders": 20000}
    }
)
BLOCKERS: Final = pl.Schema(  # stretches in which an event loop did not run
    {
        "pid": pl.UInt32(),
        "phase": pl.Categorical(),
        "endpoint": pl.Categorical(),  # "" when the blocker could not be tied to a request
        "started_at": pl.Float64(),
        "wall_time": pl.Float64(),
        "stack": pl.List(pl.String),  # root first
    }
)
MEMORY: Final = pl.Schema(
    {
        "at": pl.Float64(),
        "pid": pl.UInt32(),
        "serving": pl.Boolean(),
        "rss": pl.Int64(),
        "pss": pl.Int64(),  # -1 where the kernel does not tell
        "uss": pl.Int64(),
        "threads": pl.Int32(),
        "files": pl.Int32(),
    }
)
HOST: Final = pl.Schema(  # cumulative CPU seconds by role, and the machine's shares since the row before
    {
        "at": pl.Float64(),
        "target_cpu": pl.Float64(),
        "generator_cpu": pl.Float64(),
        "profiler_cpu": pl.Float64(),
        "perfkit_cpu": pl.Float64(),
        "busy": pl.Float64(),  # 0 to 1 over all cores
        "steal": pl.Float64(),
        "load": pl.Float64(),
    }
)
PROCESSES: Final = pl.Schema(  # of every process of the target, once a second
    {
        "at": pl.Float64(),
        "pid": pl.UInt32(),
        "cpu": pl.Float64(),  # seconds since it began, without its children
        "delay": pl.Float64(),  # seconds that its threads were ready to run and had no core; null where nobody counts them
        "threads": pl.Int32(),
    }
)
ACCEPT_QUEUE: Final = pl.Schema(  # of the sockets that the target listens on, four times a second
    {
        "at": pl.Float64(),
        "queued": pl.Int64(),  # connections that nobody has accepted yet
        "backlog": pl.Int64(),  # that may wait
        "overflows": pl.Int64(),  # turned away since boot because a queue was full, of the whole network namespace
        "drops": pl.Int64(),
    }
)
GAUGES: Final = pl.Schema(  # what there is a limited number of in a process of the target, four times a second
    {
        "at": pl.Float64(),
        "pid": pl.UInt32(),
        "phase": pl.Categorical(),
        "resource": pl.Categorical(),  # probe.records.RESOURCES
        "name": pl.Categorical(),
        "used": pl.Float64(),  # places taken, or seconds busy since the row before
        "waiting": pl.Int64(),
        "size": pl.Float64(),  # places, or seconds since the row before
    }
)
GENERATOR: Final = pl.Schema(  # what each generator process says of itself, once a second
    {
        "at": pl.Float64(),  # the end of the second
        "worker": pl.UInt16(),
        "phase": pl.Categorical(),  # null before the first
        "span": pl.Float64(),  # seconds since the row before
        "sent": pl.Int64(),
        "finished": pl.Int64(),
        "dropped": pl.Int64(),
        "reconnects": pl.Int64(),
        "lag_p50": pl.Float64(),  # of the open arrivals that left in this second: how late they did; null without any
        "lag_p90": pl.Float64(),
        "lag_p99": pl.Float64(),
        "lag_max": pl.Float64(),
        "loop_p50": pl.Float64(),  # how late the loop's own deadlines were; null without any
        "loop_p90": pl.Float64(),
        "loop_max": pl.Float64(),
        "cpu": pl.Float64(),  # share of one core
        "gc_time": pl.Float64(),  # all collections of the second
        "gc_max": pl.Float64(),
        "files": pl.Int64(),
        "files_limit": pl.Int64(),
        "ports": pl.Int64(),  # local ports in use towards the target, at most; -1 where the kernel does not tell
        "ports_limit": pl.Int64(),
        "in_flight": pl.Int64(),  # virtual users with a flow in hand: the most of five looks
        "in_flight_limit": pl.Int64(),  # 0 without
        "backlog": pl.Int64(),  # arrivals that wait for a free user: the most of five looks
    }
)
COUNTS: Final = pl.Schema(  # the generator's own ledger, written when it has finished
    {
        "worker": pl.UInt16(),
        "phase": pl.Categorical(),
        "sent": pl.Int64(),
        "unsent": pl.Int64(),  # due, but they could not be put into bytes: on record all the same
        "dropped": pl.Int64(),
    }
)
