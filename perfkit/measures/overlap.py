"""Calls that overlap in one request: each moment of it is given to one of them, so that the parts never exceed the whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.measures.calls import Calls, sum_by
from perfkit.measures.frames import NOBODY, Counts, Numbers, Owners, numbers

# Inner calls first: a connect, a lock or a wait for a pool happens inside the statement or the outbound call that needs it.
INNER: Final = ("connect", "lock", "pool_wait")
OUTER: Final = ("database", "outbound")
KINDS: Final = (*INNER, *OUTER)
# Two clock readings of one instant differ by less than this.
TOUCHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Spans:
    """Calls as arrays, sorted by owner and start."""

    owners: Owners
    kinds: npt.NDArray[np.int8]  # index into KINDS
    starts: Numbers
    ends: Numbers

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Spans":
        return Spans(self.owners[chosen], self.kinds[chosen], self.starts[chosen], self.ends[chosen])


def spans(calls: Calls, part_of_wait: Mapping[str, str]) -> Spans:
    """Statements and waits as spans of their traces; waits of a kind that has no part are left out."""
    codes = {kind: KINDS.index(part) for kind, part in part_of_wait.items()}
    statements, waits = calls.statements.taken("started_at", "wall_time"), calls.waits.taken("kind", "started_at", "wall_time")
    wait_codes = waits["kind"].cast(pl.String).replace_strict(codes, default=NOBODY, return_dtype=pl.Int8).to_numpy()
    starts = np.concatenate([numbers(statements["started_at"]), numbers(waits["started_at"])])
    walls = np.concatenate([numbers(statements["wall_time"]), numbers(waits["wall_time"])])
    database = np.full(statements.height, KINDS.index("database"), dtype=np.int8)
    found = Spans(
        owners=np.concatenate([calls.statements.owners, calls.waits.owners]),
        kinds=np.concatenate([database, wait_codes], dtype=np.int8),
        starts=starts,
        ends=starts + walls,
    )
    found = found[found.kinds != NOBODY]
    return found if _in_order(found) else found[np.lexsort((found.starts, found.owners))]


def _in_order(spans: Spans) -> bool:
    next_owner = np.diff(spans.owners)
    return bool(((next_owner > 0) | ((next_owner == 0) & (np.diff(spans.starts) >= 0))).all())


def parts(spans: Spans, height: int) -> dict[str, Numbers]:
    """Seconds of each kind per owner; overlapping calls are counted once."""
    overlapped = _overlapped(spans, height)
    alone = spans[~overlapped[spans.owners]]
    sums = {
        kind: sum_by(alone.owners[alone.kinds == i], (alone.ends - alone.starts)[alone.kinds == i], height)
        for i, kind in enumerate(KINDS)
    }
    if overlapped.any():
        for kind, times in _swept(spans[overlapped[spans.owners]], height).items():
            sums[kind] += times
    return sums


def _overlapped(spans: Spans, height: int) -> npt.NDArray[np.bool_]:
    """Owners in which some call starts before the one before it has ended."""
    # Enough to look at neighbours: the first overlap of an owner is one between neighbours in order of their starts.
    touches = (np.diff(spans.owners) == 0) & (spans.starts[1:] < spans.ends[:-1] - TOUCHING)
    overlapped = np.zeros(height, dtype=np.bool_)
    overlapped[spans.owners[1:][touches]] = True
    return overlapped


def _swept(spans: Spans, height: int) -> dict[str, Numbers]:
    """Walks over all starts and ends at once; each stretch goes to one kind: an inner one, else the outer one that came first."""
    count = len(spans.owners)
    owners = np.concatenate([spans.owners, spans.owners])
    times = np.concatenate([spans.starts, spans.ends])
    kinds = np.concatenate([spans.kinds, spans.kinds])
    steps = np.repeat(np.array([1, -1], dtype=np.int32), count)
    order = np.lexsort((times, owners))
    owners, times, kinds, steps = owners[order], times[order], kinds[order], steps[order]
    # Every call that starts within an owner ends within it: the running counts are back at 0 where the next owner begins.
    active = {kind: np.cumsum(np.where(kinds == i, steps, 0)) > 0 for i, kind in enumerate(KINDS)}
    stretch = np.diff(times, append=times[-1])
    stretch[:-1][np.diff(owners) != 0] = 0.0
    winner = np.full(len(times), NOBODY, dtype=np.int64)
    database, outbound = active["database"], active["outbound"]
    winner[:] = _first_come(database, outbound)
    for kind in reversed(INNER):
        winner[active[kind]] = KINDS.index(kind)
    return {kind: sum_by(owners[winner == i], stretch[winner == i], height) for i, kind in enumerate(KINDS)}


def _first_come(database: npt.NDArray[np.bool_], outbound: npt.NDArray[np.bool_]) -> Counts:
    """Of two outer kinds at once, the one that was already there."""
    alone = np.select(
        [database & ~outbound, outbound & ~database, ~database & ~outbound],
        [KINDS.index("database"), KINDS.index("outbound"), NOBODY],
        default=-2,  # both
    )
    # Fill forward: where both run, what ran alone before goes on; both from the very start: the statement.
    last = np.maximum.accumulate(np.where(alone != -2, np.arange(len(alone)), 0))  # noqa: PLR2004
    filled = alone[last]
    return np.where((alone == -2) & (filled < 0), KINDS.index("database"), filled).astype(np.int64)  # noqa: PLR2004
