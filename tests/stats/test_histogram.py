"""Histograms: any percentile within a thousandth, added without loss."""

import numpy as np
import pytest

from perfkit.stats.histogram import Histogram
from perfkit.stats.quantiles import nearest_rank


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0])
@pytest.mark.parametrize("scale", [1e-6, 0.003, 600.0])
def test_any_percentile_is_within_a_thousandth(share: float, scale: float) -> None:
    values = np.random.default_rng(1).lognormal(0, 1.5, 50_000) * scale

    found = Histogram.of(values).quantile(share)

    assert found == pytest.approx(nearest_rank(np.sort(values), share), rel=0.001)


def test_added_histograms_are_the_histogram_of_all() -> None:
    values = np.random.default_rng(2).exponential(0.01, 10_000)
    parts = Histogram()
    for part in np.split(values, 10):
        parts.add(Histogram.of(part))
    whole = Histogram.of(values)

    assert parts.count == whole.count == 10_000
    assert parts.maximum == whole.maximum == values.max()
    assert [parts.quantile(share) for share in (0.01, 0.5, 0.99)] == [whole.quantile(share) for share in (0.01, 0.5, 0.99)]


def test_nothing_and_zeros_have_a_quantile_of_nothing() -> None:
    assert Histogram().quantile(0.5) == 0
    assert Histogram.of(np.zeros(3)).quantile(0.5) == 0
    assert Histogram.of(np.zeros(3)).count == 3
