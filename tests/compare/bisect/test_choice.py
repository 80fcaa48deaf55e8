"""Which commit is probed next."""

import numpy as np
import pytest
from scipy.stats import norm

from perfkit.compare.bisect import choice
from perfkit.compare.bisect.beliefs import Observation, believe


def test_a_sharp_probe_says_as_much_as_the_odds_of_its_two_outcomes() -> None:
    found = believe([Observation(8, 0.05, 0.0005)], np.arange(1, 9))

    bits = choice.information(found.hypotheses, 0.0005)

    shares = np.arange(1, 9) / 8
    expected = [-(p * np.log2(p) + (1 - p) * np.log2(1 - p)) if p < 1 else 0.0 for p in shares]
    assert bits == pytest.approx(expected, abs=0.01)


def test_a_blunt_probe_says_less_by_as_much_as_its_outcomes_overlap() -> None:
    found = believe([Observation(2, 0.05, 1e-6)], np.arange(1, 3))
    error = 0.05

    bits = choice.information(found.hypotheses, error)

    values = np.linspace(-0.4, 0.45, 20_001)
    one, other = norm.pdf(values, 0, error), norm.pdf(values, 0.05, error)
    mean = (one + other) / 2
    by_hand = np.trapezoid(0.5 * one * np.log2(one / mean) + 0.5 * other * np.log2(other / mean), values)
    assert bits[0] == pytest.approx(by_hand, abs=0.005)
    assert bits[1] == pytest.approx(0, abs=0.005)


def test_neighbours_of_what_failed_are_avoided() -> None:
    assert choice.chance(10, {9}) < choice.chance(12, {9}) < choice.chance(20, {9})
    assert choice.chance(10, set()) == 1


def test_a_long_line_is_divided_evenly_and_then_where_it_matters() -> None:
    tellable = range(1, 1001)
    first = choice.stretches(1000, {1000}, tellable, believe([Observation(1000, 0.05, 0.003)], np.array([1000])))
    probes = [Observation(1000, 0.05, 0.003), Observation(500, 0.05, 0.003), Observation(400, 0.0, 0.003)]
    then = choice.stretches(1000, {1000, 500, 400}, tellable, believe(probes, np.array([400, 500, 1000])))

    assert len(first) <= choice.MOST + 1
    assert np.diff(first).max() < 60
    assert sum(400 < end <= 500 for end in then.tolist()) >= choice.MOST - 2


def test_what_cannot_be_probed_ends_no_stretch() -> None:
    ends = choice.stretches(5, {5}, [1, 2, 4, 5], believe([Observation(5, 0.05, 0.003)], np.array([5])))

    assert ends.tolist() == [1, 2, 4, 5]
