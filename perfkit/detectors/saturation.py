"""The service completes less than it is asked to do, or its queue grows through the run.

What it looks for
    Open load: less than 95 % of the offered requests are completed in the measure phase, or
    at a constant rate the median response time of the last third is twice that of the first
    while more and more requests are open. Closed load: with twice the users the median
    response time grows as they do, and no more requests are completed.
Why it matters
    Beyond its capacity a service answers nobody in time: percentiles measured there say how
    long the run was, not how fast the service is.
What to change
    Lower the cost of the busiest endpoint, add workers or cores, or shed load early.
What it cannot see
    What the limit would be on other hardware, and limits outside the machine. The resource is
    named where one is seen to be used up: by the probe and the processes' counters (the
    section "What it was limited by" has all of them), else by those of the host.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from perfkit.evidence import Caveat, Interval, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule, Skipped
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_rate, show_share, show_time

RULE = Rule(
    id="saturation",
    title="The service is saturated",
    family=Family.CAPACITY,
    needs=("samples",),
    fix="Lower the cost of the busiest endpoint, or add workers and cores, until the offered rate is completed.",
)
WHOLE_SERVICE = "whole service"
# The knee as the glossary has it: offered grows, achieved does not. 5 % is what a run's edges can lose.
MIN_ACHIEVED_SHARE = 0.95
# Response times that double at a constant rate within one run have no steady state.
MIN_SLOWDOWN = 2.0
# Rates of the first and the last third that differ by less are the same load.
CONSTANT = 0.10
# A queue that grew has this many times more requests open at the end of the run than after its first third, and some more.
MIN_QUEUE_GROWTH = 2.0
MIN_QUEUE = 4
# Of requests that a short run leaves open: a steady service has as many open after its first third.
MIN_BACKLOG_GROWTH = 1.5
# Closed load: twice the users, (nearly) no more completed, and a p50 that takes most of the growth.
MIN_MORE_USERS = 2.0
MAX_MORE_COMPLETED = 1.10
MIN_SHARE_OF_GROWTH = 0.8
# A core that is busy 90 % of the time is the limit of a process that can use one.
USED_UP = 0.90
MIN_SAMPLES = 60
WINDOWS = 12
THIRDS = 3
FEWEST_READINGS = 2  # of the host's counters: a rate needs a difference


@dataclass(frozen=True, slots=True)
class Symptom:
    """What shows that the service is past its capacity."""

    text: str
    rows: pl.DataFrame


def detect(measures: Measures) -> Iterator[Finding | Skipped]:
    interval = measures.run.interval("measure")
    if interval is None or measures.samples.height < MIN_SAMPLES:
        yield Skipped(RULE, f"{measures.samples.height} requests in the measure phase; {MIN_SAMPLES} are needed to see a trend")
        return
    health = measures.run.generator
    is_open = health is None or health.open_loop
    symptom = (_shortfall(measures, interval) or _slowdown(measures, interval)) if is_open else _plateau(measures, interval)
    if symptom is None:
        return
    limit = _limit(measures, interval)
    yield Finding(
        rule=RULE,
        where=WHOLE_SERVICE,
        level=Level.MEASURED,
        message=f"{symptom.text}; {limit}",
        exhibits=(Exhibit("over the measure phase", symptom.rows), _busiest(measures)),
        caveats=(Caveat("percentiles of this run grow with its length: compare them with no other run"),),
        fix=RULE.fix_for(measures.frameworks),
    )


def _shortfall(measures: Measures, interval: Interval) -> Symptom | None:
    """Offered, as scheduled, against answered inside the phase."""
    health = measures.run.generator
    dropped = health.dropped if health is not None else 0
    offered = measures.samples.height + dropped
    answered = _answered(measures.all_samples)
    completed = int(answered.is_between(interval.started_at, interval.finished_at).sum())
    if completed >= MIN_ACHIEVED_SHARE * offered:
        return None
    # Slow answers of a steady service are still open at the end of a short run: only a queue that grows, or overflows, counts.
    thirds = _windows(measures, interval, THIRDS)
    timeouts = int((measures.samples["error"] == "timeout").sum())
    growing = thirds.height == THIRDS and thirds["open_requests"][-1] >= MIN_BACKLOG_GROWTH * thirds["open_requests"][0]
    if not (dropped or timeouts or growing):
        return None
    refused = f" ({show_number(dropped)} were dropped)" if dropped else ""
    rates = f"{show_rate(completed / interval.duration)} completed of {show_rate(offered / interval.duration)} offered{refused}"
    return Symptom(rates, _windows(measures, interval, WINDOWS))


def _answered(samples: pl.DataFrame) -> pl.Series:
    """When each answer was there."""
    return samples["finished_at"].filter(samples["status"] > 0)


def _slowdown(measures: Measures, interval: Interval) -> Symptom | None:
    """Response times that grow while the rate does not, and the open requests with them."""
    thirds = _windows(measures, interval, THIRDS)
    if thirds.height < THIRDS:
        return None
    first, last = thirds.row(0, named=True), thirds.row(-1, named=True)
    if first["p50_time"] is None or last["p50_time"] is None:
        return None
    if abs(last["offered_rate"] / first["offered_rate"] - 1) > CONSTANT or last["p50_time"] < MIN_SLOWDOWN * first["p50_time"]:
        return None
    if last["open_requests"] < max(MIN_QUEUE, MIN_QUEUE_GROWTH * first["open_requests"]):
        return None
    text = (
        f"at a constant {show_rate(last['offered_rate'])} the p50 grew from {show_time(first['p50_time'])} "
        f"in the first third to {show_time(last['p50_time'])} in the last, "
        f"and open requests from {first['open_requests']} to {last['open_requests']}"
    )
    return Symptom(text, _windows(measures, interval, WINDOWS))


def _plateau(measures: Measures, interval: Interval) -> Symptom | None:
    """More virtual users, no more requests completed: they wait for each other."""
    windows = _windows(measures, interval, WINDOWS).drop_nulls("p50_time").sort("users")
    if windows.height < WINDOWS // 2:
        return None
    few, many = windows.head(3).mean().row(0, named=True), windows.tail(3).mean().row(0, named=True)
    more = many["users"] / few["users"]
    if more < MIN_MORE_USERS or many["achieved_rate"] > MAX_MORE_COMPLETED * few["achieved_rate"]:
        return None
    if many["p50_time"] / few["p50_time"] < MIN_SHARE_OF_GROWTH * more:
        return None
    text = (
        f"from {show_number(round(few['users']))} to {show_number(round(many['users']))} users the p50 grew from "
        f"{show_time(few['p50_time'])} to {show_time(many['p50_time'])}, while {show_rate(few['achieved_rate'])} "
        f"completed became {show_rate(many['achieved_rate'])}"
    )
    return Symptom(text, windows.sort("at"))


def _windows(measures: Measures, interval: Interval, count: int) -> pl.DataFrame:
    """Equal stretches of the phase: what was offered and completed, its p50, and how many requests were open at the end."""
    edges = np.linspace(interval.started_at, interval.finished_at, count + 1)
    length = interval.duration / count
    index = ((pl.col("intended_at") - interval.started_at) / length).floor().clip(0, count - 1).cast(pl.Int64)
    everything = measures.all_samples  # what the warm-up left open has to be answered too
    intended, finished, answered = (
        np.array([(times <= edge).sum() for edge in edges], dtype=np.int64)
        for times in (everything["intended_at"], everything["finished_at"], _answered(everything))
    )
    counts = pl.DataFrame(
        {
            "window": np.arange(count, dtype=np.int64),
            "at": edges[:-1],
            "achieved_rate": np.diff(answered) / length,
            "open_requests": (intended - finished)[1:].astype(np.int64),
        }
    )
    seen = measures.samples.lazy().select("response_time", "ok", "virtual_user", window=index)
    sampled = seen.group_by("window").agg(
        (pl.len() / length).alias("offered_rate"),
        pl.col("response_time").filter("ok").median().alias("p50_time"),
        pl.col("virtual_user").n_unique().alias("users"),
    ).collect(engine="streaming")  # fmt: skip
    return counts.join(sampled, on="window").sort("at").drop("window")


def _limit(measures: Measures, interval: Interval) -> str:
    """The resource that is used up."""
    bottlenecks = measures.limits.bottlenecks
    if bottlenecks.named and bottlenecks.is_full:
        return f"the limit is the {bottlenecks.told}"
    return _of_the_host(measures, interval)


def _of_the_host(measures: Measures, interval: Interval) -> str:
    """As far as the host's counters tell."""
    host = measures.evidence.host
    if isinstance(host, Missing):
        return f"what limits it is not known: {host.why}"
    rows = host.filter(pl.col("at").is_between(interval.started_at, interval.finished_at)).sort("at")
    if rows.height < FEWEST_READINGS:
        return "what limits it is not known: the host was not observed in the measure phase"
    if rows["target_cpu"].null_count():
        return "what limits it is not known: perfkit did not start the service, so its processor time was not counted"
    used = float(rows["target_cpu"][-1] - rows["target_cpu"][0]) / float(rows["at"][-1] - rows["at"][0])
    busy = float(rows.select(pl.col("busy").mean()).item())
    cores = int(measures.run.machine.get("cores") or 0)
    workers = len(measures.run.serving)
    if cores and used >= USED_UP * cores:
        return f"it uses {used:.2f} of {cores} cores: the processor is the limit"
    if workers and used >= USED_UP * workers:
        return (
            f"its {_workers(workers)} {used:.2f} cores, and one process of Python can use one: the number of workers is the limit"
        )
    if busy >= USED_UP:
        return f"the machine is {show_share(busy)} busy, {used:.2f} cores of it the service's: others take its processor"
    return f"it uses {used:.2f} cores and the machine is {show_share(busy)} busy: it waits for something else"


def _workers(count: int) -> str:
    return "one worker uses" if count == 1 else f"{count} workers use"


def _busiest(measures: Measures) -> Exhibit:
    columns = ["endpoint", "requests", "offered_rate", "achieved_rate", "p50", "server_time", "server_total"]
    return Exhibit("busiest endpoints", measures.endpoints.select(columns).rename({"p50": "p50_time"}).head(5))
