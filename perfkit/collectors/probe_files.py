"""The probe's directory as evidence: traces, statements, waits, plans, blockers, and what the probe said of itself."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from perfkit.collectors import probe_processes, probe_records
from perfkit.collectors.probe_processes import Process
from perfkit.collectors.probe_records import Clock, Names
from perfkit.evidence import Caveat, Interval, Missing, RunDirectory, Table
from perfkit.probe import records
from perfkit.schemas import BLOCKERS, GAUGES, PLANS, SHAPES

GAUGE_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class ProbeTables:
    """Everything that the probe saw."""

    traces: Table
    statements: Table
    shapes: Table
    waits: Table
    plans: Table
    blockers: Table
    gauges: Table
    labels: Mapping[tuple[int, int], str]  # (pid, N of <perfkit:ep:N>) → endpoint
    hooks: tuple[Mapping[str, Any], ...]  # pid, name, state, version, why
    cost: Mapping[str, float]  # request, call: CPU seconds that the probe adds
    servers: tuple[Mapping[str, Any], ...]  # pid, ppid, server, framework, python
    frameworks: frozenset[str]  # servers, frameworks and hooked drivers, in lower case
    faults: tuple[str, ...]
    caveats: tuple[Caveat, ...]


def read(directory: RunDirectory, epoch: float, intervals: Iterable[Interval]) -> ProbeTables:
    """Reads what is there, also of a run that was killed; `epoch` is CLOCK_MONOTONIC of the run's second 0."""
    processes = probe_processes.read(directory.probe)
    clock = Clock(epoch, tuple(intervals))
    names = Names()
    parts = probe_records.load(processes, names)
    plans = _plans(processes, names)
    texts = names.series()
    traces = probe_records.traces(parts, texts, clock)
    statements = probe_records.statements(parts, texts, clock)
    waits = probe_records.waits(parts, texts, clock)
    blind = _blindness(processes, traces)
    return ProbeTables(
        traces=traces if traces.height else Missing(blind),
        statements=Missing(blind) if blind and not statements.height else statements,
        shapes=_shapes(names, statements, plans),
        waits=Missing(blind) if blind and not waits.height else waits,
        plans=_plans_or_why(plans, statements),
        blockers=_blockers(processes, clock) if traces.height else Missing(blind),
        gauges=_gauges(processes, clock) if processes else Missing(blind),
        labels=probe_processes.labels(processes),
        hooks=tuple(probe_processes.hooks(processes)),
        cost=probe_processes.cost(processes),
        servers=tuple(probe_processes.servers(processes)),
        frameworks=probe_processes.frameworks(processes),
        faults=tuple(_faults(processes)),
        caveats=tuple(_caveats(processes)),
    )


def _blindness(processes: Sequence[Process], traces: pl.DataFrame) -> str:
    """Why an empty table would not mean "nothing happened"; "" when it would."""
    if not processes:
        return "the probe wrote nothing"
    if not traces.height:
        return "the probe was in the target but saw no request"
    hooks = probe_processes.blindness(processes)
    return f"none was seen, but the probe was not hooked in everywhere: {hooks}" if hooks else ""


