"""Requests fetch again what earlier requests fetched already, although nothing was written in between.

What it looks for
    SELECTs of 5 ms and more whose question (statement and parameters) comes back in other
    requests. The stream of the measure phase is replayed through a cache in each process that
    forgets after 60 s, and at every write to one of the tables: half of the reads would be hits,
    and 5 % of the endpoint's server time would be saved.
Why it matters
    The database and the code around it compute the same answer over and over.
What to change
    Keep the result of the function that reads for a limited time, and drop it when its tables
    are written.
What it cannot see
    Writes by other programs, answers that depend on who asks beyond the parameters, and how
    your users' requests spread over the keys: the hit rates are those of this scenario's data.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl

from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures import reads
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_share, show_time

RULE = Rule(
    id="repeated-reads",
    title="Requests read again what has not changed",
    family=Family.CACHING,
    needs=("traces", "statements"),
    fix="Keep the result of this function for up to 60 s per process, and drop it when its tables are written.",
    fixes={
        "django": "Keep the result with cache.get_or_set(key, function, 60), and delete the key when its tables are written.",
    },
)
# How long the simulated caches remember, in seconds; the last one decides, the others show how much depends on it.
LIFETIMES = (1.0, 10.0, 60.0)
# Rule C1 of the rule set (detectors.md 1.11).
MIN_HIT_RATE = 0.5
MIN_SAVING_SHARE = 0.05
# The least that the gates of all rules call material: below it a stale answer is too high a price for what a cache saves.
MIN_READ_TIME = 0.005
# A shape with five different parameters in one request is a loop, which n-plus-one-queries judges.
MAX_DISTINCT_PER_REQUEST = 4
# Answers that change without a write that we can see: a cache would serve old ones.
MAX_STALE_SHARE = 0.05
# What the replay looks at.
COLUMNS = ("trace", "shape", "text", "tables", "parameters", "result", "started_at", "wall_time")
# Sums of floats differ in their last digits with the order in which they were added.
ROUNDING = 1e-9
# A function is mostly its statements when they take half of its time; then all of it is saved with them.
MIN_SHARE_OF_FUNCTION = 0.5


def detect(measures: Measures) -> Iterator[Finding]:
    for endpoint in measures.statements_by_endpoint:
        traces = measures.traces_by_endpoint[endpoint]
        server_time = float(traces.select(pl.col("wall_time").mean()).item())
        worth = MIN_SAVING_SHARE * server_time * traces.height
        sites = measures.statement_table.filter(pl.col("endpoint") == endpoint)
        if not (sites["total_time"] >= worth * (1 - ROUNDING)).any():
            continue
        stream = _stream(measures.statements_by_endpoint[endpoint], worth)
        cached = (
            _replayed(stream, traces, measures.writes)
            .join(sites.select("shape", pl.col("call_site").cast(pl.String)), on="shape", how="left", maintain_order="left")
            .with_columns(pl.col("call_site").fill_null(""))
        )
        if cached.is_empty():
            continue
        fresh = cached.join(_stale_shares(measures, endpoint), on="shape", how="left", maintain_order="left").filter(
            pl.col(_stale(LIFETIMES[-1])).fill_null(0.0) <= MAX_STALE_SHARE
        )
        function = pl.col("call_site").str.replace(r":\d+ in ", " in ")
        place = pl.when(pl.col("call_site") == "").then("text").otherwise(function)
        for _, group in fresh.group_by(place, maintain_order=True):
            finding = _finding(measures, endpoint, group, server_time)
            if finding is not None:
                yield finding


def _stream(statements: pl.DataFrame, worth: float) -> pl.DataFrame:
    """The reads that a cache could answer: each question once per request, of shapes whose time is `worth` it."""
    asked = reads.plain_reads(statements).select(COLUMNS)
    wall = pl.col("wall_time")
    shapes = asked.group_by("shape").agg(wall.mean().alias("mean"), wall.sum().alias("sum"), pl.len(), pl.col("trace").n_unique())
    worthy = shapes.filter((pl.col("mean") >= MIN_READ_TIME) & (pl.col("sum") >= worth))
    several = worthy.filter(pl.col("len") > pl.col("trace"))["shape"]
    once = asked.filter(pl.col("shape").is_in(worthy["shape"].implode()) & ~pl.col("shape").is_in(several.implode()))
    return pl.concat([once, _without_repeats(asked.filter(pl.col("shape").is_in(several.implode())))])


def _served(stream: pl.DataFrame, traces: pl.DataFrame) -> pl.DataFrame:
    """The stream in the order of time, with the process that each read happened in."""
    return stream.sort("started_at").join(traces.select("trace", "pid"), on="trace", how="left", maintain_order="left")


def _without_repeats(asked: pl.DataFrame) -> pl.DataFrame:
    """Each question once per request, without the shapes that are loops."""
    first = asked.sort("started_at").unique(["trace", "shape", "parameters"], keep="first", maintain_order=True)
    request = ["trace", "shape"]
    requests = asked.group_by(request).len("reads").join(first.group_by(request).len("distinct"), on=request)
    counts = requests.group_by("shape", "distinct").agg(pl.col("reads").sum()).sort("shape", "distinct")
    # The median over all reads, not over the requests: half of the reads stand in requests with so many different parameters.
    up_to, middle = pl.col("reads").cum_sum().over("shape"), pl.col("reads").sum().over("shape")
    medians = counts.with_columns(lower=up_to > (middle - 1) // 2, upper=up_to > middle // 2).group_by("shape").agg(
        (pl.col("distinct").filter("lower").first() + pl.col("distinct").filter("upper").first()) / 2
    )  # fmt: skip
    loops = medians.filter(pl.col("distinct") > MAX_DISTINCT_PER_REQUEST)["shape"]
    return first.filter(~pl.col("shape").is_in(loops.implode()))


def _replayed(stream: pl.DataFrame, traces: pl.DataFrame, writes: pl.DataFrame) -> pl.DataFrame:
    """Per shape that a cache would have answered often enough, how many reads each cache would have answered.

    Entries of one process are forgotten at fixed multiples of the lifetime, not one lifetime after they were made: that can be
    computed for all reads at once, and counts fewer hits than a real cache has.
    """
    began = _began(stream)
    # If all processes shared one cache and nobody wrote there would be more hits: most streams need no closer look.
    likely = _often_hit(stream, [_hits(_entry(LIFETIMES[-1], began, ("parameters",)))])
    known = _served(stream.filter(pl.col("shape").is_in(likely["shape"].implode())), traces)
    known = known.with_columns(writes=reads.writes_before(known, writes))
    hits = (_hits(_entry(lifetime, began)).alias(_rate(lifetime)) for lifetime in LIFETIMES)
    figures = (
        pl.len().alias("reads"),
        pl.col("parameters").n_unique().alias("keys"),
        pl.col("wall_time").sum().alias("total_time"),
        pl.col("text").first(),
    )
    return _often_hit(known, [*hits, *figures]).sort("total_time", "text", descending=[True, False])


def _often_hit(stream: pl.DataFrame, figures: list[pl.Expr]) -> pl.DataFrame:
    return stream.group_by("shape").agg(figures).filter(pl.col(_rate(LIFETIMES[-1])) >= MIN_HIT_RATE)


def _hits(entry: list[pl.Expr]) -> pl.Expr:
    """The share of the reads that find an entry: all but the first of each."""
    return ((pl.len() - pl.struct(entry).n_unique()) / pl.len()).alias(_rate(LIFETIMES[-1]))


def _stale_shares(measures: Measures, endpoint: str) -> pl.DataFrame:
    """Per shape, the share of hits that would have served other rows than the database: only the profile phase knows the rows."""
    statements = measures.profiled_statements_by_endpoint.get(endpoint)
    if statements is None:
        return pl.DataFrame(schema={"shape": pl.UInt32, **{_stale(lifetime): pl.Float64 for lifetime in LIFETIMES}})
    compared = _stream(statements.filter(pl.col("result") != 0), 0.0)
    stream = _served(compared, measures.profiled_traces_by_endpoint[endpoint])
    known = stream.with_columns(writes=reads.writes_before(stream, measures.profiled_writes))
    wrong = [
        pl.when(pl.int_range(pl.len()).over(entry) > 0)
        .then(pl.col("result") != pl.col("result").first().over(entry))
        .alias(_stale(lifetime))
        for lifetime in LIFETIMES
        for entry in [["shape", *_entry(lifetime, _began(stream))]]
    ]
    return known.with_columns(wrong).group_by("shape").agg(pl.col(_stale(lifetime)).mean() for lifetime in LIFETIMES)


def _began(stream: pl.DataFrame) -> float:
    return float(stream.select(pl.col("started_at").min().fill_null(0.0)).item())


def _entry(lifetime: float, began: float, keys: tuple[str, ...] = ("pid", "parameters", "writes")) -> list[pl.Expr]:
    """What one entry of the cache answers, of one shape."""
    return [*(pl.col(key) for key in keys), (pl.col("started_at") - began) // lifetime]


def _rate(lifetime: float) -> str:
    return f"hit_{lifetime:g}"


def _stale(lifetime: float) -> str:
    return f"stale_{lifetime:g}"


def _finding(measures: Measures, endpoint: str, group: pl.DataFrame, server_time: float) -> Finding | None:
    requests = measures.traces_by_endpoint[endpoint].height
    first = group.row(0, named=True)
    own_time = float(group["total_time"].sum()) / requests
    rate = _weighted(group, _rate(LIFETIMES[-1]))
    saving, what = own_time * rate, "the statements' own time"
    function = measures.function_time(endpoint, first["call_site"]) if first["call_site"] else Missing("no call site")
    if not isinstance(function, Missing) and own_time >= MIN_SHARE_OF_FUNCTION * function.time:
        saving, what = max(saving, min(function.time, server_time) * rate), "the function's time"
    if saving < MIN_SAVING_SHARE * server_time:
        return None
    low = min(saving, own_time * _weighted(group, _rate(LIFETIMES[-2])))
    compared = group[_stale(LIFETIMES[-1])].null_count() == 0
    caveats = [
        Caveat(f"the model: {what} x hit rate; the hit rate is that of this scenario's data, with one cache in each process"),
        *(() if compared else (Caveat("answers were not compared: the same rows are assumed from the same parameters"),)),
    ]
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.PREDICTED,
        message=_message(endpoint, group, rate, saving, server_time),
        saving=saving,
        saving_interval=(low, saving),
        call_site=first["call_site"],
        statement=first["text"],
        exhibits=_exhibits(group),
        caveats=tuple(caveats),
        fix=RULE.fix_for(measures.frameworks),
    )


def _weighted(group: pl.DataFrame, column: str) -> float:
    return float(group.select((pl.col(column) * pl.col("total_time")).sum() / pl.col("total_time").sum()).item())


def _message(endpoint: str, group: pl.DataFrame, rate: float, saving: float, server_time: float) -> str:
    place = group["call_site"][0]
    what = f"what {place.rpartition(' in ')[2]} ({place.rpartition(' in ')[0]}) reads" if place else "a read"
    reads_, keys = int(group["reads"].sum()), int(group["keys"].sum())
    asked = "the same question" if keys == 1 else f"{show_number(keys)} different questions"
    return (
        f"{endpoint}: {what} comes back unchanged: {show_number(reads_)} reads asked {asked}; "
        f"kept for 60 s it would be a hit in {show_share(rate)}, "
        f"saving up to {show_time(saving)} of {show_time(server_time)} per request"
    )


def _exhibits(group: pl.DataFrame) -> tuple[Exhibit, ...]:
    rows: list[dict[str, Any]] = [
        {
            "statement": row["text"],
            "lifetime_time": lifetime,
            "hit_share": row[_rate(lifetime)],
            "stale_share": row[_stale(lifetime)],
        }
        for row in group.iter_rows(named=True)
        for lifetime in LIFETIMES
    ]
    cost = group.select(
        pl.col("text").alias("statement"),
        "reads",
        "keys",
        (pl.col("total_time") / pl.col("reads")).alias("mean_time"),
        "call_site",
    )
    return (
        Exhibit("hits of a cache by how long it remembers", pl.DataFrame(rows, schema_overrides={"stale_share": pl.Float64})),
        Exhibit("what is read", cost),
    )
