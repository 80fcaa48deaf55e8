"""How large a planted change has to be on this machine, and how large it came out: measured through the command itself."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from bench.compare.changes import APP, ENDPOINTS, SETTINGS, Kind, Sizes, replaced
from bench.compare.compared import Asked, Compared, compared
from bench.compare.registered import RegistrationError
from bench.compare.repository import BASE, Repository

# Rounds of work that the service has, and has for finding out what a round costs: the more, the less the noise is of it.
ROUNDS, MORE = 12_000, 24_000
BURST = "burst_8_last"
# With no time in the gate nothing ends a comparison early: what is wanted is a size and no verdict.
NO_GATE = ("--set", "compare.gate=[errors]", "--allow-answers")
LONG, SHORT = "60s", "20s"
TRUE = "180s"


class CalibrationError(RegistrationError):
    """What was to be measured was not."""


def calibrated(repository: Repository, *, is_try: bool) -> dict[str, Any]:
    """The facts of a series: Sizes, what the endpoints take, and for how much of it a request keeps the process busy."""
    files = replaced(repository.files, SETTINGS, f"ROUNDS = {ROUNDS:_}", f"ROUNDS = {MORE:_}")
    head = repository.branch("calibration", files)
    asked = Asked(repository.top, repository.scenario, BASE, head, (*NO_GATE, "--budget", SHORT if is_try else LONG))
    with compared(asked) as one:
        tests = tests_of(one)
        counters, pairs = one.table("counters"), one.table("pairs")
        if counters is None or pairs is None:
            raise CalibrationError(one.complaint)
        sizes = Sizes(
            server_time={place: _rounds(tests[place, "server_time"]["change"]) for place in ENDPOINTS},
            burst={place: _rounds(tests[place, BURST]["change"]) for place in ENDPOINTS},
            allocated=_allocated(counters),
        )
        times = {place: round(tests[place, "server_time"]["base"], 6) for place in ENDPOINTS}
        waited = (pl.col("base_server") - pl.col("base_cpu")).fill_null(0.0).clip(0.0, pl.col("base_time"))
        busy: float = pairs.select((pl.col("base_time") - waited).mean()).item()
    return {"sizes": asdict(sizes), "server_time": times, "busy": round(busy, 6)}


def allocated(repository: Repository) -> dict[str, float]:
    """Bytes allocated within a request, by endpoint."""
    with compared(Asked(repository.top, repository.scenario, BASE, BASE, ("--tiers", "0"))) as one:
        counters = one.table("counters")
        if counters is None:
            raise CalibrationError(one.complaint)
        return _allocated(counters)


def sizes_of(facts: Mapping[str, Any]) -> Sizes:
    return Sizes(**facts["sizes"])


def true_size(repository: Repository, kind: Kind, figure: str, sizes: Sizes) -> dict[str, Any]:
    """Of a kind planted in all of its places at once: a long alternation, per place the change and its interval."""
    files = dict(repository.files)
    for place in kind.places:
        files |= kind.files(files, place, sizes, 0)
    head = repository.branch(f"true-{kind.name}", {APP: files[APP]})
    tiers = "2" if kind.tier == 2 else "1"
    with compared(Asked(repository.top, repository.scenario, BASE, head, (*NO_GATE, "--tiers", tiers, "--budget", TRUE))) as one:
        tests = tests_of(one)
        names = ("change", "interval", "blocks")
        return {place: {name: tests[place, figure][name] for name in names} for place in kind.places}


def tests_of(one: Compared) -> dict[tuple[str, str], Mapping[str, Any]]:
    if not one.has_answer:
        raise CalibrationError(one.complaint)
    return {(test["endpoint"], test["metric"]): test for test in one.said["tests"]}


def _rounds(change: float | None) -> float:
    """That would double the figure, by how much the added ones changed it."""
    if change is None or change <= 0:
        found = "was not enough to be seen" if change is None else f"changed a figure by {change:.1%}"
        raise CalibrationError(f"twice the work {found}: this machine is too busy to be calibrated")
    return round((MORE - ROUNDS) / change, 1)


def _allocated(counters: pl.DataFrame) -> dict[str, float]:
    own = counters.filter(pl.col("side").cast(pl.String) == "base")
    rows = own.group_by(pl.col("endpoint").cast(pl.String)).agg(pl.col("allocated").median()).iter_rows()
    return dict(rows)
