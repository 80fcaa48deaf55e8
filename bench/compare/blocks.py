"""What every block of a comparison said, by endpoint, figure and restart: enough to judge it again, or to resample its noise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bench.compare.compared import Compared
from perfkit.compare.series import Series, of_bursts, of_times
from perfkit.compare.timed import endpoints
from perfkit.stats.quantiles import Numbers

DIGITS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """log(head/base) of one endpoint and figure: an array per restart."""

    endpoint: str
    metric: str
    restarts: tuple[Numbers, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.endpoint, self.metric

    @property
    def is_burst(self) -> bool:
        return self.metric.startswith("burst")

    @property
    def joined(self) -> Numbers:
        return np.concatenate(self.restarts)

    def restart(self, number: int, of: int) -> Numbers:
        """Of so many restarts; where blocks were joined until they held enough, a figure has fewer, and this is the nearest."""
        return self.restarts[number * len(self.restarts) // of]

    def until(self, number: int, of: int) -> Numbers:
        """What there was after so many restarts."""
        return np.concatenate(self.restarts[: -(-number * len(self.restarts) // of)])


def kept(one: Compared) -> list[dict[str, Any]]:
    """For the ledger."""
    found = []
    pairs, bursts = one.table("pairs"), one.table("bursts")
    if pairs is not None:
        found += list(_rows(of_times(endpoints(pairs)), pairs))
    if bursts is not None:
        found += list(_rows(of_bursts(bursts), bursts))
    return found


def _rows(series: Iterable[Series], table: pl.DataFrame) -> Iterator[dict[str, Any]]:
    restart = dict(table.select("block", "restart").unique().iter_rows())
    for one in series:
        numbers = np.array([restart[block] for block in one.ratios.blocks.tolist()])
        by_restart = [one.ratios.ratios[numbers == number].round(DIGITS).tolist() for number in np.unique(numbers)]
        yield {"endpoint": one.endpoint, "metric": one.metric.id, "restarts": by_restart}


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[Blocks, ...]:
    """Of what `kept` has kept."""
    return tuple(
        Blocks(row["endpoint"], row["metric"], tuple(np.array(restart, np.float64) for restart in row["restarts"]))
        for row in rows
    )
