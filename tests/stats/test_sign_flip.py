"""The permutation test of signs."""

import itertools

import numpy as np
import pytest

from perfkit.stats import sign_flip


def test_few_differences_are_counted_exactly() -> None:
    values = np.array([0.3, -0.1, 0.4, 0.2, 0.35, -0.05])
    sums = np.array([np.dot(signs, values) for signs in itertools.product((-1, 1), repeat=6)])

    assert sign_flip.p_value(values) == pytest.approx((np.abs(sums) >= abs(values.sum()) - 1e-12).mean())
    assert sign_flip.p_value(values, "greater") == pytest.approx((sums >= values.sum() - 1e-12).mean())
    assert sign_flip.p_value(values, "less") == pytest.approx((sums <= values.sum() + 1e-12).mean())


def test_all_of_one_sign_is_the_smallest_p_value_there_is() -> None:
    assert sign_flip.p_value(np.arange(1.0, 9.0)) == 2 / 2**8


def test_drawn_flips_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(0.4, 1, 18)
    exact = sign_flip.p_value(values)
    monkeypatch.setattr(sign_flip, "EXACT_UP_TO", 0)

    drawn = sign_flip.p_value(values, seed=1)

    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / sign_flip.FLIPS))


def test_drawn_flips_are_never_certain_and_repeat_themselves() -> None:
    values = np.full(60, 1.0)

    assert sign_flip.p_value(values, seed=3) == 1 / (1 + sign_flip.FLIPS)
    assert sign_flip.p_value(np.sin(np.arange(60.0)), seed=3) == sign_flip.p_value(np.sin(np.arange(60.0)), seed=3)


def test_nothing_says_nothing() -> None:
    assert sign_flip.p_value(np.empty(0)) == 1.0


def test_it_rejects_at_its_nominal_rate() -> None:
    random = np.random.default_rng(5)
    tries = 1_000

    rejected = sum(sign_flip.p_value(random.normal(0, 1, 30), flips=999, seed=number) <= 0.05 for number in range(tries))

    assert rejected / tries == pytest.approx(0.05, abs=0.021)
