"""What blocks of one start share: it is no change, and blocks alone would call it one."""

import math
from dataclasses import replace

import numpy as np
import pytest

from perfkit.stats.centre import of_blocks
from perfkit.stats.quantiles import Numbers
from perfkit.stats.starts import USUAL, WORTH, Started, lasting, variance
from perfkit.stats.verdict import judge

STARTS, BLOCKS = 4, 20
COMPARISONS = 300


def started(bias: Numbers, noise: float = 0.02, seed: int = 1, change: float = 0.0) -> Started:
    """Blocks of as many starts as there are biases."""
    random = np.random.default_rng(seed)
    start = np.repeat(np.arange(len(bias)), BLOCKS)
    return Started(change + bias[start] + random.normal(0, noise, len(start)), start)


def test_without_anything_that_lasts_the_usual_counts_as_one_guess_among_others() -> None:
    found = variance([started(np.zeros(STARTS), noise=1e-6, seed=seed) for seed in range(6)])

    assert found == pytest.approx(WORTH / (WORTH + STARTS - 1) * USUAL**2, rel=0.01)


def test_biases_that_are_larger_than_usual_are_seen() -> None:
    bias = np.array([0.05, -0.05, 0.04, -0.04])

    found = variance([started(bias, seed=seed) for seed in range(6)])

    assert math.sqrt(found) == pytest.approx(math.sqrt((WORTH * USUAL**2 + 3 * bias.var(ddof=1)) / (WORTH + 3)), rel=0.1)


def test_of_a_single_start_nothing_but_the_usual_is_known() -> None:
    (error,) = lasting([started(np.zeros(1))])

    assert error == USUAL


def test_every_figure_is_as_sure_as_its_own_starts_let_it() -> None:
    four, one = lasting([started(np.zeros(4)), started(np.zeros(1))])

    assert one == pytest.approx(2 * four)


def test_a_figure_without_blocks_has_nothing_that_could_last() -> None:
    assert lasting([Started(np.empty(0), np.empty(0, np.int64))]) == (0.0,)


def test_what_starts_differ_by_is_called_a_change_as_seldom_as_promised() -> None:
    """At 5 %, of comparisons of nothing whose starts have the usual bias; by their blocks alone in more than a quarter."""
    random = np.random.default_rng(3)
    alone = together = 0
    for number in range(COMPARISONS):
        figure = started(random.normal(0, USUAL, STARTS), noise=0.015, seed=number)
        (error,) = lasting([figure])
        centre = of_blocks(figure.values)
        alone += centre.p < 0.05
        together += replace(centre, lasting=error).p < 0.05

    assert alone > 0.25 * COMPARISONS
    assert together <= 0.08 * COMPARISONS


def test_the_interval_and_the_p_value_say_the_same() -> None:
    for seed in range(40):
        figure = started(np.zeros(STARTS), seed=seed, change=0.012)
        centre = of_blocks(figure.values, lasting=0.005)

        assert centre.interval(0.99).excludes(0.0) == (centre.p < 0.01) or centre.p == pytest.approx(0.01, rel=0.3)


def test_a_slowdown_of_five_percent_is_found_all_the_same() -> None:
    """Among eighteen figures, as a minute of bursts of three endpoints has them."""
    found = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        bias = random.normal(0, USUAL, STARTS)
        figures = [started(bias, noise=0.05, seed=100 * seed + place, change=0.0) for place in range(17)]
        figures.append(started(bias, noise=0.05, seed=100 * seed + 50, change=math.log1p(0.05)))
        verdicts = judge([one.values for one in figures], lasting=lasting(figures)).times
        found += verdicts[-1].outcome == "regressed"

    assert found >= 38
