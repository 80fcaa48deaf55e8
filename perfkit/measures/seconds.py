"""The measure phase second by second, for objectives with windows."""

import math

import numpy as np
import polars as pl

from perfkit.evidence import Interval
from perfkit.measures.frames import numbers
from perfkit.slo.windows import Seconds
from perfkit.stats.histogram import Histogram


def of(all_samples: pl.DataFrame, within: Interval, epoch: float) -> Seconds:
    """The whole seconds of CLOCK_MONOTONIC that lie in `within`, with the requests of any phase that ended in them."""
    since, until = math.ceil(within.started_at + epoch), math.floor(within.finished_at + epoch)
    ended = all_samples.select(
        second=(pl.col("finished_at") + epoch).floor().cast(pl.Int64),
        endpoint=pl.col("endpoint").cast(pl.String),
        error=pl.col("error").cast(pl.String).fill_null(""),
        response_time="response_time",
    ).filter(pl.col("second").is_between(since, until, closed="left"))
    cells: dict[int, dict[tuple[str, str], Histogram]] = {}
    for (second, endpoint, error), part in ended.group_by("second", "endpoint", "error"):
        assert isinstance(second, int)
        times = np.maximum(numbers(part["response_time"]), 0.0)
        cells.setdefault(second, {})[str(endpoint), str(error)] = Histogram.of(times)
    return Seconds(since, until, cells)
