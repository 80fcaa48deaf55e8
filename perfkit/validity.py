"""Was the run fit to judge: valid, suspect or invalid, with reasons."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from perfkit import counts, strain
from perfkit.counts import Counts
from perfkit.evidence import Evidence, Floor, GeneratorHealth, Missing, Run
from perfkit.units import show_rate, show_share, show_time

State: TypeAlias = Literal["valid", "suspect", "invalid"]

# Half a core of headroom is the usual advice of load tools; at 85 % of a core Locust warns itself (90 %, averaged over 10 s).
SUSPECT_CPU_SHARE = 0.85
INVALID_CPU_SHARE = 0.97
# Requests that leave this late are no longer the schedule that the scenario asked for.
SUSPECT_LAG = 0.010
INVALID_LAG = 0.250
# Of the floor: above it a generator has no room for bursts, nor for what is read and written beside the requests.
SUSPECT_DEMAND = 0.8
# Lateness counts in every response time; a tenth of the p99 that it stands in does not change what is said of it.
SUSPECT_LAG_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Validity:
    """A state and why it is not better."""

    state: State
    reasons: tuple[str, ...] = ()

    @property
    def can_be_baseline(self) -> bool:
        """Other runs may be compared with this one: its figures are the target's."""
        return self.state != "invalid"


def judge(evidence: Evidence, counted: Counts | None = None) -> Validity:
    """Invalid when the generator, not the target, was the limit; suspect when that cannot be ruled out.

    `counted` saves counting a large run twice.
    """
    p99 = _p99(evidence)
    invalid, suspect = _of_generator(evidence.run.generator, p99)
    strained = strain.judge(evidence, p99)
    invalid += strained.invalid
    suspect += strained.suspect
    suspect += [*_of_demand(evidence.run.floor), *_of_ending(evidence.run)]
    suspect += (counted or counts.compare(evidence)).mismatches
    if evidence.samples.is_empty():
        invalid.append("not one request was recorded")
    if invalid:
        return Validity("invalid", (*invalid, *suspect))
    return Validity("suspect", tuple(suspect)) if suspect else Validity("valid")


def _p99(evidence: Evidence) -> float:
    """Response time that 1 % of the measured requests exceed."""
    measured = evidence.samples.filter(pl.col("phase") == "measure")
    value = measured.select((pl.col("finished_at") - pl.col("intended_at")).quantile(0.99)).item()
    return float(value) if value is not None else 0.0


def _of_generator(health: GeneratorHealth | None, p99: float) -> tuple[list[str], list[str]]:
    """Why the generator makes the run invalid, and why it makes it suspect."""
    invalid: list[str] = []
    suspect: list[str] = []
    if health is None:
        return invalid, ["the generator left no account of itself"]
    cpu = f"the generator used {show_share(health.cpu_share)} of its core"
    if health.cpu_share >= INVALID_CPU_SHARE:
        invalid.append(f"{cpu}: it, not the target, was the limit")
    elif health.cpu_share >= SUSPECT_CPU_SHARE:
        suspect.append(f"{cpu}; response times include its own delay")
    late = f"1 % of the requests left {show_time(health.lag_p99)} or more after their time"
    if health.open_loop and health.lag_p99 >= INVALID_LAG:
        invalid.append(late)
    elif health.open_loop and health.lag_p99 >= max(SUSPECT_LAG, SUSPECT_LAG_SHARE * p99):
        suspect.append(late)
    if health.held:
        suspect.append(f"guard.max_rate held users back {health.held} times: without it the load would have been another")
    suspect += [f"{worker.lost}; what it would have sent was not sent" for worker in health.workers if worker.lost]
    return invalid, suspect


def _of_demand(floor: Floor | Missing) -> list[str]:
    if isinstance(floor, Missing) or floor.needed_rate < SUSPECT_DEMAND * floor.rate:
        return []
    asked = f"at its peak the load asked for requests at {show_rate(floor.needed_rate)}"
    return [f"{asked}, {show_share(floor.needed_rate / floor.rate)} of what the generator can send at most"]


def _of_ending(run: Run) -> list[str]:
    said = {
        "interrupted": "the run was interrupted: later load was never applied",
        "aborted": f"perfkit ended the load early, and later load was never applied: {run.failure}",
        "died": f"the run ended early: {run.failure or 'the target died'}",
        "running": "perfkit was killed while it ran; this is what it had written",
    }
    return [said[run.state]] if run.state in said else []
