"""One version against itself, and whether the ratio settled."""

import numpy as np

from perfkit.stats.self_check import NOT_SETTLED_BELOW, drift, odd_even


def test_odd_and_even_blocks_of_a_sound_run_are_equal() -> None:
    levels = np.random.default_rng(2).normal(-6, 0.1, 60)

    found = odd_even(levels)

    assert not found.is_unstable
    assert found.says_something
    assert found.pairs == 30
    assert not found.difference.excludes(0.0)


def test_every_other_block_being_slower_is_unstable() -> None:
    levels = np.random.default_rng(2).normal(-6, 0.05, 60)
    # Slow, fast, fast, slow: what a job of every two seconds does to blocks of half a second.
    levels[0::4] += 0.1
    levels[3::4] += 0.1

    assert odd_even(levels).is_unstable


def test_a_machine_that_becomes_steadily_slower_is_not_unstable() -> None:
    assert not odd_even(np.linspace(-6, -5, 60) + np.random.default_rng(4).normal(0, 0.01, 60)).is_unstable


def test_a_last_block_without_a_neighbour_is_left_out_and_a_few_say_nothing() -> None:
    found = odd_even(np.arange(11.0))

    assert found.pairs == 5
    assert not found.says_something


def test_a_sound_run_is_called_unstable_one_time_in_a_hundred() -> None:
    random = np.random.default_rng(7)
    runs = 1_500

    unstable = sum(odd_even(random.normal(0, 0.1, 40)).is_unstable for _ in range(runs))

    assert unstable / runs <= 0.018


def test_a_ratio_that_rises_all_along_has_not_settled() -> None:
    noise = np.random.default_rng(3).normal(0, 0.01, 40)

    assert drift(np.linspace(0, 0.05, 40) + noise) < NOT_SETTLED_BELOW
    assert drift(noise - np.linspace(0, 0.05, 40)) < NOT_SETTLED_BELOW
    assert drift(noise) > NOT_SETTLED_BELOW
