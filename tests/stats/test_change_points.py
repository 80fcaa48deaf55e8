"""Steps of a series: how often one is found that is not there, how surely one that is, and how precisely its place is told."""

import math

import numpy as np

from perfkit.stats.change_points import FEWEST, Levels, Shared, levels, places_of
from perfkit.stats.quantiles import Numbers

NOISE = 0.01
LEAST = 0.001**2


def judged(values: Numbers, measured: Numbers, shared: tuple[Shared, ...] = ()) -> Levels:
    return levels(values, measured**2, LEAST, places_of(len(values)), shared)


def simulated(random: np.random.Generator, count: int, step: float = 0.0, at: int = 0, noise: float = NOISE) -> Levels:
    """Errors are measured on some thirty blocks, so that each is off by an eighth."""
    measured = NOISE * np.sqrt(random.chisquare(30, count) / 30)
    values = random.normal(0, noise, count)
    values[at:] += math.log1p(step)
    return judged(values, measured)


def test_series_without_a_step_show_one_in_at_most_one_of_a_hundred() -> None:
    random = np.random.default_rng(1)

    false = sum(len(simulated(random, 100).steps) for _ in range(300))

    assert false <= 3


def test_nor_do_series_whose_comparisons_differ_by_twice_what_they_know() -> None:
    random = np.random.default_rng(2)

    false = {count: sum(bool(simulated(random, count, noise=2 * NOISE).steps) for _ in range(300)) for count in (FEWEST, 20, 60)}

    # At a true chance of 1 % more than 8 of 300 come once in a hundred times.
    assert max(false.values()) <= 8, false


def test_three_per_cent_at_a_noise_of_one_are_found_within_three_commits() -> None:
    random = np.random.default_rng(3)

    told = [simulated(random, 100, 0.03, 40).steps for _ in range(200)]

    assert sum(any(abs(step.place - 40) <= 3 for step in found) for found in told) >= 190
    assert sum(len(found) > 1 for found in told) <= 4


def test_a_place_is_told_as_widely_as_the_data_allow() -> None:
    random = np.random.default_rng(4)

    told = [step for _ in range(200) for step in simulated(random, 60, 0.02, 30).steps]

    assert len(told) >= 150
    assert sum(step.first <= 30 <= step.last for step in told) >= 0.95 * len(told)
    assert sum(step.first < step.last for step in told) > 0.5 * len(told)


def test_the_size_has_an_interval_that_holds_the_truth() -> None:
    random = np.random.default_rng(5)

    told = [step for _ in range(200) for step in simulated(random, 100, 0.05, 50).steps]

    assert sum(step.size.low <= math.log1p(0.05) <= step.size.high for step in told) >= 0.9 * len(told)


def test_a_value_that_stands_out_alone_is_no_level() -> None:
    values = np.random.default_rng(6).normal(0, NOISE, 40)
    values[20] += 0.2

    assert judged(values, np.full(40, NOISE)).steps == ()


def test_a_noisy_value_counts_for_little() -> None:
    random = np.random.default_rng(7)
    measured = np.full(40, 0.002)
    measured[20:] = 0.2
    values = random.normal(0, measured) + np.where(np.arange(40) < 20, 0.0, 0.03)

    assert judged(values, measured).steps == ()


def test_a_series_that_is_too_short_shows_nothing() -> None:
    values = np.array([0.0] * 3 + [1.0] * (FEWEST - 4))

    assert judged(values, np.full(len(values), 1e-3)).steps == ()
    assert places_of(FEWEST - 1) == 0


def test_a_step_at_a_new_anchor_must_be_larger_than_the_error_of_chaining() -> None:
    values = np.random.default_rng(8).normal(0, 0.003, 40)
    values[:20] += 0.03
    alone = judged(values, np.full(40, 0.003))
    chained = judged(values, np.full(40, 0.003), (Shared(20, 0.02**2),))

    assert [step.place for step in alone.steps] == [20]
    assert chained.steps == ()


def test_levels_lie_between_the_steps() -> None:
    told = simulated(np.random.default_rng(9), 60, 0.05, 30).segments

    assert [(level.start, level.stop) for level in told] == [(0, 30), (30, 60)]
    assert told[0].level.low < 0 < told[0].level.high
    assert told[1].level.low < math.log1p(0.05) < told[1].level.high


def test_a_large_step_does_not_hide_a_small_one() -> None:
    values = np.random.default_rng(10).normal(0, NOISE, 60)
    values[20:] += 0.5
    values[40:] += 0.03

    told = judged(values, np.full(60, NOISE))

    assert told.steps[0].place == 20
    assert abs(told.steps[1].place - 40) <= 1
    assert told.extra < NOISE**2


def test_the_error_of_chaining_widens_the_older_level_only() -> None:
    values = np.random.default_rng(9).normal(0, NOISE, 60)
    values[30:] += 0.2

    plain = judged(values, np.full(60, NOISE)).segments
    chained = judged(values, np.full(60, NOISE), (Shared(30, 0.02**2),)).segments

    assert chained[0].level.half_width > 5 * plain[0].level.half_width
    assert chained[1].level == plain[1].level
