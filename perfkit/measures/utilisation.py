"""How much of each resource was in use while the load was measured: 0 to 1, what it is computed from, or why nobody can say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, Interval, Missing
from perfkit.measures import processors, services
from perfkit.measures.frames import numbers, present
from perfkit.measures.processors import Processor
from perfkit.schemas import GAUGES, TRACES, WAITS
from perfkit.units import show_number, show_rate, show_share, show_time

Resource: TypeAlias = Literal[
    "worker CPU",
    "GIL",
    "worker slots",
    "thread pool",
    "event loop",
    "database pool",
    "database",
    "lock",
    "outbound dependency",
    "accept queue",
    "generator",
]

# What a gauge of the probe is of (probe.records.RESOURCES) → resource, and what a place of it is called.
_GAUGED: Final[Mapping[str, tuple[Resource, str]]] = {
    "slots": ("worker slots", "requests at once"),
    "thread_pool": ("thread pool", "threads"),
    "pool": ("database pool", "connections"),
    "lock": ("lock", "holder"),
    "event_loop": ("event loop", ""),
    "gil": ("GIL", ""),
}
_NOT_GAUGED: Final = "the probe saw none in the target"
# Half a second of looks at most: fewer say nothing of a minute.
_LEAST_LOOKS: Final = 4


@dataclass(frozen=True, slots=True)
class Utilisation:
    """One resource, in one place."""

    resource: Resource
    where: str  # "process 4711", the pool's name, the lock's line, the host; "" where there is but one
    share: float | Missing
    basis: str  # what it is computed from, with its figures
    pid: int = 0  # of the process whose own it is; 0: of several


def of(evidence: Evidence, alone: Mapping[str, float] | None = None) -> tuple[Utilisation, ...]:
    """Every resource at least once, in the measure phase; the fullest of each first.

    `alone` are the services' times from a run at lower load (services.times_alone), for a run in which no call was alone.
    """
    interval = evidence.run.interval("measure")
    if interval is None:
        return ()
    busy = _processors(evidence)
    found = [
        *_cpu(evidence, busy),
        *_gauged(evidence, interval, busy),
        *_services(evidence, alone),
        *_accept_queue(evidence, interval),
        *_generator(evidence),
    ]
    return tuple(sorted(found, key=lambda one: -1.0 if isinstance(one.share, Missing) else one.share, reverse=True))


def _processors(evidence: Evidence) -> dict[int, Processor]:
    found = processors.per_process(evidence)
    return {} if isinstance(found, Missing) else {one.pid: one for one in found}


def _cpu(evidence: Evidence, busy: Mapping[int, Processor]) -> Iterator[Utilisation]:
    """Python runs one thread at a time: a process is full when it wants one core all the time, whether it gets it or not."""
    found = processors.per_process(evidence)
    if isinstance(found, Missing):
        yield Utilisation("worker CPU", "", found, "CPU time of each process of the target")
        return
    for one in busy.values():
        delay = 0.0 if isinstance(one.delay, Missing) else one.delay
        waits = f", and was ready to run without one for {show_share(min(delay, 1.0))} of the time" if delay else ""
        share = min(one.cpu + delay, 1.0)
        yield Utilisation("worker CPU", f"process {one.pid}", share, f"had {one.cpu:.2f} of a core{waits}", one.pid)


def _gauged(evidence: Evidence, interval: Interval, busy: Mapping[int, Processor]) -> Iterator[Utilisation]:
    if isinstance(evidence.gauges, Missing):
        for resource, _ in _GAUGED.values():
            yield Utilisation(resource, "", evidence.gauges, "what the probe sees of it")
        return
    gauges = present(evidence.gauges, GAUGES).filter(pl.col("at").is_between(interval.started_at, interval.finished_at))
    traces = _within(present(evidence.traces, TRACES), interval)
    waits = _within(present(evidence.waits, WAITS), interval)
    for kind, (resource, unit) in _GAUGED.items():
        rows = gauges.filter(pl.col("resource").cast(pl.String) == kind)
        if rows.is_empty():
            yield Utilisation(resource, "", Missing(_NOT_GAUGED), "what the probe sees of it")
        elif kind == "slots":
            yield from _slots(rows, traces, interval, busy)
        elif kind in {"event_loop", "gil"}:
            yield from _naps(rows, resource, traces if kind == "event_loop" else traces.clear(), interval)
        else:
            yield from _places(rows, resource, unit, waits, interval)


def _within(rows: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Rows with start and length, cut at the ends of the phase."""
    start = pl.col("started_at").clip(lower_bound=interval.started_at)
    end = (pl.col("started_at") + pl.col("wall_time")).clip(upper_bound=interval.finished_at)
    return rows.with_columns(start=start, end=end).filter(pl.col("end") > pl.col("start"))


def _slots(rows: pl.DataFrame, traces: pl.DataFrame, interval: Interval, busy: Mapping[int, Processor]) -> Iterator[Utilisation]:
    """Of all workers together, for a request goes to any of them.

    A look of the probe needs the interpreter's lock, so that it sees a worker that computes too often between two requests. The
    time of the requests themselves is exact, and a thread's CPU outside of them (parsing, writing) is the server's for them.
    """
    sizes = rows.group_by("pid").agg(pl.col("size").max(), looked=pl.col("used").sum() / pl.col("size").sum())
    places = float(sizes["size"].sum())
    looked = float((sizes["looked"] * sizes["size"]).sum()) / places
    served = traces.filter(pl.col("pid").is_in(sizes["pid"].implode()))
    inside = float((served["end"] - served["start"]).sum()) / interval.duration
    own_cpu = float(served["cpu_time"].fill_nan(0.0).sum()) / interval.duration
    around = max(sum(busy[pid].cpu for pid in sizes["pid"] if pid in busy) - own_cpu, 0.0)
    share = min(max(looked, (inside + around) / places), 1.0)
    waiting = rows["waiting"].mean()
    line = f", {show_number(waiting)} waiting for one" if isinstance(waiting, float) and waiting > 0 else ""
    basis = f"{show_number(max(inside + around, looked * places))} of {places:g} in use in the mean{line}"
    yield Utilisation("worker slots", str(rows["name"][0]), share, basis)


