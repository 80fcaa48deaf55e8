"""Blocks of alternated requests: the advantage of going second, and who sees what."""

from collections.abc import Callable

import numpy as np
import pytest

from perfkit.stats import signed_rank
from perfkit.stats.order import (
    BlockRatios,
    Pairs,
    means,
    medians,
    merged,
    one_by_one,
    ratios_of_means,
    ratios_of_quantiles,
    service_wide,
    trimmed_means,
)

BLOCKS, EACH = 40, 60


def alternated(*, seed: int = 1, effect: float = 0.0, second: float = 0.12, sleep: float = 0.0, each: int = EACH) -> Pairs:
    """A request of 1.3 ms, its own size known to both versions, on a machine whose speed drifts; the second is faster."""
    random = np.random.default_rng(seed)
    count = BLOCKS * each
    block = np.repeat(np.arange(BLOCKS), each)
    b_first = random.random(count) < 0.5
    size = 1.3e-3 * np.exp(random.normal(0, 0.4, count) + np.repeat(np.cumsum(random.normal(0, 0.1, BLOCKS)), each))
    a = size * np.exp(random.normal(0, 0.05, count)) * np.where(b_first, 1 - second, 1.0)
    b = size * np.exp(random.normal(0, 0.05, count)) * np.where(b_first, 1.0, 1 - second) * (1 + effect)
    return Pairs(a, b + sleep * (random.random(count) < 1 / 20), b_first, block)


def shown(found: BlockRatios) -> float:
    return signed_rank.hodges_lehmann(found.ratios)


def is_found(found: BlockRatios) -> bool:
    return signed_rank.estimate(found.ratios, 0.99).low > 0


@pytest.mark.parametrize("summary", [medians, means, trimmed_means, ratios_of_means])
def test_going_second_is_no_improvement(summary: Callable[[Pairs], BlockRatios]) -> None:
    # Twelve percent for the second; in this seed B is first a little more often.
    assert shown(summary(alternated())) == pytest.approx(0.0, abs=0.005)
    assert shown(summary(alternated(effect=0.05))) == pytest.approx(np.log(1.05), abs=0.005)


def test_unstratified_medians_are_noisier() -> None:
    pairs = alternated()
    plain = [float(np.median(np.log(pairs.b / pairs.a)[pairs.block == block])) for block in range(BLOCKS)]

    assert np.std(plain) > 2 * np.std(medians(pairs).ratios)


def test_a_sleep_in_one_of_twenty_shows_in_the_mean_and_the_tail_and_not_in_the_median() -> None:
    pairs = alternated(sleep=0.005)

    # 5 ms in one of 20 is 0.25 ms of about 1.3 ms.
    assert abs(shown(medians(pairs))) < 0.02
    assert is_found(ratios_of_means(pairs))
    assert shown(ratios_of_means(pairs)) > 0.05
    assert is_found(ratios_of_quantiles(pairs, 0.95))


def test_without_a_sleep_neither_the_mean_nor_the_tail_shows_one() -> None:
    pairs = alternated(seed=3)

    assert not is_found(ratios_of_means(pairs))
    assert not is_found(ratios_of_quantiles(pairs, 0.95))


def test_a_block_without_one_of_the_orders_is_left_out_and_counted() -> None:
    pairs = Pairs(
        a=np.array([1.0, 1.0, 1.0, 1.0]),
        b=np.array([1.0, 1.1, 1.2, 1.3]),
        b_first=np.array([False, True, True, True]),
        block=np.array([0, 0, 7, 7]),
    )

    found = medians(pairs)

    assert found.blocks.tolist() == [0]
    assert found.ratios == pytest.approx([np.log(1.1) / 2])
    assert found.left_out == 1


def test_small_blocks_are_joined_until_both_orders_are_there_often_enough() -> None:
    pairs = Pairs(np.ones(14), np.ones(14), np.arange(14) % 2 == 0, np.repeat(np.arange(7), 2))

    joined = merged(pairs, 3)

    # The seventh block alone is too small, and goes with the last one that is whole.
    assert joined.block.tolist() == [0] * 6 + [3] * 8
    assert merged(pairs, 1).block.tolist() == pairs.block.tolist()


def test_too_few_requests_for_any_block_are_no_ratio() -> None:
    pairs = Pairs(np.ones(6), np.ones(6), np.arange(6) % 2 == 0, np.arange(6))

    found = ratios_of_means(pairs, 10)

    assert (len(found.ratios), found.left_out) == (0, 1)


def test_nothing_gives_nothing() -> None:
    nothing = Pairs(np.empty(0), np.empty(0), np.empty(0, np.bool_), np.empty(0, np.int64))

    assert len(medians(nothing).ratios) == 0
    assert len(ratios_of_means(nothing).ratios) == 0


def test_the_whole_service_is_the_mean_of_its_endpoints_where_all_have_a_block() -> None:
    first = BlockRatios(np.array([0, 1, 2]), np.array([0.1, 0.2, 0.3]), 0)
    second = BlockRatios(np.array([1, 2, 3]), np.array([0.0, 0.1, 0.5]), 0)

    found = service_wide([first, second])

    assert found.blocks.tolist() == [1, 2]
    assert found.ratios == pytest.approx([0.1, 0.2])
    assert found.left_out == 2


def test_twelve_hundred_pairs_find_a_sleep_at_the_level_of_one_of_six_tests() -> None:
    found = sum(
        signed_rank.estimate(ratios_of_means(alternated(seed=seed, sleep=0.003, each=30)).ratios, 1 - 0.01 / 6).low > 0
        for seed in range(20)
    )

    assert found >= 19


def test_pairs_one_by_one_lose_what_second_ones_gain_and_nothing_else() -> None:
    random = np.random.default_rng(1)
    second = random.random(400) < 0.5
    a = random.exponential(0.02, 400)
    b = a * np.exp(0.05 + random.normal(0, 0.01, 400))
    a, b = np.where(second, a * 0.9, a), np.where(second, b, b * 0.9)

    found = one_by_one(Pairs(a, b, second, np.zeros(400, np.int64)), most=1000)

    assert found.blocks.tolist() == list(range(400))
    assert found.ratios.mean() == pytest.approx(0.05, abs=0.003)
    assert found.ratios.std() == pytest.approx(0.01, rel=0.15)


def test_of_very_many_pairs_neighbours_are_averaged() -> None:
    logs = np.arange(10.0)
    second = np.array([True, True, False, False, True, False, False, True, True, False])
    pairs = Pairs(np.ones(10), np.exp(logs), second, np.zeros(10, np.int64))

    found = one_by_one(pairs, most=4)

    assert found.blocks.tolist() == [0, 3, 6, 9]
    half = (np.median(logs[second]) - np.median(logs[~second])) / 2
    alike = logs - np.where(second, half, -half)
    assert found.ratios == pytest.approx([alike[:3].mean(), alike[3:6].mean(), alike[6:9].mean(), alike[9]])


def test_pairs_of_one_order_alone_say_nothing() -> None:
    found = one_by_one(Pairs(np.ones(5), np.ones(5), np.ones(5, np.bool_), np.zeros(5, np.int64)), most=10)

    assert (len(found.ratios), found.left_out) == (0, 5)
