"""What there is a limit of, taken together: how much of each was used, and which of them is the bottleneck."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from perfkit.evidence import Evidence
from perfkit.measures import bottleneck, utilisation
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.utilisation import Utilisation


@dataclass(frozen=True)
class Limits:
    """Of one run's measure phase; each computed once, on first use."""

    evidence: Evidence
    breakdown: pl.DataFrame  # measures.breakdown
    endpoints: pl.DataFrame  # measures.endpoints
    # Times of services when nobody else asks them, from a run at lower load (services.times_alone).
    alone: Mapping[str, float] | None = None

    @cached_property
    def utilisation(self) -> tuple[Utilisation, ...]:
        """Every resource at least once, the fullest first."""
        return utilisation.of(self.evidence, self.alone)

    @cached_property
    def bottlenecks(self) -> Bottlenecks:
        parts = bottleneck.parts(self.breakdown, self.endpoints)
        return bottleneck.name(self.utilisation, parts, bottleneck.cores(self.evidence.run))