def _naps(rows: pl.DataFrame, resource: Resource, traces: pl.DataFrame, interval: Interval) -> Iterator[Utilisation]:
    for (pid,), own in rows.group_by(pl.col("pid")):
        looked = float(own["used"].sum()) / float(own["size"].sum())
        steps = traces.filter((pl.col("pid") == pid) & pl.col("asynchronous"))
        held = float(steps["loop_time"].fill_nan(0.0).sum()) / interval.duration
        basis = f"busy {show_share(looked)} of the time, as seen by a thread that naps"
        if resource == "event loop":
            basis = f"busy {show_share(looked)} of the time by its own timer; requests held it {show_share(min(held, 1.0))}"
        yield Utilisation(resource, f"process {pid}", min(max(looked, held), 1.0), basis, int(str(pid)))


def _places(rows: pl.DataFrame, resource: Resource, unit: str, waits: pl.DataFrame, interval: Interval) -> Iterator[Utilisation]:
    """Each pool and each lock of each process; what somebody waited for was full for as long."""
    for (pid, name), own in rows.group_by(pl.col("pid"), pl.col("name").cast(pl.String)):
        if own.height < _LEAST_LOOKS:
            continue
        looked = float(own["used"].sum()) / float(own["size"].sum())
        mine = waits.filter(
            (pl.col("name").cast(pl.String) == name) & pl.col("kind").cast(pl.String).is_in(["pool_wait", "lock"])
        )
        full = _union(mine["start"].to_list(), mine["end"].to_list()) / interval.duration
        waiting = own["waiting"].mean()
        line = f", {show_number(waiting)} waiting" if isinstance(waiting, float) and waiting > 0 else ""
        size = float(own["size"].to_numpy().max())
        basis = (
            f"{show_number(looked * size)} of {size:g} {unit} in {own.height} looks{line}; full {show_share(full)} of the time"
        )
        yield Utilisation(resource, str(name), min(max(looked, full), 1.0), basis, int(str(pid)))


def _union(starts: Iterable[float], ends: Iterable[float]) -> float:
    """Seconds that at least one of the stretches covers."""
    begun, ended = np.array(list(starts)), np.array(list(ends))
    order = np.argsort(begun, kind="stable")
    begun, ended = begun[order], np.maximum.accumulate(ended[order])
    return float(np.sum(ended - np.maximum(begun, np.concatenate([[-np.inf], ended[:-1]])))) if len(begun) else 0.0


def _services(evidence: Evidence, alone: Mapping[str, float] | None) -> Iterator[Utilisation]:
    found = services.asked(evidence, alone)
    if isinstance(found, Missing):
        yield Utilisation("database", "", found, "statements")
        yield Utilisation("outbound dependency", "", found, "outbound calls")
        return
    for service in found:
        resource: Resource = "database" if service.name == services.DATABASE else "outbound dependency"
        single = service.undisturbed
        once = "" if isinstance(single, Missing) else f"; {show_time(single)} when nothing else is asked"
        basis = f"{show_number(service.under_way)} calls at once, {show_rate(service.rate)}, {show_time(service.time)} each{once}"
        yield Utilisation(resource, service.name, service.utilisation, basis)
    names = {service.name for service in found}
    if services.DATABASE not in names:
        yield Utilisation("database", "", Missing("no statement was run"), "what the hooks of the probe see")
    if not names - {services.DATABASE}:
        yield Utilisation("outbound dependency", "", Missing("no other service was called"), "what the hooks of the probe see")


def _accept_queue(evidence: Evidence, interval: Interval) -> Iterator[Utilisation]:
    """Full when a connection was turned away: the counter is the machine's, so a queue that was never half full is not blamed."""
    if isinstance(evidence.accept_queue, Missing):
        yield Utilisation("accept queue", "", evidence.accept_queue, "connections that nobody has accepted yet")
        return
    rows = evidence.accept_queue.filter(pl.col("at").is_between(interval.started_at, interval.finished_at))
    if rows.height < _LEAST_LOOKS:
        yield Utilisation("accept queue", "", Missing("the measure phase was too short to look"), "looks at the listening socket")
        return
    queued, backlog = numbers(rows["queued"]), float(rows["backlog"].to_numpy().max())
    share = float(queued.mean()) / backlog if backlog else 0.0
    turned_away = int(rows["overflows"][-1]) - int(rows["overflows"][0])
    if turned_away and queued.max() >= backlog / 2:
        share = 1.0
    basis = f"{show_number(float(queued.mean()))} of {backlog:g} connections wait in the mean, {queued.max():g} at most"
    yield Utilisation("accept queue", "", min(share, 1.0), f"{basis}; {turned_away} turned away on this machine")


def _generator(evidence: Evidence) -> Iterator[Utilisation]:
    health = evidence.run.generator
    if health is None:
        yield Utilisation("generator", "", Missing("the generator left no account of itself"), "CPU of its processes")
    else:
        yield Utilisation("generator", "", min(health.cpu_share, 1.0), "CPU of its busiest process, of one core")
