"""Of two runs on record, what can be counted exactly: numbers that every request of a step shares within either run.

Runs draw their requests by chance, so that no two of them are the same request. What is one and the same number in all requests
of a step, statements or bytes, is a property of the step and not of the draw: it is compared as in the deck of tier 0.
"""

from typing import Final

import polars as pl

from perfkit.compare import exact
from perfkit.compare.change import Change
from perfkit.compare.exact import Places
from perfkit.compare.pairs import COUNTERS, SIDES
from perfkit.compare.runs.on_record import OnRecord

# If so many requests share a number, at most one in ten has another, with 95 % confidence (the rule of three).
FEWEST_REQUESTS: Final = 30
STEPS: Final = Places("steps", fewest=1)


def changes(base: OnRecord, head: OnRecord) -> tuple[Change, ...]:
    """Endpoints that only one run met come first."""
    places = table(base, head)
    statements = {"base": base.statements, "head": head.statements}
    found = exact.changes(places, exact.shapes(places, statements), {}, STEPS)
    return (*_of_one_run(base, head), *found)


def table(base: OnRecord, head: OnRecord) -> pl.DataFrame:
    """counters.parquet: a request per row, its step as its place; steps that either run played too seldom are left out."""
    rows = pl.concat([_rows(one.requests, side) for side, one in (("base", base), ("head", head))])
    often = rows.group_by("place", "side").len().filter(pl.col("len") >= FEWEST_REQUESTS)
    in_both = often.group_by("place").agg(sides=pl.len()).filter(pl.col("sides") == len(SIDES))
    steps = in_both.select("place").sort("place").with_row_index("number")
    return rows.join(steps, on="place", how="inner", maintain_order="left").select(
        (pl.col("number") if name == "place" else pl.col(name) if name in rows.columns else pl.lit(None).alias(name))
        .cast(kind)
        .alias(name)
        for name, kind in COUNTERS.items()
    )


def _rows(requests: pl.DataFrame, side: str) -> pl.DataFrame:
    """Of requests that were answered; of a step that ever succeeded only those that did, since a failure is another answer."""
    place = pl.format("{} {}", "endpoint", "step")
    answered = requests.filter(pl.col("status") > 0).with_columns(place=place, side=pl.lit(side), round=pl.lit(1))
    kept = answered.filter(pl.col("ok") | ~pl.col("ok").any().over("place"))
    return kept.drop("ok", "sent_at", "service_time", "response_time")


def _of_one_run(base: OnRecord, head: OnRecord) -> tuple[Change, ...]:
    names = [set(one.requests["endpoint"].unique()) for one in (base, head)]
    only_base = [Change(name, "exists", "yes", "no", "only the base has this endpoint") for name in sorted(names[0] - names[1])]
    only_head = [Change(name, "exists", "no", "yes", "only head has this endpoint") for name in sorted(names[1] - names[0])]
    return (*only_base, *only_head)
