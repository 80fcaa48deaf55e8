"""In which seconds the generator, not the target, may have been the limit: late, out of CPU, out of files or of ports."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.evidence import Evidence, Missing
from perfkit.units import show_share, show_time

# A core that is used up to this share has nothing left for the next burst; at 100 % lateness is only a matter of time.
FULL_CPU: Final = 0.97
# A tenth of a second's requests this late: it is the second, not a single request that met a busy machine.
LATE: Final = 0.010
# Lateness counts in every response time; a tenth of the p99 that it stands in does not change what is said of it.
LATE_SHARE: Final = 0.1
# A quarter of a second is no longer the schedule that the scenario asked for (validity.INVALID_LAG).
LOST: Final = 0.250
# With so many of its seconds lost, a phase's p90 may come from them alone.
LOST_SHARE: Final = 0.1
# Of descriptors or ports: those that are left go with the next burst of connections.
SCARCE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Strain:
    """Why the generator makes a run invalid, and why it makes it suspect; each reason names its seconds."""

    invalid: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()


def judge(evidence: Evidence, p99: float) -> Strain:
    """Of the seconds of the measure phase; nothing can be said of a run that has no account of them."""
    if isinstance(evidence.generator, Missing):
        return Strain()
    interval = evidence.run.interval("measure")
    if interval is None:
        return Strain()
    # What is in flight at the end of the last phase still comes in, but nothing leaves any more.
    is_within = pl.col("at") - pl.col("span") < interval.finished_at
    table = evidence.generator.filter((pl.col("phase") == "measure") & is_within).sort("at")
    if table.is_empty():
        return Strain()
    # A second is one of the phase, of any process: they are named by when they began, counted from its beginning.
    table = table.with_columns(second=((pl.col("at") - pl.col("span") - interval.started_at).round().clip(0)).cast(pl.Int64))
    limit = max(LATE, LATE_SHARE * p99)
    total = table["second"].n_unique()
    invalid = [*_lost(table, total), *_failed(table, evidence.samples)]
    suspect = [*_late(table, total, limit), *_busy(table, total), *_stopped(table, limit), *_scarce(table)]
    return Strain(tuple(invalid), tuple(suspect))


def _lost(table: pl.DataFrame, total: int) -> Iterator[str]:
    lost = table.filter((pl.col("cpu") >= FULL_CPU) | (pl.col("lag_p90") >= LOST) | (pl.col("loop_p90") >= LOST))
    seconds = seconds_of(lost)
    if len(seconds) > LOST_SHARE * total and len(seconds) > 1:
        yield f"the generator could not keep up in {_named(seconds, total)}: it, not the target, was the limit there"


def _late(table: pl.DataFrame, total: int, limit: float) -> Iterator[str]:
    late = table.filter((pl.col("lag_p90") >= limit) | (pl.col("loop_p90") >= limit))
    if late.height:
        worst = late.select(pl.max_horizontal(pl.col("lag_p90").max(), pl.col("loop_p90").max())).item()
        yield f"the generator was late in {_named(seconds_of(late), total)}, a tenth of the time by up to {show_time(worst)}"


def _busy(table: pl.DataFrame, total: int) -> Iterator[str]:
    busy = table.filter(pl.col("cpu") >= FULL_CPU)
    if busy.height:
        yield f"the generator used {show_share(FULL_CPU)} of its core or more in {_named(seconds_of(busy), total)}"


def _stopped(table: pl.DataFrame, limit: float) -> Iterator[str]:
    """A collection while somebody waited is in the response times; the plane tidies up when nobody does, if it can."""
    stopped = table.filter(pl.col("gc_max") >= limit)
    if stopped.height:
        longest = show_time(stopped["gc_max"].max())  # type: ignore[arg-type]  # a column of floats has a float
        yield f"the generator stood still for up to {longest} to collect garbage, in {_listed(seconds_of(stopped))}"


def _scarce(table: pl.DataFrame) -> Iterator[str]:
    for name, thing in _THINGS:
        scarce = _where_scarce(table, name)
        if scarce.height:
            most, limit = scarce.sort(name).select(name, f"{name}_limit").row(-1)
            yield f"{most} of the generator's {limit} {thing} were in use in {_listed(seconds_of(scarce))}"


def _failed(table: pl.DataFrame, samples: pl.DataFrame) -> Iterator[str]:
    """Connections that failed while nothing was left to open them with are the generator's failures, not the target's."""
    refused = samples.filter(pl.col("error") == "connect")
    if refused.is_empty():
        return
    for name, thing in _THINGS:
        scarce = _where_scarce(table, name)
        failed = sum(
            refused.filter((pl.col("worker") == worker) & pl.col("finished_at").is_between(at - span, at)).height
            for worker, at, span in scarce.select("worker", "at", "span").iter_rows()
        )
        if failed:
            requests = f"{failed} {'request' if failed == 1 else 'requests'}"
            yield f"{requests} could not connect while the generator had no {thing} left, in {_listed(seconds_of(scarce))}"


_THINGS: Final = (("files", "file descriptors"), ("ports", "local ports towards the target"))


def _where_scarce(table: pl.DataFrame, name: str) -> pl.DataFrame:
    return table.filter((pl.col(f"{name}_limit") > 0) & (pl.col(name) >= SCARCE * pl.col(f"{name}_limit")))


def seconds_of(table: pl.DataFrame) -> list[int]:
    return sorted(table["second"].unique().to_list())


def _named(seconds: list[int], total: int) -> str:
    return f"{len(seconds)} of {total} seconds ({_runs(seconds)})"


def _listed(seconds: list[int]) -> str:
    return f"second{'s' if len(seconds) > 1 else ''} {_runs(seconds)}"


def _runs(seconds: list[int]) -> str:
    """3, 4, 5, 9 is "3 to 5, 9"."""
    runs: list[list[int]] = []
    for second in seconds:
        if runs and second == runs[-1][-1] + 1:
            runs[-1].append(second)
        else:
            runs.append([second])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
