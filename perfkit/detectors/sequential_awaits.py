"""An asynchronous handler awaits independent-looking calls one after the other.

What it looks for
    Asynchronous requests with two or more outbound calls, to different hosts or from different
    lines, in the same order every time and never overlapping, where running them together would
    save 5 ms and 10 % of the request. Reads of the database count as one more such call.
Why it matters
    The request takes the sum of its waits instead of the longest of them.
What to change
    Start the calls together: asyncio.gather() or a TaskGroup.
What it cannot see
    Whether one call needs an answer of another: that is for you to know, so this is a
    prediction, and with the database involved only a hint. It cannot see either whether the
    called services answer as fast when they are asked at the same time.
"""

from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.stats.proportions import NORMAL_95
from perfkit.units import show_number, show_time

RULE = Rule(
    id="sequential-awaits",
    title="Independent calls are awaited one after the other",
    family=Family.ASYNC,
    needs=("traces", "waits"),
    fix="Start these calls together with asyncio.gather() or asyncio.TaskGroup, unless one needs the answer of another.",
)
# Rule A2 of the rule set (detectors.md 1.11) says 50 ms for networks; calls between services of one machine or data centre take
# 1 to 20 ms, so that 50 ms would never be reached there. 5 ms is the least that the gates of all rules call material.
MIN_SAVING = 0.005
MIN_SAVING_SHARE = 0.10
MIN_CALLS = 2
# The order must be that of the code, not of chance: the same in this share of the requests.
MIN_STABLE_SHARE = 0.8
# One overlap shows that the code can run them together already; 5 % tolerates clocks and retries.
MIN_APART_SHARE = 0.95
# Two clock readings around a switch of tasks: calls may seem to overlap by this much.
CLOCK_SLACK = 0.0001
DATABASE = "database"


def detect(measures: Measures) -> Iterator[Finding]:
    for endpoint, waits in measures.waits_by_endpoint.items():
        traces = measures.traces_by_endpoint[endpoint].filter(pl.col("asynchronous"))
        outbound = _outbound(waits, traces, measures.profiled_waits_by_endpoint.get(endpoint))
        if outbound.is_empty():
            continue
        finding = _judge(measures, endpoint, traces, outbound)
        if finding is not None:
            yield finding


def _outbound(waits: pl.DataFrame, traces: pl.DataFrame, profiled: pl.DataFrame | None) -> pl.DataFrame:
    """Outbound calls of asynchronous requests, each in a lane: calls of one line, or of one host where no line is known."""
    calls = waits.filter((pl.col("kind") == "outbound") & ~pl.col("failed")).join(traces.select("trace"), on="trace", how="semi")
    named = calls.select("trace", pl.col("name").cast(pl.String), pl.col("call_site").cast(pl.String), "started_at", "wall_time")
    others = [] if profiled is None else [profiled.filter(pl.col("kind") == "outbound").select(_site())]
    sites = pl.concat([named.select(_site()), *others]).unnest("site").filter(pl.col("call_site") != "").unique()
    usual = sites.group_by("name").agg(pl.col("call_site").first().alias("usual"), pl.len().alias("sites"))
    # The probe walks the stack for some requests only: a host called from several lines needs requests that were walked in full.
    unwalked = ((pl.col("call_site") == "") & (pl.col("sites").fill_null(0) > 1)).any().over("trace")
    site = pl.when((pl.col("call_site") == "") & (pl.col("sites") == 1)).then("usual").otherwise("call_site")
    return (
        named.join(usual, on="name", how="left")
        .filter(~unwalked)
        .with_columns(call_site=site)
        .select("trace", pl.format("{} from {}", "name", "call_site").alias("lane"), "started_at", "wall_time")
    )


def _site() -> pl.Expr:
    return pl.struct(pl.col("name").cast(pl.String), pl.col("call_site").cast(pl.String)).alias("site")


def _judge(measures: Measures, endpoint: str, traces: pl.DataFrame, outbound: pl.DataFrame) -> Finding | None:
    found = _serial(outbound, traces)
    level = Level.PREDICTED
    statements = measures.statements_by_endpoint.get(endpoint) if found is None else None
    if statements is not None and (statements["verb"] == "SELECT").all():
        # A write may have to come before or after a call: only requests that just read are looked at.
        queries = statements.select("trace", pl.lit(DATABASE).alias("lane"), "started_at", "wall_time")
        found = _serial(pl.concat([outbound, queries.join(outbound, on="trace", how="semi")]), traces)
        level = Level.HINT
    if found is None:
        return None
    requests, gantt = found
    saving = float(requests.select(pl.col("saving").mean()).item())
    reach = NORMAL_95 * float(requests.select(pl.col("saving").std()).item() or 0.0) / requests.height**0.5
    typical = requests.row(0, named=True)
    return Finding(
        rule=RULE,
        where=endpoint,
        level=level,
        message=(
            f"{endpoint}: {show_number(float(typical['calls']))} calls that never overlap take {show_time(typical['sum'])}, "
            f"the longest {show_time(typical['longest'])}; run together they save up to {show_time(saving)} "
            f"of {show_time(typical['wall'])} per request"
        ),
        saving=saving,
        saving_interval=(max(0.0, saving - reach), saving + reach),
        call_site=gantt["lane"][0].rpartition(" from ")[2],
        exhibits=(Exhibit("one request", gantt),),
        caveats=(
            Caveat("nothing says that no call needs the answer of another: check that before you change it"),
            Caveat("the called services are assumed to answer as fast when they are asked at the same time"),
        ),
    )


def _serial(calls: pl.DataFrame, traces: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """The requests with what running their calls together would save, and the calls of one; None when that is too little."""
    ended = (pl.col("started_at") + pl.col("wall_time")).cum_max().shift(1).over("trace")
    requests = (
        calls.sort("trace", "started_at")
        .with_columns(overlaps=(pl.col("started_at") < ended - CLOCK_SLACK).fill_null(value=False))
        .with_columns(lane_time=pl.col("wall_time").sum().over("trace", "lane"))
        .group_by("trace")
        .agg(
            pl.col("overlaps").any(),
            pl.col("lane").n_unique().alias("lanes"),
            pl.len().alias("calls"),
            pl.col("lane").unique(maintain_order=True).str.join(" | ").alias("order"),
            pl.col("wall_time").sum().alias("sum"),
            pl.col("lane_time").max().alias("longest"),
        )
        .join(traces.select("trace", wall=pl.col("wall_time")), on="trace")
        .with_columns(saving=pl.col("sum") - pl.col("longest"))
    )
    several = requests.filter(pl.col("lanes") >= MIN_CALLS)
    if several.is_empty():
        return None
    usual = several["order"].mode().sort()[0]
    alike = several.filter((pl.col("order") == usual) & ~pl.col("overlaps"))
    apart = 1 - float(several.select(pl.col("overlaps").mean()).item())
    if apart < MIN_APART_SHARE or alike.height < MIN_STABLE_SHARE * several.height:
        return None
    middle = alike.select(pl.col("saving").median(), pl.col("wall").median()).row(0, named=True)
    if middle["saving"] < max(MIN_SAVING, MIN_SAVING_SHARE * middle["wall"]):
        return None
    typical = alike.sort((pl.col("saving") - middle["saving"]).abs(), "trace")
    first = calls.filter(pl.col("trace") == typical["trace"][0]).sort("started_at")
    start = pl.col("started_at") - pl.col("started_at").min()
    return typical, first.select("lane", start.alias("start_time"), "wall_time")
