"""Builders of evidence: a test names only what it is about, everything else is an ordinary run.

    requests = many(20, statements=lambda i: [a_statement("SELECT * FROM orders WHERE id = ?", parameters=i)])
    assert list(detect(measures(requests))) == []

Times inside a request (`at` of statements and waits) are seconds from its start; what has no `at` follows what came before it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from perfkit import schemas
from perfkit.evidence import PHASES, Caveat, Evidence, Floor, GeneratorHealth, Interval, Missing, Phase, Run, Table
from perfkit.measures.lazy import Measures

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = Sequence[Row] | pl.DataFrame | Missing

INTERVALS: Final = (Interval("warm-up", 0.0, 10.0), Interval("measure", 10.0, 110.0), Interval("profile", 110.0, 150.0))
ENDPOINT: Final = "GET /orders"
NOT_GIVEN: Final = Missing("this test gives none")


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its sample, its trace (None when the probe did not see it), its statements and waits."""

    phase: Phase
    sample: Row
    trace: Row | None
    statements: tuple[Row, ...]
    waits: tuple[Row, ...]


def a_sample(endpoint: str = ENDPOINT, **fields: Any) -> Row:
    """A row of SAMPLES; `response_time` and `service_time` may be given instead of times of day."""
    row: Row = {
        "worker": 0,
        "virtual_user": 1,
        "flow": "browse",
        "step": f"browse[{endpoint}]",
        "endpoint": endpoint,
        "named": False,
        "connect_time": 0.0,
        "tls_time": 0.0,
        "reconnect": False,
        "status": 200,
        "bytes": 1024,
        "error": None,
        "response_time": 0.022,
    }
    return row | fields


def a_trace(endpoint: str = ENDPOINT, wall_time: float = 0.02, **fields: Any) -> Row:
    """A row of TRACES; method and route are those of the endpoint."""
    method, _, route = endpoint.rpartition(" ")
    row: Row = {
        "pid": 100,
        "thread": 1,
        "method": method or "GET",
        "route": route,
        "step": endpoint,
        "status": 200,
        "asynchronous": False,
        "raised": False,
        "in_flight": 0,
        "wall_time": wall_time,
        "first_byte_time": wall_time * 0.9,
        "cpu_time": wall_time * 0.5,
        "loop_time": wall_time * 0.5,
        "max_step": wall_time * 0.5,
        "gc_time": 0.0,
        "bytes": 1024,
    }
    return row | fields


def a_statement(
    text: str = "SELECT id, name FROM orders WHERE id = ?",
    call_site: str = "shop/orders.py:41 in order_lines",
    parameters: int = 1,
    rows: int = 1,
    wall_time: float = 0.001,
    **fields: Any,
) -> Row:
    """A row of STATEMENTS; `at` is seconds from the start of its request."""
    row: Row = {
        "text": text,
        "call_site": call_site,
        "parameters": parameters,
        "result": 0,
        "rows": rows,
        "failed": False,
        "in_transaction": False,
        "wall_time": wall_time,
        "cpu_time": float("nan"),
    }
    return row | fields


def a_wait(kind: str = "outbound", name: str = "pricing:8080", wall_time: float = 0.005, **fields: Any) -> Row:
    """A row of WAITS: kind is connect, pool_wait, outbound, lock or thread_pool."""
    row: Row = {"kind": kind, "name": name, "call_site": "shop/orders.py:52 in prices", "failed": False, "wall_time": wall_time}
    return row | fields


def a_request(
    endpoint: str = ENDPOINT,
    *,
    phase: Phase = "measure",
    at: float | None = None,
    wall_time: float = 0.02,
    statements: Sequence[Row] = (),
    waits: Sequence[Row] = (),
    traced: bool = True,
    sample: Mapping[str, Any] | None = None,
    **trace: Any,
) -> Request:
    """A request of 20 ms; `at` is its start in the run, else requests are spread evenly over their phase.

    Further fields are the trace's; `sample={...}` changes the sample; status goes to both.
    """
    status = trace.get("status", 200)
    seen: Row = {"status": status, "response_time": wall_time + 0.002, "error": "status" if status >= 400 else None}
    if at is not None:
        seen["at"] = at
    return Request(
        phase,
        a_sample(**({"endpoint": endpoint} | seen | dict(sample or {}))),
        a_trace(endpoint, wall_time, **trace) if traced else None,
        tuple(statements),
        tuple(waits),
    )


