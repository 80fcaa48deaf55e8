"""Several tests in one run."""

import numpy as np
import pytest
import scipy.stats

from perfkit.stats.holm import benjamini_hochberg, holm, step_down

# The worked example in the help of R's p.adjust would do; this one is small enough to check by hand.
P_VALUES = (0.01, 0.04, 0.03, 0.005)


def test_adjusted_p_values_are_those_of_the_procedure() -> None:
    assert holm(P_VALUES) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_those_of_benjamini_and_hochberg_are_those_of_scipy() -> None:
    assert benjamini_hochberg(P_VALUES) == pytest.approx(scipy.stats.false_discovery_control(P_VALUES).tolist())
    assert benjamini_hochberg(P_VALUES) == pytest.approx((0.02, 0.04, 0.04, 0.02))


def test_steps_say_what_each_was_judged_at() -> None:
    steps = step_down(P_VALUES, lambda remaining: 0.05 / remaining)

    assert [step.rejected for step in steps] == [True, False, False, True]
    assert [step.level for step in steps] == pytest.approx([0.05 / 3, 0.025, 0.025, 0.0125])


def test_after_the_first_that_holds_none_is_rejected() -> None:
    steps = step_down((0.001, 0.03, 0.04), lambda remaining: 0.05 / remaining)

    # 0.04 is below 0.05 / 1, but 0.03 was not below 0.05 / 2.
    assert [step.rejected for step in steps] == [True, False, False]


def test_what_an_earlier_look_rejected_stays_so_and_leaves_its_level_to_the_others() -> None:
    steps = step_down((0.2, 0.02), lambda remaining: 0.03 / remaining, already=(True, False))

    assert [step.rejected for step in steps] == [True, True]
    assert [step.level for step in steps] == pytest.approx([0.015, 0.03])


def test_steps_and_adjusted_p_values_agree() -> None:
    random = np.random.default_rng(2)
    for _ in range(200):
        p_values = (random.random(8) ** 4).tolist()

        steps = step_down(p_values, lambda remaining: 0.05 / remaining)

        assert [step.rejected for step in steps] == [adjusted <= 0.05 for adjusted in holm(p_values)]


def test_no_tests_are_no_steps() -> None:
    assert step_down((), lambda remaining: 0.05 / remaining) == ()
    assert holm(()) == ()
    assert benjamini_hochberg(()) == ()


def test_a_run_of_sixteen_tests_rarely_cries_wolf() -> None:
    random = np.random.default_rng(7)
    runs = 4_000

    alarms = sum(min(holm(random.random(16).tolist())) <= 0.05 for _ in range(runs))

    assert alarms / runs == pytest.approx(0.049, abs=0.011)
