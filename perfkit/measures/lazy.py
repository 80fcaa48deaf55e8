"""Everything that can be computed from a run's evidence, each thing once and on first use."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
import polars as pl

from perfkit import counts
from perfkit.counts import Counts
from perfkit.evidence import Evidence, Missing, Phase, Run
from perfkit.measures import (
    breakdown,
    call_sites,
    calls,
    endpoints,
    frames,
    frameworks,
    functions,
    growth,
    hotspots,
    latency,
    objectives,
    plans,
    profiles,
    reads,
    shapes,
    statements,
)
from perfkit.measures.endpoints import Joined
from perfkit.measures.frames import Numbers, Rows
from perfkit.measures.functions import FunctionTime
from perfkit.measures.growth import Growth
from perfkit.measures.plans import Plan
from perfkit.schemas import BLOCKERS, RESPONSES
from perfkit.slo.judge import Observed


class Measures:
    """Numbers of one run, as polars frames per endpoint; `*_time` in seconds.

    A frame whose evidence is Missing is empty: rules declare what they need, so that analyze skips them with the reason
    before they look. Ask `evidence.missing(need)` where a table is welcome but not needed.
    Unless a name says `all_` or `profiled_`, everything is of the measure phase.
    """

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

    # --- functions ----------------------------------------------------------------------------------------------------

    @cached_property
    def stacks_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        """schemas.PROFILE rows of py-spy (on-CPU) per final endpoint; key "" is what no endpoint owns."""
        return profiles.by_endpoint(self.evidence.stacks, self.final_names)

    @cached_property
    def call_trees_by_endpoint(self) -> Mapping[str, pl.DataFrame]:
        """schemas.PROFILE rows of pyinstrument (wall time) per final endpoint; key "" is what no endpoint owns."""
        return profiles.by_endpoint(self.evidence.call_trees, self.final_names)

    @cached_property
    def blockers(self) -> pl.DataFrame:
        """evidence.BLOCKERS under the final endpoint names (String); "" when tied to no request."""
        return endpoints.renamed(frames.present(self.evidence.blockers, BLOCKERS), self.final_names)

    @cached_property
    def hotspots(self) -> pl.DataFrame:
        """One row per endpoint and function that was seen on a processor, most self time first.

        endpoint, function, file, line (where most of its samples stood), own, self_time, cumulative_time (seconds per request),
        self_share, cumulative_share (of the endpoint's samples), low, high (95 % interval of self_share),
        self_samples, cumulative_samples, samples (of the endpoint).
        """
        return hotspots.table(self.stacks_by_endpoint, self.traces, self.profiled_traces, self.is_own)

    def function_time(self, endpoint: str, call_site: str) -> FunctionTime | Missing:
        """Wall time per request of `endpoint` in the function that `call_site` names, with everything it calls."""
        return functions.time_in(
            call_site,
            functions.Material(
                call_trees=self.call_trees_by_endpoint.get(endpoint),
                stacks=self.stacks_by_endpoint.get(endpoint),
                traces=self.traces_by_endpoint.get(endpoint),
                statements=self.statements_by_endpoint.get(endpoint),
                profiled_statements=self.profiled_statements_by_endpoint.get(endpoint),
            ),
        )

    def is_own(self, file: str) -> bool:
        """The user's own code: not site-packages, not the standard library, not the probe."""
        return frameworks.is_own(file)

    @cached_property
    def frameworks(self) -> frozenset[str]:
        """What the target is made of, as its hooks and entries saw it: "flask", "sqlalchemy", "psycopg", "uvicorn", ..."""
        return frameworks.seen(self.run)

    # --- the process and the database ---------------------------------------------------------------------------------

    @cached_property
    def growth(self) -> tuple[Growth, ...] | Missing:
        """How each worker's private memory grew with the requests it served, in warm-up and measure."""
        return growth.per_worker(self.evidence)

    @property
    def leak(self) -> bool:
        """Memory grows with the requests in two thirds of the workers, and does not slow down."""
        return growth.is_leak(self.growth)

    @cached_property
    def plans(self) -> Mapping[int, Plan]:
        """The database's own plan per shape, with the tables that it reads as a whole."""
        return plans.read(self.evidence.plans, self._shapes)

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