def many(count: int, **fields: Callable[[int], Any] | Any) -> list[Request]:
    """So many requests; a field that is a function is called with 0, 1, 2, ..."""

    def numbered(i: int) -> dict[str, Any]:
        return {key: value(i) if callable(value) else value for key, value in fields.items()}

    return [a_request(**numbered(i)) for i in range(count)]


def profiled(requests: Sequence[Request]) -> list[Request]:
    """The same requests once more, in the profile phase."""
    return [dataclasses.replace(request, phase="profile") for request in requests]


def a_run(**fields: Any) -> Run:
    """A finished, healthy run of one gunicorn worker."""
    run = Run(
        id="20261123-101500-shop-4f2c1e",
        scenario="shop",
        started_at="2026-11-23T10:15:00Z",
        state="finished",
        commit="4f2c1e",
        parent="3a1b2c",
        dirty=False,
        load="open",
        resolved={"name": "shop"},
        machine={"cores": 2},
        intervals=INTERVALS,
        serving=({"pid": 100, "server": "gunicorn", "framework": "flask", "python": "3.11.7"},),
        observers={},
        hooks=({"pid": 100, "name": "sqlite3", "state": "installed", "version": "3.45", "why": ""},),
        generator=a_generator(),
    )
    return dataclasses.replace(run, **fields)


def a_generator(**fields: Any) -> GeneratorHealth:
    """A generator with headroom, that kept its schedule."""
    health = GeneratorHealth(
        offered=1000, sent=1000, finished=1000, dropped=0, lag_p50=0.0001, lag_p99=0.001, cpu_share=0.2, open_loop=True
    )
    return dataclasses.replace(health, **fields)


def a_floor(**fields: Any) -> Floor:
    """A generator that can send 40,000 requests a second and is asked for 40."""
    floor = Floor(
        requests=50_000,
        duration=1.7,
        cpu_per_request=2.5e-5,
        achieved_rate=29_400.0,
        processes=1,
        needed_rate=40.0,
        answer=1831,
    )
    return dataclasses.replace(floor, **fields)


def a_response(endpoint: str = ENDPOINT, **fields: Any) -> Row:
    """A row of RESPONSES: a small JSON answer."""
    row: Row = {
        "endpoint": endpoint,
        "status": 200,
        "content_type": "application/json",
        "content_encoding": "",
        "offered_encodings": "gzip, deflate",
        "bytes": 1024,
        "gzip_bytes": 512,
        "items": 10,
        "query": False,
    }
    return row | fields


def a_plan(text: str, lines: str = "SCAN orders", *, engine: str = "sqlite", tables: str = '{"orders": 20000}') -> Row:
    """A row of PLANS for the statement with that text."""
    return {"text": text, "engine": engine, "plan": lines, "tables": tables}


def a_stack(*stack: str, endpoint: str = ENDPOINT, samples: int = 1, time: float | None = None, pid: int = 100) -> Row:
    """A row of PROFILE, root first: a_stack("view (/srv/shop/orders.py:12)", "dumps (/usr/lib/python3.11/json/x.py:1)")."""
    return {
        "pid": pid,
        "endpoint": endpoint,
        "stack": list(stack),
        "samples": samples,
        "time": samples / 100 if time is None else time,
    }


def a_blocker(*stack: str, endpoint: str = ENDPOINT, **fields: Any) -> Row:
    """A row of BLOCKERS: 80 ms in which the event loop did not run."""
    row: Row = {"pid": 100, "phase": "measure", "endpoint": endpoint, "started_at": 20.0, "wall_time": 0.08, "stack": list(stack)}
    return row | fields


