"""How it was measured: the rules that could look and those that could not, the machine, the observers and what they cost."""

from collections.abc import Mapping
from typing import Any, Final

from perfkit.analyze.pages import cores, generator_seconds
from perfkit.evidence import Floor, Missing, Run, WorkerHealth
from perfkit.finding import Analysis
from perfkit.measures.connections import Opened, opened
from perfkit.measures.lazy import Measures
from perfkit.page import Block, Column, Section, Table
from perfkit.units import show_rate, show_share, show_size, show_time

MACHINE: Final = ("cores", "cpu", "memory", "kernel", "python", "noise")
OK: Final = "ok"


def rules(analysis: Analysis) -> Section:
    """Every rule that found nothing, by why."""
    rows = (
        *((failed.rule.id, failed.rule.title, "failed", f"a bug of perfkit's: {failed.why}") for failed in analysis.failed),
        *((skipped.rule.id, skipped.rule.title, "not tested", skipped.why) for skipped in analysis.skipped),
        *((rule.id, rule.title, "clean", "looked, and found nothing above its thresholds") for rule in analysis.clean),
    )
    columns = (Column("rule", "code"), Column("would have found"), Column("outcome"), Column("why"))
    return Section(
        "Rules that found nothing", (Table("Rules", columns, rows),), "Not tested is not clean: the reason says what to change."
    )


def method(analysis: Analysis, measures: Measures) -> Section:
    run = measures.run
    blocks: tuple[Block, ...] = (
        pairs("The run", about(run)),
        pairs("What observing cost", cost(analysis)),
        cores.table(measures),
        observers(run),
        pairs("Generator", [*generator(run), *connections(opened(measures.samples))]),
        *generator_seconds.blocks(measures.evidence, measures.counts),
        pairs("Machine", machine(run)),
    )
    return Section("How it was measured", tuple(block for block in blocks if not isinstance(block, Table) or block.rows))


def about(run: Run) -> list[tuple[str, str]]:
    commit = f"{run.commit}{' with local changes' if run.dirty else ''}" if run.commit else "not in git"
    phases = [(f"{interval.phase} phase", f"{show_time(interval.duration)}") for interval in run.intervals]
    workers = ", ".join(f"{worker['pid']} ({worker['server']}, Python {worker['python']})" for worker in run.serving)
    return [
        ("scenario", run.scenario),
        ("load profile", run.load),
        ("commit", commit),
        ("started", run.started_at),
        *phases,
        ("serving processes", workers or "not known"),
    ]


def cost(analysis: Analysis) -> list[tuple[str, str]]:
    """Only what was measured; figures of the report are of the measure phase, so the first line is what they carry."""
    figures = analysis.observer
    rows: list[tuple[str, str]] = []
    if "probe_cpu_per_request" in figures:
        share = (
            f" ({show_share(figures['probe_cpu_per_request'] / figures['cpu_per_request'])} of the target's)"
            if figures.get("cpu_per_request")
            else ""
        )
        rows.append(("probe, CPU per request in the measure phase", f"{show_time(figures['probe_cpu_per_request'])}{share}"))
    if "cpu_per_request" in figures:
        rows.append(("target, CPU per request in the measure phase", show_time(figures["cpu_per_request"])))
    if "profile_cpu_ratio" in figures:
        rows.append(("CPU per request in the profile phase, against the measure phase", f"x {figures['profile_cpu_ratio']:.2f}"))
    return rows


def observers(run: Run) -> Table:
    """Every observer and every hook: one that failed is told, never a silent zero."""
    rows = [
        (name, "observer", "works" if status == OK else "missing", "" if status == OK else status)
        for name, status in sorted(run.observers.items())
    ]
    keys = ("name", "version", "state", "why")
    hooks = {tuple(str(hook.get(key) or "") for key in keys) for hook in run.hooks}
    rows += [(f"{name} {version}".strip(), "hook", state, why) for name, version, state, why in sorted(hooks)]
    return Table("Observers and hooks", (Column("name", "code"), Column("kind"), Column("state"), Column("why")), tuple(rows))


def generator(run: Run) -> list[tuple[str, str]]:
    health = run.generator
    if health is None:
        return floor(run.floor)
    return [
        ("requests due, sent, finished, dropped", f"{health.offered}, {health.sent}, {health.finished}, {health.dropped}"),
        ("sent after they were due, p50 and p99", f"{show_time(health.lag_p50)}, {show_time(health.lag_p99)}"),
        ("CPU of the busiest generator process", f"{show_share(health.cpu_share)} of a core"),
        *((f"generator process {worker.worker}", account_of(worker)) for worker in health.workers),
        *floor(run.floor),
    ]


def floor(found: Floor | Missing) -> list[tuple[str, str]]:
    """What the generator can do at most, as it was measured before the run."""
    if isinstance(found, Missing):
        return [("requests that it can send at most", f"not measured: {found.why}")]
    processes = f", with {found.processes} processes on a core each" if found.processes > 1 else ""
    asked = f"; the load asks for {show_rate(found.needed_rate)}" if found.needed_rate else ""
    how = (
        f"{found.requests} requests of this scenario in {show_time(found.duration)} ({show_rate(found.achieved_rate)}) against a "
        f"server on this machine that answers each with {show_size(found.answer)} over plain HTTP; log-ins succeed, nobody pauses"
    )
    return [
        ("requests that it can send at most", f"{show_rate(found.rate)}{processes}{asked}"),
        ("CPU of one request", show_time(found.cpu_per_request)),
        ("measured before the run", how),
    ]


def connections(found: Opened) -> list[tuple[str, str]]:
    """Opening one is part of the request that needed it, so that what it took is told beside the response times."""
    if not found.connections:
        return []
    rows = [("connections opened, of them again", f"{found.connections} for {found.requests} requests, {found.again}")]
    steps = (("connecting (name and TCP), p50 and p99", found.connect), ("TLS handshake, p50 and p99", found.tls))
    return [*rows, *((what, f"{show_time(times[0])}, {show_time(times[1])}") for what, times in steps if times is not None)]


def account_of(worker: WorkerHealth) -> str:
    counts = f"{worker.offered}, {worker.sent}, {worker.finished}, {worker.dropped}"
    clock = f"; its clock is known to {show_time(worker.clock_error)}" if worker.clock_error else ""
    lost = f"; {worker.lost}" if worker.lost else ""
    return f"{worker.name}: {counts}; {worker.rows} on record; {show_share(worker.cpu_share)} of a core{clock}{lost}"


def machine(run: Run) -> list[tuple[str, str]]:
    known: Mapping[str, Any] = run.machine
    rows = [(key, shown(key, known[key])) for key in MACHINE if key in known]
    tools = known.get("tools")
    if isinstance(tools, Mapping):
        rows.append(("tools", ", ".join(f"{name} {version}" for name, version in tools.items() if version)))
    return rows


def shown(key: str, value: object) -> str:
    if key == "memory" and isinstance(value, int):
        return show_size(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part:.3g}" if isinstance(part, float) else f"{name} {part}" for name, part in value.items())
    return str(value)


def pairs(title: str, rows: list[tuple[str, str]]) -> Table:
    return Table(title, (Column("what"), Column("value")), tuple(rows))