def _shapes(names: Names, statements: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    used = sorted({*statements["shape"].unique().to_list(), *plans["shape"].to_list()})
    texts = list(names.rows)
    return pl.DataFrame({"shape": used, "text": [texts[row] for row in used]}, schema=SHAPES)


def _plans(processes: Sequence[Process], names: Names) -> pl.DataFrame:
    """The last plan of each shape: it was taken when the caches of the database were warm."""
    plans: dict[int, dict[str, Any]] = {}
    for process in processes:
        for event in process.events.of(records.EVENT_PLAN):
            text = process.name(event, "shape")
            plan = event.get("plan")
            if not text or plan is None:
                continue
            shape = names.row(text)
            plans[shape] = {
                "shape": shape,
                "engine": str(event.get("engine", "")),
                "plan": _plan_text(plan),
                "tables": json.dumps(event.get("tables") or {}),
            }
    return pl.DataFrame(list(plans.values()), schema=PLANS)


def _plan_text(plan: Any) -> str:
    if isinstance(plan, str):
        return plan
    if isinstance(plan, list) and all(isinstance(line, str) for line in plan):
        return "\n".join(plan)
    return json.dumps(plan)


def _plans_or_why(plans: pl.DataFrame, statements: pl.DataFrame) -> Table:
    if plans.height or not statements.height:
        return plans
    if not (statements["phase"] == "profile").any():
        return Missing("plans are taken in the profile phase, and no statement ran in one")
    return Missing("the driver of these statements cannot be asked for plans by the probe")


def _blockers(processes: Sequence[Process], clock: Clock) -> pl.DataFrame:
    rows = [
        (process.pid, process.endpoint(event), event["started"], event["wall"], event.get("stack"))
        for process in processes
        for kind in (records.EVENT_BLOCKER, records.EVENT_LAG)
        for event in process.events.of(kind)
        if isinstance(event.get("started"), int) and isinstance(event.get("wall"), int)
    ]
    started_at = clock.seconds(pl.Series([row[2] for row in rows], dtype=pl.Int64).to_numpy())
    return pl.DataFrame(
        {
            "pid": [row[0] for row in rows],
            "phase": probe_records.PHASE_TABLE.gather(pl.Series(clock.phases(started_at))),
            "endpoint": [row[1] for row in rows],
            "started_at": started_at,
            "wall_time": [row[3] * probe_records.NANOSECOND for row in rows],
            "stack": [[str(frame) for frame in row[4]] if isinstance(row[4], list) else [] for row in rows],
        },
        schema=BLOCKERS,
    )


def _gauges(processes: Sequence[Process], clock: Clock) -> pl.DataFrame:
    rows = [
        (process.pid, event["at"], *line)
        for process in processes
        for event in process.events.of(records.EVENT_GAUGES)
        if isinstance(event.get("at"), int) and isinstance(event.get("seen"), list)
        for line in event["seen"]
        if _is_gauge(line)
    ]
    at = clock.seconds(pl.Series([row[1] for row in rows], dtype=pl.Int64).to_numpy())
    # Two of them do not tell places, but for how long something was busy.
    scale = [probe_records.NANOSECOND if row[2] in {records.EVENT_LOOP, records.GIL} else 1.0 for row in rows]
    return pl.DataFrame(
        {
            "at": at,
            "pid": [row[0] for row in rows],
            "phase": probe_records.PHASE_TABLE.gather(pl.Series(clock.phases(at))),
            "resource": [row[2] for row in rows],
            "name": [row[3] for row in rows],
            "used": [row[4] * factor for row, factor in zip(rows, scale, strict=True)],
            "waiting": [row[5] for row in rows],
            "size": [row[6] * factor for row, factor in zip(rows, scale, strict=True)],
        },
        schema=GAUGES,
    )


def _is_gauge(line: Any) -> bool:
    """[resource, name, used, waiting, size] of a resource that we know; in use may be a mean."""
    if not isinstance(line, list) or len(line) != GAUGE_PARTS or line[0] not in records.RESOURCES:
        return False
    used, waiting, size = line[2:]
    counts = isinstance(waiting, int) and isinstance(size, int) and isinstance(used, int | float)
    return isinstance(line[1], str) and counts and all(0 <= number < math.inf for number in (used, waiting, size))


def _faults(processes: Sequence[Process]) -> Iterable[str]:
    seen = {
        f"{event.get('where', '?')}: {event.get('why', '?')}"
        for process in processes
        for event in process.events.of(records.EVENT_FAULT)
    }
    return sorted(seen)


def _caveats(processes: Sequence[Process]) -> Iterable[Caveat]:
    damaged = sum(process.events.damaged for process in processes)
    if damaged:
        yield Caveat(f"{damaged} lines of the probe's event files cannot be read; what they named is missing")
    torn = probe_records.torn(processes)
    if torn:
        yield Caveat(f"{torn} of the probe's files end in the middle of a record: a process was killed while it wrote")
    silent = [process.pid for process in processes if not process.events.of(records.EVENT_STARTED)]
    if silent:
        yield Caveat(f"the probe's records of pid {', '.join(map(str, silent))} came without their names")
