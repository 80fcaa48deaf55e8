"""Whether everybody counted the same requests: the generator's ledger, the rows on record, and the probe in the target."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from perfkit.evidence import PHASES, Evidence, Missing, Run

Key: TypeAlias = tuple[int, str]  # a generator process and a phase


@dataclass(frozen=True, slots=True)
class Line:
    """A generator process in a phase."""

    worker: int
    phase: str
    counted: int | Missing  # in its ledger: sent, and due but not put into bytes
    rows: int
    answered: int  # of the rows: these must have reached the target
    seen: int | Missing  # of the rows: the probe saw them

    @property
    def unanswered(self) -> int:
        """Failed before an answer came: some never reached the target, nobody can say which."""
        return self.rows - self.answered


@dataclass(frozen=True, slots=True)
class Counts:
    """What each side counted, and every disagreement with its numbers."""

    lines: tuple[Line, ...]
    mismatches: tuple[str, ...]
    uncounted: tuple[str, ...]  # what could not be compared, and why


def compare(evidence: Evidence) -> Counts:
    """Only a run that ended by itself can be counted up: of any other, one side or the other lacks its end."""
    probe = _probe(evidence)
    rows = _rows(evidence.samples, probe)
    ledger = _ledger(evidence)
    lines = tuple(_lines(rows, ledger, probe))
    mismatches = [*_of_ledger(lines)]
    uncounted = [f"the generator's own count: {ledger.why}"] if isinstance(ledger, Missing) else []
    if isinstance(probe, Missing):
        uncounted.append(f"the probe's count: {probe.why}")
    else:
        blind = _blind(rows)
        uncounted += [f"the probe's count of {endpoint}: it saw none of its requests" for endpoint in blind]
        mismatches += [*_without_trace(rows, blind), *_without_row(probe, evidence.samples), *_twice(probe, evidence.samples)]
    return Counts(lines, tuple(mismatches), tuple(uncounted))


def _probe(evidence: Evidence) -> pl.DataFrame | Missing:
    """The requests that the probe saw with an id of ours."""
    if why := _unfinished(evidence.run):
        return Missing(why)
    if isinstance(evidence.traces, Missing):
        return evidence.traces
    ours = evidence.traces.filter(pl.col("id") > 0).select("id", "method", "route")
    return Missing("the probe saw no request with an id of ours") if ours.is_empty() else ours


def _unfinished(run: Run) -> str:
    said = {"died": "the target or the generator died, and its last records with it", "running": "perfkit was killed"}
    return said.get(run.state, "")


def _rows(samples: pl.DataFrame, probe: pl.DataFrame | Missing) -> pl.DataFrame:
    """By worker, phase and endpoint: the rows, the answered, those that the probe saw, the answered that it did not see."""
    is_answered, is_seen = pl.col("status") > 0, pl.col("seen")
    seen = pl.lit(value=False) if isinstance(probe, Missing) else _among(samples["id"], probe["id"])
    return (
        samples.select("worker", "phase", "endpoint", "status", seen=seen)
        .group_by("worker", "phase", "endpoint")
        .agg(
            rows=pl.len().cast(pl.Int64),
            answered=is_answered.sum().cast(pl.Int64),
            traced=is_seen.sum().cast(pl.Int64),
            unseen=(is_answered & ~is_seen).sum().cast(pl.Int64),
        )
        .with_columns(pl.col("phase", "endpoint").cast(pl.String))
        .sort("worker", pl.col("phase").replace_strict({phase: i for i, phase in enumerate(PHASES)}, default=9), "endpoint")
    )


def _ledger(evidence: Evidence) -> dict[Key, int] | Missing:
    if isinstance(evidence.counts, Missing):
        return evidence.counts
    return {
        (worker, phase): sent + unsent
        for worker, phase, sent, unsent in evidence.counts.select("worker", "phase", "sent", "unsent").iter_rows()
    }


def _lines(rows: pl.DataFrame, ledger: dict[Key, int] | Missing, probe: pl.DataFrame | Missing) -> Iterator[Line]:
    on_record: dict[Key, tuple[int, int, int]] = {
        (worker, phase): (count, answered, traced)
        for worker, phase, count, answered, traced in rows.group_by("worker", "phase", maintain_order=True)
        .agg(pl.col("rows", "answered", "traced").sum())
        .iter_rows()
    }
    only_counted = [] if isinstance(ledger, Missing) else [key for key in ledger if key not in on_record]
    for key in (*on_record, *only_counted):
        count, answered, traced = on_record.get(key, (0, 0, 0))
        counted = ledger if isinstance(ledger, Missing) else ledger.get(key, 0)
        yield Line(*key, counted, count, answered, probe if isinstance(probe, Missing) else traced)


def _of_ledger(lines: tuple[Line, ...]) -> Iterator[str]:
    for line in lines:
        if not isinstance(line.counted, Missing) and line.counted != line.rows:
            yield (
                f"generator process {line.worker} counted {_requests(line.counted)} of the {line.phase} phase; "
                f"on record it has {line.rows}"
            )


def _blind(rows: pl.DataFrame) -> list[str]:
    """Endpoints that something in front of the application answers: a proxy, or the server itself."""
    totals = rows.group_by("endpoint", maintain_order=True).agg(pl.col("answered", "traced").sum())
    return totals.filter((pl.col("answered") > 0) & (pl.col("traced") == 0))["endpoint"].to_list()


def _without_trace(rows: pl.DataFrame, blind: list[str]) -> Iterator[str]:
    unseen = rows.filter((pl.col("unseen") > 0) & ~pl.col("endpoint").is_in(blind))
    totals = unseen.group_by("phase", "endpoint", maintain_order=True).agg(pl.col("unseen", "answered").sum())
    for phase, endpoint, count, answered in totals.iter_rows():
        yield f"{endpoint}: of {_requests(answered)} with an answer in the {phase} phase the probe saw {answered - count}"


def _without_row(probe: pl.DataFrame, samples: pl.DataFrame) -> Iterator[str]:
    strangers = probe.filter(~_among(probe["id"], samples["id"]))
    for place, count in _by_place(strangers):
        yield f"{place}: the probe saw {_requests(count)} with an id of ours that nobody has on record"


def _twice(probe: pl.DataFrame, samples: pl.DataFrame) -> Iterator[str]:
    """Sent again by somebody on the way: load that the scenario did not ask for."""
    if np.unique(probe["id"].to_numpy()).size == probe.height:
        return
    again = probe.filter(_among(probe["id"], samples["id"]) & ~probe["id"].is_first_distinct())
    for place, count in _by_place(again):
        yield f"{place}: the probe saw {_requests(count)} more than once"


def _among(ids: pl.Series, others: pl.Series) -> pl.Series:
    """Which of the ids are among the others; by sorting, as a table of a million takes ten times the memory."""
    return pl.Series(np.isin(ids.to_numpy(), others.to_numpy(), kind="sort"))


def _by_place(requests: pl.DataFrame) -> Iterator[tuple[str, int]]:
    names = pl.concat_str(pl.col("method").cast(pl.String), pl.col("route").cast(pl.String), separator=" ")
    counted = requests.select(place=names.str.strip_chars()).group_by("place", maintain_order=True).len()
    yield from counted.iter_rows()


def _requests(count: int) -> str:
    return f"{count} {'request' if count == 1 else 'requests'}"
