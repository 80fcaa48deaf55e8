"""The requests of a run, from the client's side and from inside the target: each thing computed once and on first use."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import polars as pl

from perfkit import counts
from perfkit.counts import Counts
from perfkit.evidence import Evidence, Phase, Run
from perfkit.measures import (
    breakdown,
    call_sites,
    calls,
    endpoints,
    frames,
    latency,
    objectives,
    reads,
    shapes,
    statements,
)
from perfkit.measures.endpoints import Joined
from perfkit.measures.frames import Numbers, Rows
from perfkit.schemas import RESPONSES
from perfkit.slo.judge import Observed


class Requests:
    """What was asked and answered; Measures adds why it took as long as it did."""

    def __init__(self, evidence: Evidence) -> None:
        statements, waits = call_sites.resolved(evidence.statements, evidence.waits)
        self.evidence = replace(evidence, statements=statements, waits=waits)

    @property
    def run(self) -> Run:
        return self.evidence.run

    @cached_property
    def counts(self) -> Counts:
        """Whether everybody counted the same requests."""
        return counts.compare(self.evidence)

    # --- requests as the client saw them ------------------------------------------------------------------------------

    @cached_property
    def all_samples(self) -> pl.DataFrame:
        """schemas.SAMPLES of every phase, `endpoint` final (String), + response_time, service_time, ok."""
        return endpoints.named_samples(self.evidence.samples, self._joined)

    @cached_property
    def samples(self) -> pl.DataFrame:
        """`all_samples` of the measure phase."""
        return frames.of_phase(self.all_samples, "measure")

    @cached_property
    def response_times(self) -> Mapping[str, Numbers]:
        """Of each endpoint's successful requests, ascending."""
        return latency.response_times(self.samples, self._rows_by_endpoint)

    @cached_property
    def responses(self) -> pl.DataFrame:
        """evidence.RESPONSES under the final endpoint names (String)."""
        return endpoints.renamed(frames.present(self.evidence.responses, RESPONSES), self.final_names)

    @cached_property
    def final_names(self) -> Mapping[str, str]:
        """Every name under which an endpoint is known (step name, method + template, method + path) → its final name."""
        return endpoints.aliases(self._joined)

    @cached_property
    def endpoints(self) -> pl.DataFrame:
        """One row per endpoint, most server time (else most requests) first.

        endpoint, requests, errors, offered_rate, achieved_rate, p50 p90 p95 p99 max (response_time of successful requests),
        service_p50 .. service_max, server_p50 .. server_max (null without traces), server_time (mean), server_total (sum),
        statements (mean per request; null), bytes (median), traced, coverage (traced / requests).
        """
        window, rows, times = latency.window(self.evidence), self._rows_by_endpoint, self.response_times
        return latency.per_endpoint(self.all_samples, self.samples, rows, times, self.traces_by_endpoint, window)

    @cached_property
    def total(self) -> Mapping[str, float | int | None]:
        """The same figures over all endpoints together, + dropped; no row of `endpoints` is a total."""
        window, times = latency.window(self.evidence), self._all_response_times
        return latency.over_all(self.all_samples, self.samples, times, self.traces, window, self.run.generator)

    @cached_property
    def observed(self) -> Observed:
        """What objectives are judged against."""
        requests = objectives.Requests(self.all_samples, self.response_times, self._all_response_times)
        return objectives.observed(requests, self.traces, self.endpoints, self.total, self.final_names, self.evidence)

    # --- requests seen from inside ------------------------------------------------------------------------------------

    @cached_property
    def traces(self) -> pl.DataFrame:
        """schemas.TRACES (less calls.LEFT_BEHIND) of the measure phase that belong to samples, with what each called.

        endpoint (final), sent_at, database_time, statement_count, connect_time, connections_opened, pool_wait_time, pool_waits,
        outbound_time, outbound_calls, lock_time, thread_pool_time.
        """
        return self._measured.traces

    @cached_property
    def profiled_traces(self) -> pl.DataFrame:
        """The same for the profile phase."""
        return self._profiled.traces

    @cached_property
    def statements(self) -> pl.DataFrame:
        """schemas.STATEMENTS of `traces`, + endpoint, text, verb ("SELECT"), tables (list of names)."""
        return self._measured.statement_frame()

    @cached_property
    def profiled_statements(self) -> pl.DataFrame:
        return self._profiled.statement_frame()

    @cached_property
    def waits(self) -> pl.DataFrame:
        """evidence.WAITS of `traces`, + endpoint."""
        return self._measured.wait_frame()

    @cached_property
    def profiled_waits(self) -> pl.DataFrame:
        return self._profiled.wait_frame()

    @cached_property
    def traces_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return frames.slices(self.traces)

    @cached_property
    def profiled_traces_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return frames.slices(self.profiled_traces)

    @cached_property
    def statements_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return self._measured.statements_by_endpoint()

    @cached_property
    def profiled_statements_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return self._profiled.statements_by_endpoint()

    @cached_property
    def waits_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return self._measured.waits_by_endpoint()

    @cached_property
    def profiled_waits_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        return self._profiled.waits_by_endpoint()

    @cached_property
    def server_time_total(self) -> float:
        """All server time of the measure phase: of the traces that belong to a sample."""
        return float(self.traces["wall_time"].sum())

    def median_server_time(self, endpoint: str) -> float:
        """NaN for an endpoint without traces."""
        rows = self.endpoints.filter(pl.col("endpoint") == endpoint)["server_p50"].drop_nulls()
        return float(rows[0]) if len(rows) else float("nan")

    @cached_property
    def statement_table(self) -> pl.DataFrame:
        """One row per endpoint and shape, most total time first.

        endpoint, shape, text, verb, call_site (most frequent non-empty one of both phases), per_request (mean over the endpoint's
        requests), most_per_request (in any one of them), requests_share, mean_time, total_time, share (of all server time),
        rows (mean; null when never known).
        """
        return statements.table(self._measured, self._profiled)

    def repeating(self, executions: int) -> Iterator[tuple[str, pl.DataFrame]]:
        """Endpoints that run one shape so often in some request, with their statements: the others' need not be gathered."""
        often = set(self.statement_table.filter(pl.col("most_per_request") >= executions)["endpoint"])
        found = self.statements_by_endpoint
        return ((endpoint, found[endpoint]) for endpoint in found if endpoint in often)

    @cached_property
    def writes(self) -> pl.DataFrame:
        """Those of `statements` that may have changed what a later read returns."""
        return reads.writes_of(self._measured.of_shapes(reads.writing(self._shapes)).statement_frame())

    @cached_property
    def profiled_writes(self) -> pl.DataFrame:
        return reads.writes_of(self._profiled.of_shapes(reads.writing(self._shapes)).statement_frame())

    @cached_property
    def breakdown(self) -> pl.DataFrame:
        """One row per endpoint: where the mean server_time goes.

        endpoint, server_time, cpu, database, pool_wait, connect, outbound, lock, other (means that sum up to server_time),
        residual (by how much they do not), and beside them queue: the median wait before the application was entered.
        """
        return breakdown.per_endpoint(self._measured, self._profiled)

    @cached_property
    def request_parts(self) -> pl.DataFrame:
        """One row per traced request: trace, endpoint, server_time and the parts that `breakdown` has the means of."""
        return breakdown.per_request(self._measured, self._profiled)

    # --- what the above share -----------------------------------------------------------------------------------------

    @cached_property
    def _rows_by_endpoint(self) -> Mapping[str, Rows]:
        return frames.rows_by(self.samples["endpoint"])

    @cached_property
    def _all_response_times(self) -> Numbers:
        return np.sort(np.concatenate([np.zeros(0), *self.response_times.values()]))

    @cached_property
    def _joined(self) -> Joined:
        return endpoints.join(self.evidence.samples, self.evidence.traces)

    @cached_property
    def _shapes(self) -> pl.DataFrame:
        return shapes.parse(self.evidence.shapes)

    @cached_property
    def _measured(self) -> calls.Calls:
        return self._calls("measure")

    @cached_property
    def _profiled(self) -> calls.Calls:
        return self._calls("profile")

    def _calls(self, phase: Phase) -> calls.Calls:
        members = endpoints.of_phase(self.evidence.samples, self._joined, phase)
        return calls.join(self.evidence, members, self._shapes)
