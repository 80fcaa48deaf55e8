"""Database connections are opened per request instead of borrowed from a pool.

What it looks for
    Endpoints whose median request opens at least one new connection in two requests, and
    spends at least 5 % of its server time on connecting.
Why it matters
    A new connection costs a TCP round trip, authentication and a server process before the
    first statement runs, and the first statements on it are slower than on a warm one.
What to change
    Open one pool per process at start-up and borrow from it in each request.
What it cannot see
    Drivers without a hook in perfkit/probe/hooks, and poolers outside the process.
"""

from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_share, show_time

RULE = Rule(
    id="connection-churn",
    title="Connections are opened per request",
    family=Family.POOLING,
    needs=("traces", "waits"),
    fix="Open one connection pool per process and borrow from it in each request.",
    fixes={
        "sqlalchemy": "Call create_engine() once per process, without NullPool, and take each session from that engine.",
        "django": 'Set CONN_MAX_AGE to 60 or more, or OPTIONS {"pool": True} on PostgreSQL, in DATABASES.',
        "psycopg": "Open one psycopg_pool.ConnectionPool per process and use `with pool.connection()` in each request.",
        "psycopg2": "Open one psycopg2.pool.ThreadedConnectionPool per process and borrow from it in each request.",
    },
)
# A warm pool opens none; 0.5 tolerates the requests that fill it.
MIN_OPENED_PER_REQUEST = 0.5
# Rule P1 of the rule set (detectors.md 1.11): an SQLite file opens in microseconds, and then a pool gains nothing.
MIN_CONNECT_SHARE = 0.05
# Measured on real fixes (detectors.md 8): connects x connect time is 33 % of what the fix gains.
GAIN_PER_CONNECT_TIME = 3.0


def detect(measures: Measures) -> Iterator[Finding]:
    for endpoint, traces in measures.traces_by_endpoint.items():
        figures = traces.select(
            opened=pl.col("connections_opened").median(),
            connect=pl.col("connect_time").median(),
            wall=pl.col("wall_time").median(),
        ).row(0, named=True)
        opened, connect, wall = float(figures["opened"]), float(figures["connect"]), float(figures["wall"])
        if opened < MIN_OPENED_PER_REQUEST or connect < MIN_CONNECT_SHARE * wall:
            continue
        yield Finding(
            rule=RULE,
            where=endpoint,
            level=Level.MEASURED,
            message=(
                f"{endpoint}: connections opened per request: {show_number(opened)}, "
                f"costing {show_time(connect)} ({show_share(connect / wall)} of its server time)"
            ),
            saving=connect,
            saving_interval=(connect, max(connect, min(GAIN_PER_CONNECT_TIME * connect, wall))),
            call_site=_opened_from(measures, endpoint),
            exhibits=(
                _opened_to(measures, endpoint),
                Exhibit(
                    "slowest to connect",
                    traces.top_k(5, by="connect_time").select("started_at", "wall_time", "connect_time", "connections_opened"),
                ),
            ),
            caveats=(Caveat("the saving counts the connects only; the first statements on a new connection are slower too"),),
            fix=RULE.fix_for(measures.frameworks),
        )


def _opened_from(measures: Measures, endpoint: str) -> str:
    """The line that opens most of the connections; empty where the probe walked no stack."""
    frames = [waits.get(endpoint) for waits in (measures.waits_by_endpoint, measures.profiled_waits_by_endpoint)]
    sites = [
        frame.filter((pl.col("kind") == "connect") & (pl.col("call_site") != ""))["call_site"].cast(pl.String)
        for frame in frames
        if frame is not None
    ]
    known = pl.concat(sites) if sites else pl.Series(dtype=pl.String)
    return str(known.mode().sort()[0]) if len(known) else ""


def _opened_to(measures: Measures, endpoint: str) -> Exhibit:
    waits = measures.waits_by_endpoint.get(endpoint, measures.waits.clear())
    return Exhibit(
        "connections opened",
        waits.filter(pl.col("kind") == "connect")
        .group_by(pl.col("name").cast(pl.String), pl.col("call_site").cast(pl.String))
        .agg(pl.len().alias("opened"), pl.col("wall_time").mean().alias("mean_time"), pl.col("wall_time").max().alias("max_time"))
        .sort(["opened", "name"], descending=[True, False])
        .head(5),
    )
