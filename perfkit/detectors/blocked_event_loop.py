"""Code that does not await holds the event loop, and every other request of the process waits.

What it looks for
    Three or more stretches of 50 ms or more in which an event loop did not run, all of them
    inside the same function of your own code.
Why it matters
    One process serves all its requests on one loop: while it stands still, nobody is served,
    whatever endpoint they asked for. It shows in the p95 of other endpoints first.
What to change
    Await an asynchronous client instead, hand the call to a thread with asyncio.to_thread(), or
    declare the handler with `def` so that the framework does.
What it cannot see
    Stretches below 50 ms, and blocking inside libraries that no frame of your own code called.
    Work in pure Python keeps the interpreter's lock in a thread too: that needs another process.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.units import show_time

RULE = Rule(
    id="blocked-event-loop",
    title="The event loop is blocked",
    family=Family.ASYNC,
    needs=("traces", "blockers"),
    fix="Await an asynchronous client here, or hand the blocking call to a thread with asyncio.to_thread().",
    fixes={
        "fastapi": "Declare the handler with `def` instead of `async def`, or hand the blocking call to asyncio.to_thread().",
        "starlette": "Hand the blocking call to starlette.concurrency.run_in_threadpool().",
        "django": "Hand the blocking call to asgiref.sync.sync_to_async(), or make the view a plain `def`.",
    },
)
# aiodebug's default; asyncio's own slow_callback_duration is 100 ms (detectors.md 1.5).
MIN_BLOCKED = 0.050
# Rule A1 of the rule set (detectors.md 1.11).
MIN_TIMES = 3
WHOLE_SERVICE = "whole service"
FRAME = r"^(?<function>.*) \((?<file>.*):(?<line>\d+)\)$"


def detect(measures: Measures) -> Iterator[Finding]:
    blocked = measures.blockers.filter((pl.col("wall_time") >= MIN_BLOCKED) & (pl.col("phase") != "warm-up"))
    if blocked.is_empty():
        return
    for (endpoint, _, _), stretches in _placed(measures, blocked).group_by("endpoint", "file", "function", maintain_order=True):
        if stretches.height >= MIN_TIMES:
            yield _finding(measures, str(endpoint), stretches)


def _placed(measures: Measures, blocked: pl.DataFrame) -> pl.DataFrame:
    """The stretches with the innermost frame of the user's own code; those without one are left out."""
    frames = (
        blocked.with_row_index("row")
        .select("row", pl.col("stack").alias("frame"))
        .explode("frame")
        .with_columns(pl.col("frame").str.extract_groups(FRAME).alias("parts"))
        .unnest("parts")
        .drop_nulls("file")
    )
    own = [file for file in frames["file"].unique().to_list() if measures.is_own(file)]
    innermost = frames.filter(pl.col("file").is_in(own)).group_by("row").last()
    return blocked.with_row_index("row").join(innermost, on="row", maintain_order="left")


def _finding(measures: Measures, endpoint: str, stretches: pl.DataFrame) -> Finding:
    wall = pl.col("wall_time")
    figures = stretches.select(
        middle=wall.median(),
        longest=wall.max(),
        total=wall.sum(),
        file=pl.col("file").first(),
        function=pl.col("function").first(),
    ).row(0, named=True)
    line = stretches["line"].mode().sort()[0]
    call_site = f"{figures['file']}:{line} in {figures['function']}"
    return Finding(
        rule=RULE,
        where=endpoint or WHOLE_SERVICE,
        level=Level.MEASURED,
        message=(
            f"{endpoint or WHOLE_SERVICE}: the event loop stood still {stretches.height} times "
            f"for {show_time(MIN_BLOCKED)} or more ({show_time(figures['middle'])} in the middle, "
            f"{show_time(figures['longest'])} at worst, {show_time(figures['total'])} in all), in {call_site}"
        ),
        call_site=call_site,
        exhibits=(
            Exhibit("longest stretches", _held(measures, stretches).top_k(5, by="wall_time")),
            Exhibit("where it stood in the longest", stretches.top_k(1, by="wall_time").select(pl.col("stack").explode())),
        ),
        caveats=(
            Caveat("the gain shows in the other requests of the process, so none is claimed for this endpoint"),
            Caveat("a thread does not help work in pure Python, which keeps the interpreter's lock: that needs another process"),
        ),
        fix=RULE.fix_for(measures.frameworks),
    )


def _held(measures: Measures, stretches: pl.DataFrame) -> pl.DataFrame:
    """The stretches with the number of requests that were open meanwhile, the blocking one included."""
    columns = ["pid", "started_at", "wall_time"]
    traces = pl.concat([frame.select(columns) for frame in (measures.traces, measures.profiled_traces)])
    held = np.zeros(stretches.height, dtype=np.int64)
    begins = stretches["started_at"].to_numpy()
    ends = begins + stretches["wall_time"].to_numpy()
    pids = stretches["pid"].to_numpy()
    for pid in np.unique(pids):
        mine = traces.filter(pl.col("pid") == int(pid))
        started = np.sort(mine["started_at"].to_numpy())
        finished = np.sort((mine["started_at"] + mine["wall_time"]).to_numpy())
        here = pids == pid
        held[here] = np.searchsorted(started, ends[here]) - np.searchsorted(finished, begins[here])
    return stretches.select(columns).with_columns(pl.Series("requests_open", held))
