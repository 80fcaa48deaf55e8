"""Of the same requests to two versions in random order: what each block says, with the advantage of going second taken out.

The second of two identical requests is up to 13 % faster (caches), so a block's ratios have two humps; each order is summed up
by itself and the two sums are averaged on the logarithmic scale, where the advantage cancels. The summary decides what can be
seen: the median of ratios is the steadiest and blind to what befalls one request in twenty; ratios of means and of high
quantiles see that, need more requests per block (`merged`), and are noisier. Research for comparisons, 0 and 2.2.
Where every pair is a block, as of bursts, the advantage is estimated from all of them (`one_by_one`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from perfkit.stats.harrell_davis import quantile
from perfkit.stats.quantiles import Numbers

# Of one order, in one block: log(B/A) of something.
Summary: TypeAlias = Callable[[Numbers, Numbers], float]

# Cut off at each end, in shares of the ratios.
TRIMMED: Final = 0.1
# Requests of each order that a block needs: one for a ratio at all. For what happens to one in twenty, so many that few blocks
# are without any (0.95^40 = 13 % of both orders together), and no more, since tests need blocks: by simulation, 1,200 pairs find
# a sleep of 2 ms in requests of 1.3 ms at a level of 0.17 % with 88 % power in blocks of 20 per order, with 62 % in blocks of 40.
FEWEST: Final = 1
FEWEST_OF_TAILS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Times of one endpoint's requests: what A took, what B took for the same request, who went first, in which block."""

    a: Numbers
    b: Numbers
    b_first: npt.NDArray[np.bool_]
    block: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockRatios:
    """log(B/A) per block, in the order of time; blocks with too few requests of either order are counted, not guessed."""

    blocks: npt.NDArray[np.int64]
    ratios: Numbers
    left_out: int


def medians(pairs: Pairs) -> BlockRatios:
    """Of the requests' ratios: the first to look at, blind to tails."""
    return by_block(pairs, lambda a, b: float(np.median(np.log(b / a))))


def means(pairs: Pairs) -> BlockRatios:
    """Of the requests' ratios: every request counts the same, a short one as much as a long one."""
    return by_block(pairs, lambda a, b: float(np.mean(np.log(b / a))))


def trimmed_means(pairs: Pairs) -> BlockRatios:
    """Of the requests' ratios without the extreme tenths: nearly as steady as the median, and finer."""
    return by_block(pairs, lambda a, b: _trimmed_mean(np.log(b / a)))


def ratios_of_means(pairs: Pairs, fewest: int = FEWEST_OF_TAILS) -> BlockRatios:
    """Of all time that B took to all that A took: a sleep in one of twenty requests shows here."""
    return by_block(merged(pairs, fewest), lambda a, b: float(np.log(b.mean() / a.mean())), fewest)


def ratios_of_quantiles(pairs: Pairs, share: float, fewest: int = FEWEST_OF_TAILS) -> BlockRatios:
    """Of B's quantile to A's, each by Harrell and Davis."""
    return by_block(merged(pairs, fewest), lambda a, b: float(np.log(quantile(b, share) / quantile(a, share))), fewest)


def one_by_one(pairs: Pairs, most: int) -> BlockRatios:
    """Every pair a block of its own, under its place, with half of what second ones gain taken from or given to each.

    For pairs that are long enough to be a block, as bursts are. Of more than `most`, neighbours are averaged.
    """
    second, logs = pairs.b_first, np.log(pairs.b / pairs.a)
    if not 0 < np.count_nonzero(second) < len(second):
        return BlockRatios(np.empty(0, np.int64), np.empty(0), len(logs))
    half = (float(np.median(logs[second])) - float(np.median(logs[~second]))) / 2
    alike = logs - np.where(second, half, -half)
    begun = np.arange(0, len(alike), -(-len(alike) // most))
    return BlockRatios(begun, np.add.reduceat(alike, begun) / np.diff(np.append(begun, len(alike))), 0)


def by_block(pairs: Pairs, summary: Summary, fewest: int = FEWEST) -> BlockRatios:
    """Mean of both orders' summaries, of every block that has so many requests of each."""
    blocks, ratios = [], []
    numbers, groups = _groups(pairs)
    for number, group in zip(numbers, groups, strict=True):
        first, second = group[~pairs.b_first[group]], group[pairs.b_first[group]]
        if min(len(first), len(second)) < fewest:
            continue
        blocks.append(number)
        ratios.append((summary(pairs.a[first], pairs.b[first]) + summary(pairs.a[second], pairs.b[second])) / 2)
    return BlockRatios(np.array(blocks, np.int64), np.array(ratios, np.float64), len(numbers) - len(blocks))


def merged(pairs: Pairs, fewest: int) -> Pairs:
    """Neighbouring blocks joined, under the first one's number, until each has so many requests of either order."""
    renamed = pairs.block.copy()
    numbers, groups = _groups(pairs)
    begun, held = 0, np.zeros(2, np.int64)
    last: int | None = None
    for place, group in enumerate(groups):
        later = int(np.count_nonzero(pairs.b_first[group]))
        held += np.array([len(group) - later, later])
        renamed[group] = numbers[begun]
        if held.min() >= fewest:
            last, begun, held = begun, place + 1, np.zeros(2, np.int64)
    if last is not None and begun < len(groups):
        # What is left at the end is too little for a block of its own.
        renamed[np.concatenate(groups[begun:])] = numbers[last]
    return Pairs(pairs.a, pairs.b, pairs.b_first, renamed)


def service_wide(endpoints: Sequence[BlockRatios]) -> BlockRatios:
    """Mean over the endpoints of each block that all of them have: noise of one endpoint averages out before it is judged."""
    numbers = reduce(np.intersect1d, [endpoint.blocks for endpoint in endpoints])
    rows = [endpoint.ratios[np.isin(endpoint.blocks, numbers)] for endpoint in endpoints]
    every = reduce(np.union1d, [endpoint.blocks for endpoint in endpoints])
    return BlockRatios(numbers, np.mean(rows, axis=0), len(every) - len(numbers))


def _groups(pairs: Pairs) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.intp]]]:
    """The blocks in order, and the places of each one's requests."""
    ordered = np.argsort(pairs.block, kind="stable")
    numbers, starts = np.unique(pairs.block[ordered], return_index=True)
    return numbers, np.split(ordered, starts[1:]) if len(ordered) else []


def _trimmed_mean(values: Numbers) -> float:
    ordered = np.sort(values)
    off = int(TRIMMED * len(ordered))
    return float(ordered[off : len(ordered) - off].mean())
