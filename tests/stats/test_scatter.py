"""The variance between values beyond their own errors."""

import math

import numpy as np

from perfkit.stats import scatter

LEAST = 1e-8


def test_errors_that_explain_everything_leave_hardly_anything() -> None:
    random = np.random.default_rng(1)
    values, own = random.normal(0, 0.01, 400), np.full(400, 0.01**2)

    found = scatter.of(values, own, LEAST)

    assert found.extra < 0.15 * 0.01**2


def test_what_lies_between_comparisons_is_found() -> None:
    random = np.random.default_rng(2)
    values, own = random.normal(0, 0.01, 400) + random.normal(0, 0.02, 400), np.full(400, 0.01**2)

    found = scatter.of(values, own, LEAST)

    assert math.isclose(found.extra, 0.02**2, rel_tol=0.25)


def test_a_step_counts_in_one_difference_only() -> None:
    random = np.random.default_rng(3)
    values, own = random.normal(0, 0.01, 200), np.full(200, 0.01**2)
    stepped = np.concatenate([values[:100], values[100:] + 0.1])

    found = scatter.of(stepped, own, LEAST)

    # 0.1² in one of 199 differences, of which each holds the variance twice.
    assert found.extra < 0.1**2 / 199


def test_two_values_say_nothing_of_it() -> None:
    found = scatter.of(np.array([0.0, 1.0]), np.full(2, 1e-4), LEAST)

    assert found == scatter.Scatter(LEAST, math.inf)


def test_a_short_series_is_never_sure_of_its_variance() -> None:
    found = scatter.of(np.array([0.0, 0.001, 0.0, -0.001, 0.0, 0.001]), np.full(6, 1e-4), LEAST)

    assert found.extra == LEAST
    assert found.freedom < 12


def test_a_step_that_is_known_counts_in_none() -> None:
    random = np.random.default_rng(3)
    values, own = random.normal(0, 0.01, 200), np.full(200, 0.01**2)
    stepped = np.concatenate([values[:100], values[100:] + 10])

    assert scatter.of(stepped, own, LEAST, (100,)).extra < 0.3 * 0.01**2
