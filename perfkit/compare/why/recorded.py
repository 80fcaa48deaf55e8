"""What the profiled stretches and the alternation before them left, as evidence of each version that every measure can read."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from perfkit.collectors import call_trees, probe_files, probe_processes, stack_files
from perfkit.collectors.probe_files import ProbeTables
from perfkit.compare.side import Pair, Side
from perfkit.compare.sides import WORK
from perfkit.compare.standing import Name
from perfkit.compare.why.explanation import SHARED
from perfkit.compare.why.observe import Profiled, Watched
from perfkit.compare.why.stretches import Stretch
from perfkit.evidence import Evidence, Interval, Missing, Phase, Run, Table
from perfkit.measures.lazy import Measures
from perfkit.measures.profiles import by_endpoint
from perfkit.run import places
from perfkit.scenario.resolved import resolved
from perfkit.schemas import PROFILE, SAMPLES

NOT_WATCHED: Final = Missing("it is not watched while two versions are compared")
UNITS: Final = pl.Schema({"id": pl.UInt64(), "unit": pl.Int64()})
SENT: Final = pl.Schema(
    {
        name: SAMPLES[name]
        for name in ("id", "flow", "step", "endpoint", "phase", "sent_at", "finished_at", "status", "bytes", "error")
    }
)
PROFILES: Final = pl.Schema(
    {
        "side": pl.String(),
        "profiler": pl.String(),
        "stretch": pl.UInt16(),
        "endpoint": pl.String(),
        "requests": pl.UInt32(),  # that it saw of the endpoint in this stretch
        **{name: PROFILE[name] for name in ("stack", "samples", "time")},
    }
)
FLUSHED: Final = 1.0  # seconds after the last request until the probe has written all of it


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one profiler saw of one version in one stretch: schemas.PROFILE by endpoint, and of how many requests."""

    number: int
    by_endpoint: Mapping[str, pl.DataFrame]
    requests: Mapping[str, int]  # under SHARED all of them


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One version; `units` says which of its requests were measured together: in a block, or in a stretch."""

    side: Name
    measures: Measures
    units: pl.DataFrame  # UNITS
    stacks: tuple[Seen, ...] | Missing
    trees: tuple[Seen, ...] | Missing
    roots: tuple[str, ...] = ()  # folders of this version's own checkout, the longest first


def recorded(side: Side, pair: Pair, watched: Watched, pairs: Table) -> Recorded:
    """One version's; the pairs of the alternation are what was measured, unless plain stretches stand in for them."""
    side.traces()  # what is still on its way to the disk is waited for
    own = [one for one in watched.profiled if one.stretch.side == side.name]
    plain = [one for one in watched.plain if one.side == side.name]
    at = watched.profiling_from - pair.epoch
    intervals = (Interval("measure", 0.0, at), Interval("profile", at, at + watched.lasted + FLUSHED))
    probe = probe_files.read(side.directory, pair.epoch, intervals)
    measured = sent_in(plain, "measure", pair.epoch) if plain else sent_in_pairs(pairs, side.name, probe.traces)
    profiled = sent_in([one.stretch for one in own], "profile", pair.epoch)
    run = _run(side, intervals, pair.epoch, probe)
    stacks = {one.stretch.number: places.relative(stack_files.read(one.directory, probe.labels), run) for one in own}
    trees = list(call_trees.followed(probe_processes.read(side.directory.probe)))
    measures = Measures(
        Evidence(
            run=run, samples=samples_of(measured, profiled), responses=NOT_WATCHED, traces=probe.traces,
            statements=probe.statements, shapes=probe.shapes, waits=probe.waits, plans=probe.plans,
            stacks=_together(stacks.values()), call_trees=places.relative(call_trees.read(side.directory), run),
            blockers=NOT_WATCHED, memory=NOT_WATCHED, host=NOT_WATCHED, caveats=probe.caveats,
        )
    )  # fmt: skip
    return Recorded(
        side=side.name,
        measures=measures,
        units=units_of(plain, pairs, side.name),
        stacks=tuple(_by_stacks(own, stacks, measures)) or _why(measures, "stacks"),
        trees=tuple(_by_trees(own, trees, run, measures)) or _why(measures, "call_trees"),
        roots=_roots(side, run),
    )


def profiles(base: Recorded, head: Recorded) -> pl.DataFrame:
    """profiles.parquet: what every profiler saw of both versions, stretch by stretch."""
    tables = [
        rows.select(
            side=pl.lit(one.side), profiler=pl.lit(profiler), stretch=pl.lit(seen.number, pl.UInt16),
            endpoint=pl.lit(endpoint), requests=pl.lit(seen.requests.get(endpoint, 0), pl.UInt32),
            stack=pl.col("stack"), samples=pl.col("samples"), time=pl.col("time"),
        )
        for one in (base, head)
        for profiler, of_stretches in (("py-spy", one.stacks), ("pyinstrument", one.trees))
        if not isinstance(of_stretches, Missing)
        for seen in of_stretches
        for endpoint, rows in seen.by_endpoint.items()
    ]  # fmt: skip
    return pl.concat(tables) if tables else pl.DataFrame(schema=PROFILES)