def a_memory(at: float, uss: int = 50 * 1024**2, **fields: Any) -> Row:
    """A row of MEMORY of the one worker."""
    row: Row = {
        "at": at,
        "pid": 100,
        "serving": True,
        "rss": uss + 10 * 1024**2,
        "pss": uss + 2 * 1024**2,
        "uss": uss,
        "threads": 1,
        "files": 12,
    }
    return row | fields


def a_host(at: float, **fields: Any) -> Row:
    """A row of HOST: cumulative CPU of an idle machine."""
    row: Row = {
        "at": at,
        "target_cpu": 0.0,
        "generator_cpu": 0.0,
        "profiler_cpu": 0.0,
        "perfkit_cpu": 0.0,
        "busy": 0.1,
        "steal": 0.0,
        "load": 0.2,
    }
    return row | fields


def a_second(at: float, **fields: Any) -> Row:
    """A row of GENERATOR: a second that ended at `at`, with nothing to complain about."""
    row: Row = {
        "at": at,
        "worker": 0,
        "phase": "measure",
        "span": 1.0,
        "sent": 10,
        "finished": 10,
        "dropped": 0,
        "reconnects": 0,
        "lag_p50": 0.0001,
        "lag_p90": 0.0002,
        "lag_p99": 0.001,
        "lag_max": 0.001,
        "loop_p50": 0.0001,
        "loop_p90": 0.0002,
        "loop_max": 0.001,
        "cpu": 0.2,
        "gc_time": 0.0,
        "gc_max": 0.0,
        "files": 20,
        "files_limit": 1024,
        "ports": 20,
        "ports_limit": 28232,
        "in_flight": 3,
        "in_flight_limit": 400,
        "backlog": 0,
    }
    return row | fields


def a_count(phase: Phase = "measure", sent: int = 0, **fields: Any) -> Row:
    """A row of COUNTS: the ledger of the one generator process."""
    row: Row = {"worker": 0, "phase": phase, "sent": sent, "unsent": 0, "dropped": 0}
    return row | fields


def a_process(at: float, cpu: float = 0.0, **fields: Any) -> Row:
    """A row of PROCESSES of the one worker, with so many CPU seconds until then."""
    row: Row = {"at": at, "pid": 100, "cpu": cpu, "delay": 0.0, "threads": 1}
    return row | fields


def a_queue(at: float, queued: int = 0, **fields: Any) -> Row:
    """A row of ACCEPT_QUEUE: so many connections that wait of 100 that may."""
    row: Row = {"at": at, "queued": queued, "backlog": 100, "overflows": 7, "drops": 7}
    return row | fields


def a_gauge(at: float, resource: str, used: float, size: float = 1.0, **fields: Any) -> Row:
    """A row of GAUGES of the one worker."""
    row: Row = {"at": at, "pid": 100, "phase": "measure", "resource": resource, "name": resource, "waiting": 0}
    return row | {"used": used, "size": size} | fields


def evidence(
    requests: Sequence[Request] = (),
    *,
    run: Run | None = None,
    responses: Rows = NOT_GIVEN,
    traces: Missing | None = None,
    statements: Missing | None = None,
    waits: Missing | None = None,
    plans: Rows = NOT_GIVEN,
    stacks: Rows = NOT_GIVEN,
    call_trees: Rows = NOT_GIVEN,
    blockers: Rows = NOT_GIVEN,
    memory: Rows = NOT_GIVEN,
    host: Rows = NOT_GIVEN,
    generator: Rows = NOT_GIVEN,
    counts: Rows = NOT_GIVEN,
    processes: Rows = NOT_GIVEN,
    accept_queue: Rows = NOT_GIVEN,
    gauges: Rows = NOT_GIVEN,
    caveats: Sequence[Caveat] = (),
) -> Evidence:
    """Evidence of these requests; tables that are not given are Missing; `traces=Missing(why)` takes the inside view away."""
    run = run or a_run()
    laid = _lay_out(requests, run)
    texts: dict[str, int] = {}
    planned = [dict(row) for row in plans] if isinstance(plans, Sequence) else plans
    for row in (*laid.statements, *(planned if isinstance(planned, list) else ())):
        row["shape"] = texts.setdefault(row["text"], len(texts) + 1)
    return Evidence(
        run=run,
        samples=_frame(laid.samples, schemas.SAMPLES),
        responses=_table(responses, schemas.RESPONSES),
        traces=traces or _frame(laid.traces, schemas.TRACES),
        statements=statements or traces or _frame(laid.statements, schemas.STATEMENTS),
        shapes=statements or traces or _frame([{"shape": i, "text": text} for text, i in texts.items()], schemas.SHAPES),
        waits=waits or traces or _frame(laid.waits, schemas.WAITS),
        plans=_table(planned, schemas.PLANS),
        stacks=_table(stacks, schemas.PROFILE),
        call_trees=_table(call_trees, schemas.PROFILE),
        blockers=_table(blockers, schemas.BLOCKERS),
        memory=_table(memory, schemas.MEMORY),
        host=_table(host, schemas.HOST),
        generator=_table(generator, schemas.GENERATOR),
        counts=_table(counts, schemas.COUNTS),
        processes=_table(processes, schemas.PROCESSES),
        accept_queue=_table(accept_queue, schemas.ACCEPT_QUEUE),
        gauges=_table(gauges, schemas.GAUGES),
        caveats=tuple(caveats),
    )


