"""The scalability law on data whose parameters are known."""

import numpy as np
import pytest

from perfkit.stats.usl import Point, beyond, fit


def law(n: float, single: float, contention: float, coherency: float) -> float:
    return n * single / (1 + contention * (n - 1) + coherency * n * (n - 1))


def points(counts: tuple[int, ...], single: float, contention: float, coherency: float, error: float, seed: int) -> list[Point]:
    """Measured with a relative error."""
    random = np.random.default_rng(seed)
    true = [law(n, single, contention, coherency) for n in counts]
    return [Point(n, rate * (1 + error * random.standard_normal()), error * rate) for n, rate in zip(counts, true, strict=True)]


def test_parameters_come_back_from_exact_points() -> None:
    found = fit(points((1, 2, 4, 8, 16), 100.0, 0.05, 0.002, error=1e-6, seed=1))

    assert found.single.value == pytest.approx(100.0, rel=1e-3)
    assert found.contention.value == pytest.approx(0.05, rel=1e-2)
    assert found.coherency is not None
    assert found.coherency.value == pytest.approx(0.002, rel=1e-2)


def test_intervals_of_the_parameters_hold_them_as_often_as_they_say() -> None:
    held = 0
    for seed in range(60):
        found = fit(points((1, 2, 3, 4, 6, 8), 100.0, 0.08, 0.004, error=0.02, seed=seed), seed)
        held += not found.contention.excludes(0.08)

    assert held >= 48  # 90 % of 60 are 54; fewer than 48 would come once in a hundred times


def test_two_points_say_how_much_is_lost_and_not_to_what() -> None:
    found = fit(points((1, 2), 100.0, 0.1, 0.0, error=1e-6, seed=1))

    assert found.contention.value == pytest.approx(0.1, rel=1e-2)
    assert found.coherency is None


def test_with_one_and_two_measured_the_interval_for_four_is_honest() -> None:
    """Simulated with known parameters: of nine in ten intervals nine tenths and more must hold the truth."""
    random = np.random.default_rng(7)
    held = 0
    for seed in range(120):
        contention, coherency = random.uniform(0.0, 0.2), random.uniform(0.0, 0.02)
        found = beyond(points((1, 2), 100.0, contention, coherency, error=0.03, seed=seed), 4, seed)
        held += not found.excludes(law(4, 100.0, contention, coherency))

    assert held >= 0.9 * 120


def test_workers_that_share_a_queue_gain_on_each_other_and_the_interval_for_four_is_honest_all_the_same() -> None:
    """Square-root staffing, with objectives from lax to strict."""
    random = np.random.default_rng(8)
    held = 0
    for seed in range(120):
        reserve = random.uniform(0.05, 0.5)
        true = [100 * (n - reserve * np.sqrt(n)) for n in (1, 2, 4)]
        measured = [
            Point(n, rate * (1 + 0.03 * random.standard_normal()), 0.03 * rate) for n, rate in zip((1, 2), true[:2], strict=True)
        ]
        held += not beyond(measured, 4, seed).excludes(true[2])

    assert held >= 0.9 * 120


def test_workers_that_lose_nothing_are_a_straight_line_at_best() -> None:
    found = [beyond(points((1, 2), 100.0, 0.0, 0.0, error=0.01, seed=seed), 4) for seed in range(20)]

    assert np.median([one.high for one in found]) >= 400
    assert max(one.high for one in found) < 1.1 * 400
