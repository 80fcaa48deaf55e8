"""From tables to the series that are tested: per endpoint and figure the log ratio of every block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from perfkit.compare.metric import EVERY, MEAN, P95, SERVER_TIME, SERVICE_TIME, Metric, bursts_of
from perfkit.compare.timed import FEWEST_OF_MEDIANS, Timed
from perfkit.evidence import Missing, Table
from perfkit.stats import order, starts
from perfkit.stats.harrell_davis import quantile
from perfkit.stats.order import BlockRatios, Pairs
from perfkit.stats.starts import Started

Counts: TypeAlias = npt.NDArray[np.int64]
# Blocks of one figure of bursts: up to here the signed ranks are exact.
MOST_OF_BURSTS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One test to be: log(head/base) per block, and what both versions came to, in seconds."""

    endpoint: str
    metric: Metric
    ratios: BlockRatios
    base: float | None
    head: float | None
    start: Counts  # that each ratio is of
    is_login: bool = False
    lasting: float = 0.0  # standard error by its starts, beside that of its blocks

    @property
    def decides(self) -> bool:
        """Whether "equivalent" needs it below the margin; log-ins, sent once per user, are too few for that."""
        return self.metric.decides and not self.is_login


def of_times(timed: Sequence[Timed]) -> Iterator[Series]:
    """The typical request, all time together, and the slow ones; of all endpoints together the typical one only."""
    for one in timed:
        if not len(one.times.a):
            continue
        a, b = one.times.a, one.times.b
        typical = float(np.median(a)), float(np.median(b))
        medians, means = order.medians(one.joined), order.ratios_of_means(one.times)
        tails = order.ratios_of_quantiles(one.times, 0.95)
        yield Series(one.endpoint, SERVER_TIME, medians, *typical, _starts(one, medians), one.is_login)
        yield Series(one.endpoint, MEAN, means, float(a.mean()), float(b.mean()), _starts(one, means))
        yield Series(one.endpoint, P95, tails, quantile(a, 0.95), quantile(b, 0.95), _starts(one, tails))
    together = [one for one in timed if len(one.times.a) and not one.is_login]
    if len(together) > 1:
        wide = service_wide([one.times for one in together])
        yield Series(EVERY, SERVER_TIME, wide, None, None, _starts(together[0], wide))


def of_clients(timed: Sequence[Timed]) -> Iterator[Series]:
    """The typical request as the client saw it, where the probe's clock is what is judged."""
    for one in timed:
        if one.seen_from == "server" and len(one.client.a):
            ratios = order.medians(order.merged(one.client, FEWEST_OF_MEDIANS))
            typical = float(np.median(one.client.a)), float(np.median(one.client.b))
            yield Series(one.endpoint, SERVICE_TIME, ratios, *typical, _starts(one, ratios))


def of_bursts(bursts: Table) -> Iterator[Series]:
    """Per size of burst what its median and its last request took."""
    found = list(_of_bursts(bursts))
    errors = starts.lasting([Started(one.ratios.ratios, one.start) for one in found])
    yield from (replace(one, lasting=error) for one, error in zip(found, errors, strict=True))


def _of_bursts(bursts: Table) -> Iterator[Series]:
    """A burst to each version is a block: neighbours hardly depend on each other, and tests need blocks."""
    if isinstance(bursts, Missing) or bursts.is_empty():
        return
    grouped = bursts.group_by("endpoint", "size", maintain_order=True)
    for (endpoint, size), rows in sorted(grouped, key=lambda group: group[0]):
        for metric in bursts_of(int(size)):
            columns = pl.col(f"base_{metric.figure}", f"head_{metric.figure}")
            good = rows.filter(pl.all_horizontal(columns.is_not_null() & (columns > 0)))
            if good.height:
                pairs = _pairs(good, metric.figure)
                ratios = order.one_by_one(pairs, MOST_OF_BURSTS)
                start = good["restart"].to_numpy().astype(np.int64)[ratios.blocks]
                yield Series(str(endpoint), metric, ratios, float(np.median(pairs.a)), float(np.median(pairs.b)), start)


def service_wide(endpoints: Sequence[Pairs]) -> BlockRatios:
    """Mean over the endpoints, of blocks joined for all of them alike until each has a request of either order."""
    numbers = np.unique(np.concatenate([pairs.block for pairs in endpoints]))
    held = np.zeros((len(endpoints), 2), np.int64)
    begun: list[int] = []
    open_ = True
    for number in numbers.tolist():
        if open_:
            begun.append(number)
            open_ = False
        for row, pairs in enumerate(endpoints):
            orders = pairs.b_first[pairs.block == number]
            held[row] += (np.count_nonzero(~orders), np.count_nonzero(orders))
        if held.min() >= FEWEST_OF_MEDIANS:
            held[:], open_ = 0, True
    if begun and not open_ and len(begun) > 1:
        begun.pop()  # too little for a block of its own: it goes with the one before
    starts = np.array(begun, np.int64)
    renamed = [
        Pairs(pairs.a, pairs.b, pairs.b_first, starts[np.searchsorted(starts, pairs.block, side="right") - 1])
        for pairs in endpoints
    ]
    return order.service_wide([order.medians(pairs) for pairs in renamed])


def _starts(one: Timed, ratios: BlockRatios) -> Counts:
    return np.array([one.restarts[block] for block in ratios.blocks.tolist()], np.int64)


def _pairs(rows: pl.DataFrame, figure: str) -> Pairs:
    return Pairs(
        a=rows[f"base_{figure}"].cast(pl.Float64).to_numpy(),
        b=rows[f"head_{figure}"].cast(pl.Float64).to_numpy(),
        b_first=rows["head_first"].to_numpy().astype(np.bool_),
        block=rows["block"].to_numpy().astype(np.int64),
    )
