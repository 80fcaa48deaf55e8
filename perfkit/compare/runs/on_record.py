"""One run on record, as it is compared with another: its requests with what the probe saw of each, its phase, its fitness."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from perfkit import validity
from perfkit.compare import inside
from perfkit.compare.inside import Inside
from perfkit.errors import ComparisonError
from perfkit.evidence import Evidence, Missing, Phase, Run
from perfkit.measures import frames
from perfkit.measures.lazy import Measures
from perfkit.run.read import read as read_run
from perfkit.schemas import SHAPES, STATEMENTS, TRACES, WAITS
from perfkit.validity import Validity

PHASE: Final[Phase] = "measure"


@dataclass(frozen=True, slots=True, eq=False)
class OnRecord:
    """Of the measure phase only. `requests`: a row per request, with null where it was not seen from inside."""

    run: Run
    validity: Validity
    requests: pl.DataFrame  # id, endpoint (final), step, ok, status, bytes, sent_at, times, statements, rows, connects, outbound
    statements: pl.DataFrame  # id, text, site
    blind: str  # why nothing was seen from inside; ""


def read(path: Path) -> OnRecord:
    """Raises EvidenceError for what is no run, and ComparisonError for one without anything to compare."""
    evidence = read_run(path)
    if evidence.run.interval(PHASE) is None:
        raise ComparisonError(
            f"{path.name} ended before its measure phase: there is nothing to compare", hint="Run the scenario again."
        )
    return of(evidence)


def of(evidence: Evidence) -> OnRecord:
    measures = Measures(evidence)
    seen = _inside(measures.evidence)
    traces = seen.traces.select("id", server_time="wall_time").unique("id", keep="last")
    requests = (
        measures.samples.select(
            "id", "endpoint", pl.col("step").cast(pl.String), "ok", "status", "bytes", "sent_at", "service_time", "response_time"
        )
        .join(traces, on="id", how="left")
        .join(inside.per_request(seen), on="id", how="left")
    )
    return OnRecord(evidence.run, validity.judge(evidence), requests, inside.issued(seen), seen.blind)


def _inside(evidence: Evidence) -> Inside:
    return Inside(
        traces=frames.of_phase(frames.present(evidence.traces, TRACES), PHASE),
        statements=frames.present(evidence.statements, STATEMENTS),
        shapes=frames.present(evidence.shapes, SHAPES),
        waits=frames.present(evidence.waits, WAITS),
        blind=evidence.traces.why if isinstance(evidence.traces, Missing) else "",
    )
