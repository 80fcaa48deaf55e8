"""Polars frames by endpoint: slices of a sorted one that share its memory, or gathered when one is asked for."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.evidence import Missing, Phase, Table

Numbers: TypeAlias = npt.NDArray[np.float64]
Counts: TypeAlias = npt.NDArray[np.int64]
# Rows of one table as they belong to another: in 32 bits, because there are millions of them.
Rows: TypeAlias = npt.NDArray[np.uint32]
Owners: TypeAlias = npt.NDArray[np.int32]

NOBODY = -1
# Keys that are looked up at once: enough to be fast, few enough that what stands between costs no memory to speak of.
BLOCK = 1 << 18


def present(table: Table, schema: pl.Schema) -> pl.DataFrame:
    """The table, or an empty one when it is Missing (whoever needs it was skipped before)."""
    return pl.DataFrame(schema=schema) if isinstance(table, Missing) else table


def of_phase(frame: pl.DataFrame, phase: Phase) -> pl.DataFrame:
    """The rows of a phase; without a copy where they stand together, as they do when a phase ends before the next one begins."""
    chosen = (frame["phase"] == phase).fill_null(value=False)
    count, first = int(chosen.sum()), chosen.arg_max() or 0
    return frame.slice(first, count) if chosen.slice(first, count).all() else frame.filter(chosen)


def slices(frame: pl.DataFrame, column: str = "endpoint") -> Mapping[str, pl.DataFrame]:
    """A frame that is sorted by `column`, per value of it and without a copy, in the order in which they stand."""
    if frame.is_empty():
        return {}
    runs = frame.select(value=pl.col(column).rle()).unnest("value")
    starts = runs["len"].cum_sum() - runs["len"]
    return {
        value: frame.slice(start, length)
        for value, start, length in zip(runs["value"].cast(pl.String), starts, runs["len"], strict=True)
    }


def numbers(series: pl.Series) -> Numbers:
    """As floats, null as NaN."""
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def positions(keys: pl.Series, among: pl.Series) -> Owners:
    """Where each of `keys` stands in `among` (unique values); NOBODY where it does not."""
    wanted, held = keys.to_numpy(), among.to_numpy()
    found = np.full(len(wanted), NOBODY, dtype=np.int32)
    if len(held) == 0:
        return found
    order = np.argsort(held).astype(np.int32)
    ordered = held[order]
    for start in range(0, len(wanted), BLOCK):
        block = wanted[start : start + BLOCK]
        nearest = np.minimum(np.searchsorted(ordered, block), len(held) - 1)
        found[start : start + BLOCK] = np.where(ordered[nearest] == block, order[nearest], NOBODY)
    return found


def by_owner(owners: Owners) -> tuple[Rows, Owners]:
    """Rows that have an owner, by owner and then as they stand, and whose they are; several times as fast as a stable argsort."""
    rows = np.flatnonzero(owners != NOBODY).astype(np.uint32)
    keyed = owners[rows].astype(np.uint64)
    # In place: of millions of rows every array that stands between is felt.
    keyed <<= np.uint64(32)
    keyed |= rows
    keyed.sort()
    rows[:] = keyed & np.uint64(0xFFFFFFFF)
    keyed >>= np.uint64(32)
    return rows, keyed.astype(np.int32)


def rows_by(values: pl.Series) -> Mapping[str, Rows]:
    """Where each value stands, of few that stand in any order; the values in theirs."""
    codes = values.cast(pl.Categorical).to_physical().cast(pl.Int32)
    rows, owners = by_owner(codes.to_numpy())
    starts = np.flatnonzero(np.diff(owners, prepend=NOBODY))
    parts = np.split(rows, starts[1:]) if len(rows) else []
    return dict(sorted((str(values[int(part[0])]), part) for part in parts))


class Gathered(Mapping[str, pl.DataFrame]):
    """Frames that are put together when they are asked for: at once they would take the evidence's memory a second time.

    One that is still held by somebody is not made again: whoever looks at an endpoint asks for it more than once.
    """

    def __init__(self, makers: Mapping[str, Callable[[], pl.DataFrame]]) -> None:
        self._makers = makers
        self._made: WeakValueDictionary[str, pl.DataFrame] = WeakValueDictionary()

    def __getitem__(self, key: str) -> pl.DataFrame:
        frame = self._made.get(key)
        if frame is None:
            frame = self._makers[key]()
            self._made[key] = frame
        return frame

    def __contains__(self, key: object) -> bool:
        return key in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
