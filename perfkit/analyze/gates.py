"""The gates that all rules share: enough requests seen, and enough time at stake.

Thresholds: reference, detectors 1.11 (global gates), from the consensus of Sentry, Scout, PgHero and perf-sentinel that a
pattern without materiality is noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Finding, Level
from perfkit.measures.lazy import Measures
from perfkit.units import show_share, show_time

MIN_REQUESTS: Final = 3
MIN_TRACED: Final = 20
MIN_COVERAGE: Final = 0.8
MIN_SAVING: Final = 0.005
MIN_SHARE_OF_REQUEST: Final = 0.05
MIN_SHARE_OF_RUN: Final = 0.01
# These look at the wire or at the process: they need no traces to be believed.
UNTRACED_NEEDS: Final = frozenset({"samples", "responses", "memory", "host"})


@dataclass(frozen=True, slots=True)
class Place:
    """What the gates must know of an endpoint."""

    requests: int
    traced: int
    coverage: float
    median: float


def pass_through(finding: Finding, measures: Measures) -> Finding:
    """The finding with its share of all server time; demoted to a hint, with the reason, where a gate stays shut."""
    place = places(measures).get(finding.where)
    ranked = replace(finding, share_of_server_time=share_of_run(finding, place, measures.server_time_total))
    if finding.level in (Level.HINT, Level.REFUTED) or place is None:
        return ranked
    why = thin(finding, place) or immaterial(ranked, place, measures.server_time_total)
    if not why:
        return ranked
    return replace(ranked, level=Level.HINT, caveats=(*ranked.caveats, Caveat(why)))


def places(measures: Measures) -> Mapping[str, Place]:
    """Every endpoint by name."""
    rows: list[dict[str, Any]] = measures.endpoints.select("endpoint", "requests", "traced", "coverage", "server_p50").to_dicts()
    return {
        row["endpoint"]: Place(row["requests"], row["traced"] or 0, row["coverage"] or 0.0, row["server_p50"] or 0.0)
        for row in rows
    }


def share_of_run(finding: Finding, place: Place | None, total: float) -> float | None:
    """Saving x requests / all server time; None when the finding claims no time."""
    if finding.saving is None or place is None or total <= 0:
        return None
    return min(1.0, finding.saving * place.traced / total)


def thin(finding: Finding, place: Place) -> str:
    """Why too little was seen of this endpoint; empty when enough was."""
    if place.requests < MIN_REQUESTS:
        return f"only {place.requests} requests: too few to call it a pattern"
    if UNTRACED_NEEDS.issuperset(finding.rule.needs):
        return ""
    if place.traced < MIN_TRACED:
        return f"only {place.traced} requests were seen from inside; {MIN_TRACED} are needed to be sure"
    if place.coverage < MIN_COVERAGE:
        return f"only {show_share(place.coverage)} of the requests were seen from inside"
    return ""


def immaterial(finding: Finding, place: Place, total: float) -> str:
    """Why the time at stake is too small; empty when it is not, or when no time is claimed."""
    if finding.saving is None:
        return ""
    low = finding.saving_interval[0] if finding.saving_interval else finding.saving
    of_run = low * place.traced / total if total > 0 else 0.0
    if low >= max(MIN_SAVING, MIN_SHARE_OF_REQUEST * place.median) or of_run >= MIN_SHARE_OF_RUN:
        return ""
    return f"small: at least {show_time(low)} a request and {show_share(of_run)} of all server time are at stake"


def untested(rule_needs: tuple[str, ...], endpoints: pl.DataFrame) -> str:
    """Why a rule that looks inside could look at no endpoint at all; empty when it could."""
    if UNTRACED_NEEDS.issuperset(rule_needs):
        return ""
    seen = endpoints.filter((pl.col("traced") >= MIN_TRACED) & (pl.col("coverage") >= MIN_COVERAGE))
    return (
        ""
        if len(seen)
        else f"no endpoint has {MIN_TRACED} requests that were seen from inside: run for longer, or at a higher rate"
    )
