"""Quantiles as weighted means."""

import numpy as np
import pytest
from scipy.stats.mstats import hdquantiles

from perfkit.stats.harrell_davis import quantile, weights


@pytest.mark.parametrize("count", [1, 7, 100])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_they_are_those_of_scipy(count: int, share: float) -> None:
    values = np.random.default_rng(count).exponential(1, count)

    theirs = float(np.asarray(hdquantiles(values, [share]))[0]) if count > 1 else float(values[0])

    assert quantile(values, share) == pytest.approx(theirs)


def test_weights_are_shares() -> None:
    assert weights(40, 0.95).sum() == pytest.approx(1)


def test_nothing_has_no_quantile() -> None:
    assert np.isnan(quantile(np.empty(0), 0.5))
