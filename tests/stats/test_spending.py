"""O'Brien-Fleming boundaries by spending."""

import math

import numpy as np
import pytest

from perfkit.stats.spending import boundaries, looks, nominal_levels, spent


# Two-sided 5 %, equal steps, as ldbounds and gsDesign (sfLDOF, one-sided 2.5 %) print them.
@pytest.mark.parametrize(
    ("count", "published"),
    [
        (1, (1.9600,)),
        (2, (2.9626, 1.9686)),
        (3, (3.7103, 2.5114, 1.9930)),
        (4, (4.3326, 2.9631, 2.3590, 2.0141)),
        (5, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
    ],
)
def test_boundaries_are_those_published(count: int, published: tuple[float, ...]) -> None:
    found = boundaries([look / count for look in range(1, count + 1)], 0.05)

    assert found == pytest.approx(published, abs=2e-4)


def test_all_of_alpha_is_spent_at_the_end_and_hardly_any_at_first() -> None:
    assert spent(1.0, 0.01) == pytest.approx(0.01)
    assert spent(0.2, 0.01) < 1e-8


def test_unequal_looks_give_the_stated_alarms() -> None:
    shares = (0.3, 0.45, 0.8, 1.0)
    limits = np.array(boundaries(shares, 0.05))
    steps = np.random.default_rng(11).normal(0, np.sqrt(np.diff((0.0, *shares))), (60_000, 4))

    crossed = (np.abs(np.cumsum(steps, axis=1) / np.sqrt(shares)) >= limits).any(axis=1).mean()

    assert crossed == pytest.approx(0.05, abs=0.003)


def test_the_looks_of_a_run_give_one_percent() -> None:
    shares = [blocks / 40 for blocks in looks(40)]
    limits = np.array(boundaries(shares, 0.01))
    steps = np.random.default_rng(13).normal(0, np.sqrt(np.diff((0.0, *shares))), (100_000, len(shares)))

    crossed = (np.abs(np.cumsum(steps, axis=1) / np.sqrt(shares)) >= limits).any(axis=1).mean()

    assert crossed == pytest.approx(0.01, abs=0.001)


def test_a_run_that_is_cut_short_spends_what_is_left() -> None:
    whole = boundaries((0.25, 0.5), 0.01)
    cut = boundaries((0.25, 0.5), 0.01, final=True)
    steps = np.random.default_rng(17).normal(0, math.sqrt(0.25), (200_000, 2))

    crossed = (np.abs(np.cumsum(steps, axis=1) / np.sqrt((0.25, 0.5))) >= np.array(cut)).any(axis=1).mean()

    assert cut[0] == whole[0]
    assert cut[1] < whole[1]
    assert crossed == pytest.approx(0.01, abs=0.0008)


def test_nominal_levels_rise_to_nearly_alpha() -> None:
    levels = nominal_levels([0.25, 0.5, 0.75, 1.0], 0.01)

    assert list(levels) == sorted(levels)
    assert 0.008 < levels[-1] < 0.01
    assert nominal_levels([1.0], 0.01) == pytest.approx((0.01,))


def test_a_look_too_early_for_anything_stops_at_nothing() -> None:
    assert boundaries((0.01, 1.0), 0.01)[0] == math.inf
    assert boundaries((0.01, 1.0), 0.01)[1] == pytest.approx(boundaries((1.0,), 0.01)[0])


def test_looks_begin_at_eight_blocks_and_end_with_all() -> None:
    assert looks(20) == (8, 12, 16, 20)
    assert looks(22) == (8, 12, 16, 20, 22)
    assert looks(6) == (6,)
