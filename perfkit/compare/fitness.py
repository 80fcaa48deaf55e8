"""Whether a comparison was fit to judge: the base against itself, whether the ratio settled, and how noisy the blocks were."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from perfkit.compare.comparison import Detail, share
from perfkit.stats import holm
from perfkit.stats.order import Pairs
from perfkit.stats.quantiles import Numbers
from perfkit.stats.self_check import NOT_SETTLED_BELOW, UNSTABLE_BELOW
from perfkit.units import show_share

# Standard deviation of block ratios: versions on one core have 0.9 to 1.9 %, on cores of their own 6 to 18 % (research for
# comparisons, 8).
QUIET_UP_TO: Final = 0.025
FAIR_UP_TO: Final = 0.06
# A p value of drift means something from so many blocks on: with fewer no order of them is that rare.
FEWEST_FOR_DRIFT: Final = 8


def levels(pairs: Pairs) -> Numbers:
    """Logarithm of the base's typical time in each block, both orders alike."""
    found: list[float] = []
    for number in np.unique(pairs.block):
        here = pairs.block == number
        orders = [pairs.a[here & pairs.b_first], pairs.a[here & ~pairs.b_first]]
        if all(len(times) for times in orders):
            found.append(float(np.mean([np.log(np.median(times)) for times in orders])))
    return np.array(found, np.float64)


def unstable(details: Sequence[Detail]) -> Iterator[str]:
    """Endpoints whose base blocks differ from each other although it is one version: Holm over all of them."""
    checked = [(one.endpoint, one.self_check) for one in details if one.self_check is not None]
    adjusted = holm.holm([check.p for _, check in checked])
    for (endpoint, check), p in zip(checked, adjusted, strict=True):
        if p <= UNSTABLE_BELOW:
            apart = show_share(abs(share(check.difference.value)))
            yield f"{endpoint}: odd and even blocks of the base lie {apart} apart, although they are the same version"


def unsettled(details: Sequence[Detail]) -> Iterator[str]:
    checked = [(one.endpoint, one.drift) for one in details if one.drift is not None]
    adjusted = holm.holm([drift for _, drift in checked])
    for (endpoint, _), p in zip(checked, adjusted, strict=True):
        if p <= NOT_SETTLED_BELOW:
            yield f"{endpoint}: the ratio of both versions still rose or fell when the comparison ended; it did not settle"


def noise(details: Sequence[Detail]) -> str:
    """Of the middle endpoint."""
    spreads = [one.block_sd for one in details if one.block_sd is not None]
    if not spreads:
        return "unknown"
    middle = float(np.median(spreads))
    return "quiet" if middle <= QUIET_UP_TO else "fair" if middle <= FAIR_UP_TO else "noisy"
