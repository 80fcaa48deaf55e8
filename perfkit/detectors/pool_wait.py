"""Requests queue for a connection of a pool that is too small, or whose connections are held too long.

What it looks for
    Endpoints whose 95th percentile of time spent waiting for a pooled connection is 50 ms
    or more, or 10 % or more of the 95th percentile of their server time. Endpoints that share
    a pool have one fix, so they are one finding, at the endpoint that loses most time to it.
Why it matters
    A request that waits for a connection does nothing; the queue grows with the load, and
    response times with it, while the database may be idle.
What to change
    Give connections back sooner (no calls to others while one is held); then raise the
    pool's size to the number of requests that one process serves at once.
What it cannot see
    Pools without a hook in perfkit/probe/hooks, poolers outside the process, and whether the
    database can serve more connections at once: a larger pool can move the queue there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.stats.proportions import NORMAL_95
from perfkit.units import show_share, show_time

RULE = Rule(
    id="pool-wait",
    title="Requests wait for a pooled connection",
    family=Family.POOLING,
    needs=("traces", "waits"),
    fix="Give connections back before other work starts, and raise the pool to as many as one process serves requests at once.",
    fixes={
        "sqlalchemy": "Close the session before other work starts, and raise pool_size to as many as one process serves at once.",
        "psycopg": "Leave `with pool.connection()` before other work starts, and raise max_size of the ConnectionPool.",
    },
)
# Rule P2 of the rule set (detectors.md 1.11).
MIN_WAIT = 0.050
MIN_WAIT_SHARE = 0.10
# Below this a share of a very fast endpoint is scheduling noise: hooks report checkouts from 50 µs on.
WORTH_MENTIONING = 0.001


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long the requests of an endpoint wait for connections, and mostly for which pool's."""

    endpoint: str
    pool: str
    requests: int
    waited: float  # share of the requests
    p95: float
    request_p95: float
    mean: float
    reach: float  # half of the 95 % interval of the mean


def detect(measures: Measures) -> Iterator[Finding]:
    by_pool: defaultdict[str, list[Waiting]] = defaultdict(list)
    for endpoint, traces in measures.traces_by_endpoint.items():
        waiting = _waiting(measures, endpoint, traces)
        if waiting.p95 >= WORTH_MENTIONING and (waiting.p95 >= MIN_WAIT or waiting.p95 >= MIN_WAIT_SHARE * waiting.request_p95):
            by_pool[waiting.pool].append(waiting)
    for pool, endpoints in by_pool.items():
        yield _finding(measures, pool, sorted(endpoints, key=lambda waiting: -waiting.mean * waiting.requests))


def _waiting(measures: Measures, endpoint: str, traces: pl.DataFrame) -> Waiting:
    figures = traces.select(
        wait=pl.col("pool_wait_time").quantile(0.95),
        wall=pl.col("wall_time").quantile(0.95),
        mean=pl.col("pool_wait_time").mean(),
        spread=pl.col("pool_wait_time").std(),
        waited=(pl.col("pool_waits") > 0).mean(),
    ).row(0, named=True)
    pools = _pools(measures, endpoint)["pool"]
    return Waiting(
        endpoint=endpoint,
        pool=str(pools[0]) if len(pools) else "",
        requests=traces.height,
        waited=float(figures["waited"]),
        p95=float(figures["wait"]),
        request_p95=float(figures["wall"]),
        mean=float(figures["mean"]),
        reach=NORMAL_95 * float(figures["spread"] or 0.0) / traces.height**0.5,
    )


def _finding(measures: Measures, pool: str, endpoints: Sequence[Waiting]) -> Finding:
    worst = endpoints[0]
    others = f"; so do {len(endpoints) - 1} more endpoints of the same pool" if len(endpoints) > 1 else ""
    return Finding(
        rule=RULE,
        where=worst.endpoint,
        level=Level.MEASURED,
        message=(
            f"{worst.endpoint}: {show_share(worst.waited)} of the requests wait for a pooled connection; p95 of the wait is "
            f"{show_time(worst.p95)}, p95 of the request {show_time(worst.request_p95)}{others}"
        ),
        saving=worst.mean,
        saving_interval=(max(0.0, worst.mean - worst.reach), worst.mean + worst.reach),
        exhibits=(
            _endpoints(pool, endpoints),
            Exhibit(f"waits at {worst.endpoint} by pool", _pools(measures, worst.endpoint)),
            _by_crowd(measures.traces_by_endpoint[worst.endpoint]),
        ),
        caveats=(Caveat("a larger pool moves the queue to the database when that is busy already"),),
        fix=RULE.fix_for(measures.frameworks),
    )


def _endpoints(pool: str, endpoints: Sequence[Waiting]) -> Exhibit:
    return Exhibit(
        f"endpoints that wait for {pool or 'the pool'}",
        pl.DataFrame(
            {
                "endpoint": [waiting.endpoint for waiting in endpoints],
                "requests": [waiting.requests for waiting in endpoints],
                "waiting_share": [waiting.waited for waiting in endpoints],
                "mean_time": [waiting.mean for waiting in endpoints],
                "p95_time": [waiting.p95 for waiting in endpoints],
            }
        ),
    )


def _pools(measures: Measures, endpoint: str) -> pl.DataFrame:
    waits = measures.waits_by_endpoint.get(endpoint, measures.waits.clear())
    wait = pl.col("wall_time")
    return (
        waits.filter(pl.col("kind") == "pool_wait")
        .group_by(pl.col("name").cast(pl.String).alias("pool"))
        .agg(
            pl.len().alias("waits"),
            wait.median().alias("p50_time"),
            wait.quantile(0.95).alias("p95_time"),
            wait.max().alias("max_time"),
        )
        .sort("waits", descending=True)
        .head(5)
    )


def _by_crowd(traces: pl.DataFrame) -> Exhibit:
    """The wait against the number of requests already inside: a pool that is too small shows where it runs out."""
    return Exhibit(
        "wait by requests already in the process",
        traces.group_by(pl.col("in_flight").cast(pl.Int64))
        .agg(pl.len().alias("requests"), pl.col("pool_wait_time").median().alias("p50_wait_time"))
        .sort("in_flight")
        .head(20),
    )
