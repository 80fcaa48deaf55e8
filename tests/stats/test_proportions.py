"""Wilson's interval against published values."""

import pytest

from perfkit.stats.proportions import wilson


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(8, 100, 0.0411, 0.1500), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],  # last: Newcombe 1998
)
def test_it_gives_the_published_intervals(successes: int, count: int, low: float, high: float) -> None:
    assert wilson(successes, count) == pytest.approx((low, high), abs=1e-4)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
