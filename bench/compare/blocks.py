"""What every block of a comparison said, by endpoint, figure and restart: enough to judge it again, or to resample its noise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.compare.compared import Compared
from perfkit.compare.series import Series, of_bursts, of_times
from perfkit.compare.timed import endpoints
from perfkit.stats import starts
from perfkit.stats.quantiles import Numbers
from perfkit.stats.starts import Started

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

    @property
    def start(self) -> npt.NDArray[np.int64]:
        """Of each of the joined."""
        return np.repeat(np.arange(len(self.restarts)), [len(part) for part in self.restarts])

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
        found += list(_rows(of_times(endpoints(pairs))))
    if bursts is not None:
        found += list(_rows(of_bursts(bursts)))
    return found


def lasting(series: Sequence[Blocks]) -> list[float]:
    """As perfkit.compare has it for bursts."""
    bursts = [one for one in series if one.is_burst]
    errors = iter(starts.lasting([Started(one.joined, one.start) for one in bursts]))
    return [next(errors) if one.is_burst else 0.0 for one in series]


def _rows(series: Iterable[Series]) -> Iterator[dict[str, Any]]:
    for one in series:
        by_restart = [one.ratios.ratios[one.start == number].round(DIGITS).tolist() for number in np.unique(one.start)]
        yield {"endpoint": one.endpoint, "metric": one.metric.id, "restarts": by_restart}


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[Blocks, ...]:
    """Of what `kept` has kept."""
    return tuple(
        Blocks(row["endpoint"], row["metric"], tuple(np.array(restart, np.float64) for restart in row["restarts"]))
        for row in rows
    )
