"""What opening connections took of the requests' time: the generator's own, which no route is to blame for."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.measures.frames import numbers
from perfkit.stats import quantiles

_SHARES: Final = (0.50, 0.99)


@dataclass(frozen=True, slots=True)
class Opened:
    """Connections of the measure phase; times are (median, 99th percentile), None where there was no such step."""

    requests: int
    connections: int
    again: int  # of them, by a user that had one before
    connect: tuple[float, float] | None
    tls: tuple[float, float] | None


def opened(samples: pl.DataFrame) -> Opened:
    return Opened(
        requests=samples.height,
        connections=int((samples["connect_time"] > 0).sum()),
        again=int(samples["reconnect"].sum()),
        connect=_times(samples["connect_time"]),
        tls=_times(samples["tls_time"]),
    )


def _times(column: pl.Series) -> tuple[float, float] | None:
    """Of those that took any; a run of before the handshake had a column of its own has nulls there."""
    taken = column.filter(column > 0)
    if taken.is_empty():
        return None
    median, high = quantiles.of_unordered(numbers(taken), _SHARES)
    return median, high
