"""The pairs of each endpoint as times to compare: which side's clock they come from, and what had to be left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from perfkit.evidence import Missing, Table
from perfkit.stats.order import Pairs, merged
from perfkit.stats.paired_binomial import Both
from perfkit.stats.quantiles import Numbers

# With fewer of the pairs seen from inside on both sides, who was seen may have to do with how long it took.
SEEN: Final = 0.9
# Blocks that are too short for a request of either order are joined with their neighbours.
FEWEST_OF_MEDIANS: Final = 1
_HAS_NO_ERROR: Final = pl.all_horizontal(pl.col("base_error", "head_error").cast(pl.String).fill_null("") == "")
_INSIDE: Final = pl.col("base_server", "head_server")
_WAS_SEEN: Final = pl.all_horizontal(_INSIDE.is_not_null() & (_INSIDE > 0))
_IS_STEP: Final = pl.col("step").cast(pl.String).str.starts_with(pl.col("flow").cast(pl.String) + "[")
_HAS_ONE_STATUS: Final = pl.col("base_status") == pl.col("head_status")


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What of one version's times, by the client's clock, passed in the application; nothing where that was not seen."""

    computing: Numbers
    waiting: Numbers  # for what serves others meanwhile


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """An endpoint: its good pairs by the probe's clock (the client's without a probe), and by the client's."""

    endpoint: str
    times: Pairs
    client: Pairs
    seen_from: Literal["server", "client"]
    restarts: dict[int, int]  # of every block
    errors: Both
    sent: int
    inside: tuple[Inside, Inside]  # of `client`
    is_login: bool = False  # no step of a flow: sent once per user, and never often enough to be judged

    @property
    def joined(self) -> Pairs:
        return merged(self.times, FEWEST_OF_MEDIANS)


def endpoints(pairs: Table) -> tuple[Timed, ...]:
    """Those with most of the base's time first; without pairs that both versions answered well there is nothing to time."""
    if isinstance(pairs, Missing) or pairs.is_empty():
        return ()
    found = list(_each(pairs))
    return tuple(sorted(found, key=lambda one: -float(one.client.a.sum())))


def _each(pairs: pl.DataFrame) -> Iterator[Timed]:
    for (name,), rows in pairs.group_by("endpoint", maintain_order=True):
        good = rows.filter(_HAS_NO_ERROR & _HAS_ONE_STATUS)
        inside = good.filter(_WAS_SEEN) if "base_server" in good.columns else good.clear()
        from_inside = inside.height > 0 and inside.height >= SEEN * good.height
        yield Timed(
            endpoint=str(name),
            times=_pairs(inside, "server") if from_inside else _pairs(good, "time"),
            client=_pairs(good, "time"),
            seen_from="server" if from_inside else "client",
            restarts=dict(rows.select("block", "restart").unique().iter_rows()),
            errors=_errors(rows),
            sent=rows.height,
            inside=(_inside(good, "base"), _inside(good, "head")),
            is_login=not rows.select(_IS_STEP.any()).item(),
        )


def _pairs(rows: pl.DataFrame, column: str) -> Pairs:
    return Pairs(
        a=rows[f"base_{column}"].cast(pl.Float64).to_numpy(),
        b=rows[f"head_{column}"].cast(pl.Float64).to_numpy(),
        b_first=rows["head_first"].to_numpy().astype(np.bool_),
        block=rows["block"].to_numpy().astype(np.int64),
    )


def _inside(rows: pl.DataFrame, side: str) -> Inside:
    if f"{side}_cpu" not in rows.columns:
        return Inside(np.zeros(rows.height), np.zeros(rows.height))
    whole = pl.col(f"{side}_server").fill_null(0.0).clip(0.0, pl.col(f"{side}_time"))
    computing = pl.min_horizontal(pl.col(f"{side}_cpu").clip(0.0), whole)
    seen = rows.select(computing=computing, waiting=whole - computing)
    return Inside(seen["computing"].to_numpy(), seen["waiting"].to_numpy())


def _errors(rows: pl.DataFrame) -> Both:
    base = rows["base_error"].cast(pl.String).fill_null("") != ""
    head = rows["head_error"].cast(pl.String).fill_null("") != ""
    return Both(int((base & ~head).sum()), int((~base & head).sum()), int((base & head).sum()), rows.height)
