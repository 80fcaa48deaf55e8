"""What objectives are judged against, taken from the measures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from perfkit.evidence import Evidence, Missing
from perfkit.measures import frames, latency, seconds
from perfkit.measures.frames import Numbers, numbers
from perfkit.slo.judge import Observed, Seen
from perfkit.slo.windows import Seconds


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests as the client saw them: of every phase, and the ascending response times of the measured successes."""

    all_samples: pl.DataFrame
    response_times: Mapping[str, Numbers]
    all_response_times: Numbers


def observed(
    requests: Requests,
    traces: pl.DataFrame,
    endpoints: pl.DataFrame,
    total: Mapping[str, float | int | None],
    final_names: Mapping[str, str],
    evidence: Evidence,
) -> Observed:
    """Every endpoint of the measure phase, and all of them together."""
    counts = {name: numbers(part["statement_count"]) for name, part in frames.slices(traces).items()}
    why = _why_no_statements(evidence)
    seen = {
        row["endpoint"]: Seen(
            response_times=requests.response_times.get(row["endpoint"], np.zeros(0)),
            requests=row["requests"],
            errors=row["errors"],
            statements=_statements(counts.get(row["endpoint"]), why),
            achieved_rate=row["achieved_rate"],
            dropped=Missing("arrivals are dropped before they have an endpoint: state this objective under `all`"),
        )
        for row in endpoints.iter_rows(named=True)
    }
    dropped = total["dropped"]
    everything = Seen(
        response_times=requests.all_response_times,
        requests=int(total["requests"] or 0),
        errors=int(total["errors"] or 0),
        statements=_statements(numbers(traces["statement_count"]), why),
        achieved_rate=float(total["achieved_rate"] or 0.0),
        dropped=Missing("the generator left no account of itself") if dropped is None else int(dropped),
    )

    def by_second() -> Seconds:
        return seconds.of(requests.all_samples, latency.window(evidence), evidence.run.epoch)

    return Observed(everything, seen, final_names, by_second)


def _statements(counts: Numbers | None, why: Missing | None) -> Numbers | Missing:
    if why is not None:
        return why
    return Missing("none of its requests was seen from inside") if counts is None or not len(counts) else np.sort(counts)


def _why_no_statements(evidence: Evidence) -> Missing | None:
    return evidence.missing("traces") or evidence.missing("statements")
