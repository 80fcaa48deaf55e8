"""Everything that can be computed from a run's evidence, each thing once and on first use."""

from collections.abc import Mapping
from functools import cached_property

import polars as pl

from perfkit.evidence import Missing
from perfkit.measures import (
    endpoints,
    frames,
    frameworks,
    functions,
    growth,
    hotspots,
    plans,
    profiles,
)
from perfkit.measures.functions import FunctionTime
from perfkit.measures.growth import Growth
from perfkit.measures.limits import Limits
from perfkit.measures.plans import Plan
from perfkit.measures.requests import Requests
from perfkit.schemas import BLOCKERS


class Measures(Requests):
    """Numbers of one run, as polars frames per endpoint; `*_time` in seconds.

    A frame whose evidence is Missing is empty: rules declare what they need, so that analyze skips them with the reason
    before they look. Ask `evidence.missing(need)` where a table is welcome but not needed.
    Unless a name says `all_` or `profiled_`, everything is of the measure phase.
    """

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
    def limits(self) -> Limits:
        """How much was used of what there is a limit of, and which of them is the bottleneck."""
        return Limits(self.evidence, self.breakdown, self.endpoints)

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