def units_of(plain: Sequence[Stretch], pairs: Table, name: Name) -> pl.DataFrame:
    if plain or isinstance(pairs, Missing):
        return pl.DataFrame([(each.id, one.number) for one in plain for each in one.outcomes], schema=UNITS, orient="row")
    return pairs.select(pl.col(f"{name}_id").alias("id"), pl.col("block").cast(pl.Int64).alias("unit"))


def sent_in(stretches: Sequence[Stretch], phase: Phase, epoch: float) -> pl.DataFrame:
    rows = [
        (one.id, one.flow, one.step, one.endpoint, phase, one.sent_at - epoch, one.sent_at - epoch + one.time,
         one.status, one.size, one.error or None)
        for stretch in stretches
        for one in stretch.outcomes
        if not math.isnan(one.time)  # it could not even be sent
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SENT, orient="row")


def sent_in_pairs(pairs: Table, name: Name, traces: Table) -> pl.DataFrame:
    """When they were sent is known from inside; that is enough, since nobody asks here how long they waited to be served."""
    if isinstance(pairs, Missing) or isinstance(traces, Missing):
        return pl.DataFrame(schema=SENT)
    began = traces.select("id", sent_at="started_at").unique("id", keep="last")
    own = pairs.select(
        "flow", "step", "endpoint", *(pl.col(f"{name}_{column}").alias(column) for column in ("id", "status", "bytes", "error")),
        time=pl.col(f"{name}_time").fill_null(0.0), phase=pl.lit("measure"),
    )  # fmt: skip
    return (
        own.join(began, on="id", how="inner")
        .with_columns(finished_at=pl.col("sent_at") + pl.col("time"))
        .select(pl.col(column).cast(kind) for column, kind in SENT.items())
    )


def samples_of(*parts: pl.DataFrame) -> pl.DataFrame:
    """As schemas.SAMPLES: under the comparison's names of endpoints, none of them late, none on a new connection."""
    same: dict[str, Any] = {
        "worker": 0, "virtual_user": 1, "named": True, "connect_time": 0.0, "tls_time": 0.0, "reconnect": False,
    }  # fmt: skip
    return (
        pl.concat(parts)
        .with_columns(intended_at="sent_at", first_byte_at="finished_at", **{key: pl.lit(value) for key, value in same.items()})
        .select(pl.col(column).cast(kind) for column, kind in SAMPLES.items())
    )


def _run(side: Side, intervals: tuple[Interval, ...], epoch: float, probe: ProbeTables) -> Run:
    return Run(
        id=side.name, scenario=side.scenario.name, started_at="", state="finished", commit=side.source.commit, parent="",
        dirty=side.source.dirty, load=side.scenario.default_load(), resolved=resolved(side.scenario), machine={},
        intervals=intervals, serving=probe.servers, observers={}, hooks=probe.hooks, generator=None, epoch=epoch,
    )  # fmt: skip


def _roots(side: Side, run: Run) -> tuple[str, ...]:
    """The folder that the version was started in, and its whole checkout."""
    checkout = str(side.directory.path.parent / WORK / side.name)
    return tuple(sorted({places.home(run), checkout} - {""}, key=len, reverse=True))


def _together(tables: Iterable[Table]) -> Table:
    """Of all stretches; why there is none, in the words of the first that is missing."""
    found, lacking = [], [Missing("no stretch was profiled")]
    for table in tables:
        if isinstance(table, Missing):
            lacking.insert(-1, table)
        else:
            found.append(table)
    return pl.concat(found) if found else lacking[0]


def _by_stacks(own: Sequence[Profiled], stacks: Mapping[int, Table], measures: Measures) -> Iterator[Seen]:
    for one in own:
        table = stacks[one.stretch.number]
        if isinstance(table, pl.DataFrame):
            asked = Counter(outcome.endpoint for outcome in one.stretch.outcomes if outcome.status)
            requests = {**asked, SHARED: asked.total()}
            yield Seen(one.stretch.number, by_endpoint(table, measures.final_names), requests)


def _by_trees(
    own: Sequence[Profiled], followed: Sequence[call_trees.Followed], run: Run, measures: Measures
) -> Iterator[Seen]:  # fmt: skip
    names = measures.final_names
    for one in own:
        within = [each for each in followed if one.stretch.started_at <= each.started_at <= one.stretch.finished_at]
        table = places.relative(call_trees.table(within), run)
        if isinstance(table, pl.DataFrame) and not table.is_empty():
            requests = Counter(names.get(each.endpoint, each.endpoint) for each in within)
            yield Seen(one.stretch.number, by_endpoint(table, names), requests)


def _why(measures: Measures, table: Any) -> Missing:
    return measures.evidence.missing(table) or Missing("it saw nothing of any stretch")
