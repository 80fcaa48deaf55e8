"""Whether both versions answer alike, and which exact changes count for what: said before any time is."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from perfkit.compare.change import Change
from perfkit.compare.comparison import Counted
from perfkit.compare.settings import Settings
from perfkit.evidence import Missing, Table

# These may grow by the margin without anybody minding; of all others one more is one more.
WITHIN_MARGIN: Final = frozenset({"bytes", "allocations", "peak_memory", "calls", "instructions"})
NOWHERE: Final = (404, 405)


def counted(pairs: Table, changes: tuple[Change, ...] | Missing, settings: Settings) -> tuple[Counted, ...]:
    """Answers that differ first, then what regressed."""
    met = tuple(_of_statuses(pairs))
    one_sided = {change.endpoint for change in met if change.counter == "exists"}
    # That an endpoint is there in one version only says all that its status and its error page would.
    every = () if isinstance(changes, Missing) else changes
    exact = [change for change in every if not (change.is_of_answers and change.endpoint in one_sided)]
    known = {(change.endpoint, change.counter) for change in exact}
    seen = [change for change in met if (change.endpoint, change.counter) not in known]
    # What an error page weighs, or takes statements for, is no figure of the endpoint that is gone.
    apart = {change.endpoint for change in (*seen, *exact) if change.counter in {"exists", "status"}}
    judged = [
        _judged(change, settings) if change.is_of_answers or change.endpoint not in apart else Counted(change, "changed", False)
        for change in (*seen, *exact)
    ]
    order = ("different", "regressed", "improved", "changed")
    return tuple(sorted(judged, key=lambda one: (order.index(one.outcome), one.change.endpoint)))


def _judged(change: Change, settings: Settings) -> Counted:
    if change.is_of_answers:
        new = change.counter == "exists" and change.base == "no"
        return Counted(change, "changed" if new else "different", not new and not settings.allow_answers)
    gated = change.counter in settings.gate
    growth = change.growth
    limit = settings.rules.margin if change.counter in WITHIN_MARGIN else 0.0
    if growth is None or abs(growth) <= limit:
        return Counted(change, "changed", False)
    return Counted(change, "regressed" if growth > 0 else "improved", gated)


def _of_statuses(pairs: Table) -> Iterator[Change]:
    """What alternation met by itself: endpoints of one version only, and requests that were answered with another status."""
    if isinstance(pairs, Missing) or pairs.is_empty():
        return
    for (name,), rows in pairs.group_by("endpoint", maintain_order=True):
        base_gone, head_gone = (bool(rows[f"{side}_status"].is_in(NOWHERE).all()) for side in ("base", "head"))
        if base_gone != head_gone:
            detail = "only head has this endpoint" if base_gone else "only the base has this endpoint"
            yield Change(str(name), "exists", "no" if base_gone else "yes", "no" if head_gone else "yes", detail)
            continue
        apart = rows.filter(
            (pl.col("base_status") != pl.col("head_status")) & (pl.col("base_status") > 0) & (pl.col("head_status") > 0)
        )
        if apart.height:
            base, head, times = apart.group_by("base_status", "head_status").len().sort("len", descending=True).row(0)
            yield Change(str(name), "status", int(base), int(head), f"in {times} of {rows.height} requests")
