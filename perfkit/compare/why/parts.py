"""Which parts of the server time changed: the breakdown of both versions, block by block, so that parts sum up to the whole."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from perfkit.compare.why.explanation import Breakdown, Part
from perfkit.compare.why.judged import FALSE_SHARE, FLOOR
from perfkit.compare.why.recorded import Recorded
from perfkit.evidence import Missing
from perfkit.measures.breakdown import PARTS
from perfkit.stats.holm import benjamini_hochberg
from perfkit.stats.quantiles import Numbers
from perfkit.stats.replicated import Difference, difference

WHOLE: Final = "server_time"


def breakdowns(base: Recorded, head: Recorded, endpoints: Sequence[str]) -> tuple[Breakdown, ...]:
    """Of the requests that were measured, not of the profiled ones; the parts of all endpoints are one family."""
    found = list(_differences(base, head, endpoints))
    family = [one for _, _, differences in found for one in differences.values()]
    adjusted = iter(benjamini_hochberg([one.p for one in family]))
    return tuple(_breakdown(endpoint, units, differences, adjusted) for endpoint, units, differences in found)


def _differences(
    base: Recorded, head: Recorded, endpoints: Sequence[str]
) -> Iterator[tuple[str, int, dict[str, Difference]]]:  # fmt: skip
    sides = [by_unit(one) for one in (base, head)]
    for endpoint in endpoints:
        both = (
            sides[0].filter(endpoint=endpoint).join(sides[1].filter(endpoint=endpoint), on="unit", suffix=" of head").sort("unit")
        )
        if both.is_empty():
            continue
        columns = {name: (_numbers(both[name]), _numbers(both[f"{name} of head"])) for name in (WHOLE, *PARTS)}
        yield (
            endpoint,
            both.height,
            {name: difference(*columns[name]) for name in columns if name == WHOLE or _occurs(columns[name])},
        )


def by_unit(one: Recorded) -> pl.DataFrame:
    """Means of each unit: endpoint, unit, server_time and its parts."""
    parts, traces = one.measures.request_parts, one.measures.evidence.traces
    if isinstance(traces, Missing):
        return pl.DataFrame(schema={**parts.schema, "unit": pl.Int64()})
    units = traces.select("trace", "id").join(one.units, on="id", how="inner").select("trace", "unit")
    return parts.join(units, on="trace", how="inner").group_by("endpoint", "unit").agg(pl.col(WHOLE, *PARTS).mean())


def _occurs(values: tuple[Numbers, Numbers]) -> bool:
    return any(bool((side > 0).any()) for side in values)


def _numbers(column: pl.Series) -> Numbers:
    return column.to_numpy().astype(np.float64)


def _breakdown(endpoint: str, units: int, differences: dict[str, Difference], adjusted: Iterator[float]) -> Breakdown:
    floor = FLOOR * min(differences[WHOLE].base, differences[WHOLE].head)
    sure = {
        name: next(adjusted) <= FALSE_SHARE and abs(one.change.value) >= floor for name, one in differences.items()
    }  # fmt: skip
    parts = [Part(name, one, sure[name]) for name, one in differences.items() if name != WHOLE]
    parts.sort(key=lambda part: -abs(part.difference.change.value))
    return Breakdown(endpoint, differences[WHOLE], sure[WHOLE], tuple(parts), units)
