"""What stands behind an endpoint's verdicts: its restarts, its deciles, and the base against itself."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from perfkit.compare.comparison import Detail
from perfkit.compare.fitness import FEWEST_FOR_DRIFT, levels
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.series import Series
from perfkit.compare.timed import Timed
from perfkit.stats import order, self_check, shift
from perfkit.stats.order import BlockRatios

# A spread of fewer is hardly known.
FEWEST_FOR_SPREAD: Final = 4


def details(timed: Sequence[Timed], series: Sequence[Series]) -> tuple[Detail, ...]:
    ratios = {one.endpoint: one.ratios for one in series if one.metric == SERVER_TIME}
    return tuple(_of(one, ratios[one.endpoint]) for one in timed if one.endpoint in ratios)


def _of(one: Timed, ratios: BlockRatios) -> Detail:
    base = levels(one.joined)
    check = self_check.odd_even(base) if len(base) >= 2 else None  # noqa: PLR2004  # a pair of blocks
    blocks = len(ratios.ratios)
    return Detail(
        endpoint=one.endpoint,
        seen_from=one.seen_from,
        requests=len(one.times.a),
        restarts=one.restarts,
        means=_means(ratios, one.restarts),
        shifts=shift.shifts(order.merged(one.times, shift.FEWEST // 2)),
        self_check=check if check is not None and check.says_something else None,
        drift=self_check.drift(ratios.ratios) if blocks >= FEWEST_FOR_DRIFT else None,
        block_sd=float(ratios.ratios.std(ddof=1)) if blocks >= FEWEST_FOR_SPREAD else None,
    )


def _means(ratios: BlockRatios, restarts: dict[int, int]) -> tuple[tuple[int, float, int], ...]:
    of_blocks = np.array([restarts.get(int(block), 0) for block in ratios.blocks])
    return tuple(
        (int(restart), float(ratios.ratios[of_blocks == restart].mean()), int(np.count_nonzero(of_blocks == restart)))
        for restart in np.unique(of_blocks)
    )
