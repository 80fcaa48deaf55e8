"""Wilson's and Clopper and Pearson's intervals against published values."""

import pytest

from perfkit.stats.proportions import exact, wilson


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(8, 100, 0.0411, 0.1500), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],  # last: Newcombe 1998
)
def test_it_gives_the_published_intervals(successes: int, count: int, low: float, high: float) -> None:
    assert wilson(successes, count) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # The rule of three's exact form, its mirror, and Newcombe 1998 (method 5) for the last two.
    [(0, 100, 0.0, 0.0362), (20, 20, 0.8316, 1.0), (81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617)],
)
def test_the_exact_one_gives_the_published_intervals(successes: int, count: int, low: float, high: float) -> None:
    assert exact(successes, count) == pytest.approx((low, high), abs=1e-4)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert exact(0, 0) == (0.0, 1.0)