def measures(requests: Sequence[Request] = (), **tables: Any) -> Measures:
    """Measures of `evidence(requests, ...)`."""
    return Measures(evidence(requests, **tables))


@dataclass(slots=True)
class _Rows:
    samples: list[Row]
    traces: list[Row]
    statements: list[Row]
    waits: list[Row]


def _lay_out(requests: Sequence[Request], run: Run) -> _Rows:
    """Gives every request its place in time and its ids."""
    rows = _Rows([], [], [], [])
    counts = {phase: sum(request.phase == phase for request in requests) for phase in PHASES}
    placed = dict.fromkeys(PHASES, 0)
    for number, request in enumerate(requests, start=1):
        interval = run.interval(request.phase) or Interval(request.phase, 0.0, 100.0)
        spread = interval.started_at + interval.duration * placed[request.phase] / max(counts[request.phase], 1)
        placed[request.phase] += 1
        sample = dict(request.sample)
        started_at = sample.pop("at", spread)
        rows.samples.append(_placed_sample(sample, number, request.phase, started_at))
        sent_at = rows.samples[-1]["sent_at"]
        if request.trace is None:
            continue
        # A millisecond for the way from the client into the application.
        entered_at = sent_at + 0.001
        trace = {
            "id": number,
            "phase": request.phase,
            "profiled": request.phase == "profile",
            "statements": len(request.statements),
        }
        rows.traces.append(trace | {"trace": number, "started_at": entered_at} | request.trace)
        _follow(request.statements, rows.statements, number, request.phase, entered_at)
        _follow(request.waits, rows.waits, number, request.phase, entered_at)
    return rows


def _placed_sample(sample: Row, number: int, phase: Phase, started_at: float) -> Row:
    response_time = sample.pop("response_time")
    service_time = sample.pop("service_time", response_time)
    finished_at = started_at + response_time
    times = {
        "intended_at": started_at,
        "sent_at": finished_at - service_time,
        "first_byte_at": finished_at,
        "finished_at": finished_at,
    }
    return {"id": number, "phase": phase} | times | sample


def _follow(calls: Sequence[Row], rows: list[Row], trace: int, phase: Phase, entered_at: float) -> None:
    at = 0.0005
    for call in calls:
        row = dict(call)
        start = row.pop("at", at)
        at = start + row["wall_time"]
        rows.append({"trace": trace, "phase": phase, "started_at": entered_at + start} | row)


def _table(rows: Rows, schema: pl.Schema) -> Table:
    if isinstance(rows, Missing | pl.DataFrame):
        return rows
    return _frame(rows, schema)


def _frame(rows: Sequence[Row], schema: pl.Schema) -> pl.DataFrame:
    unknown = {key for row in rows for key in row} - set(schema) - {"text"}
    assert not unknown, f"no such columns: {sorted(unknown)}"
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in schema}, schema=schema, strict=False)
