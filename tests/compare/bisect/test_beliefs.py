"""What probes say about a line of commits: checked against sums that can be done by hand, and by brute force."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from perfkit.compare.bisect import beliefs
from perfkit.compare.bisect.beliefs import WIDE, Observation, believe


def every(commits: int) -> beliefs.Places:
    return np.arange(1, commits + 1)


def test_without_probes_but_bad_every_commit_is_equally_likely() -> None:
    found = believe([Observation(4, 0.05, 0.003)], every(4))

    assert found.probability == pytest.approx([0.25] * 4)
    assert found.entropy == pytest.approx(2.0)


def test_a_stretch_weighs_as_many_commits_as_it_has() -> None:
    found = believe([Observation(10, 0.05, 0.003)], np.array([7, 10]))

    assert found.probability == pytest.approx([0.7, 0.3])
    assert found.entropy == pytest.approx(math.log2(10))
    assert found.starts.tolist() == [1, 8]


def test_a_probe_at_the_level_of_good_clears_what_came_before() -> None:
    found = believe([Observation(4, 0.05, 0.003), Observation(2, 0.001, 0.003)], every(4))

    assert found.probability == pytest.approx([0, 0, 0.5, 0.5], abs=1e-6)


def test_weights_are_those_of_gaussians_integrated_by_hand() -> None:
    probes = [Observation(3, 0.05, 0.01), Observation(1, 0.02, 0.01), Observation(2, 0.03, 0.02)]

    found = believe(probes, every(3)).probability

    likelihoods = []
    for step in (1, 2, 3):
        after = np.array([float(probe.place >= step) for probe in probes])
        covariance = WIDE**2 * np.outer(after, after) + np.diag([probe.error**2 for probe in probes])
        likelihoods.append(multivariate_normal(np.zeros(3), covariance).pdf([probe.value for probe in probes]))
    assert found == pytest.approx(np.array(likelihoods) / sum(likelihoods))


def test_weights_of_two_steps_are_those_of_gaussians_too() -> None:
    probes = [Observation(3, 0.05, 0.01), Observation(1, 0.02, 0.01), Observation(2, 0.08, 0.01)]

    found = beliefs.weigh(probes, every(3), widened=True)

    pairs = [(step, step) for step in (1, 2, 3)] + list(itertools.combinations((1, 2, 3), 2))
    likelihoods = []
    for one, other in pairs:
        levels = np.array([[float(one <= probe.place < other), float(probe.place >= other)] for probe in probes])
        covariance = WIDE**2 * levels @ levels.T + np.diag([probe.error**2 for probe in probes])
        prior = 1 / 2 / 3  # as many pairs of three commits as commits
        likelihoods.append(prior * multivariate_normal(np.zeros(3), covariance).pdf([probe.value for probe in probes]))
    assert [(int(a) + 1, int(b) + 1) for a, b in zip(found.first, found.second, strict=True)] == pairs
    assert found.weight == pytest.approx(np.array(likelihoods) / sum(likelihoods))


def test_the_larger_of_two_steps_is_the_culprit_as_likely_as_it_is_larger() -> None:
    probes = [Observation(2, 0.05, 0.01), Observation(1, 0.03, 0.01)]

    found = beliefs.weigh(probes, every(2), widened=True)

    double = int(np.flatnonzero(found.is_double)[0])
    # 2 * 0.03 - 0.05 with an error of sqrt(5) %.
    assert found.culprits[double][0] == pytest.approx(norm.cdf(0.01 / 0.01 / math.sqrt(5)), abs=1e-3)
    assert found.culprits.sum(axis=1) == pytest.approx(1)


def test_the_size_of_a_step_is_the_mean_of_the_probes_after_it() -> None:
    found = believe([Observation(2, 0.05, 0.01), Observation(2, 0.07, 0.01), Observation(1, 0.0, 0.001)], every(2))

    assert found.size[1] == pytest.approx(0.06, abs=1e-4)
    assert found.size_error[1] == pytest.approx(0.01 / math.sqrt(2), abs=1e-4)


def test_a_probe_between_two_levels_is_a_surprise() -> None:
    probes = [Observation(4, 0.06, 0.003), Observation(4, 0.06, 0.003), Observation(2, 0.03, 0.003)]

    without = beliefs.weigh(probes[:2], every(4), widened=False)
    with_it = beliefs.weigh(probes, every(4), widened=False)

    assert not beliefs.surprises(without, probes[:2])
    assert beliefs.surprises(with_it, probes)


def test_errors_grow_where_not_even_two_steps_explain_the_probes() -> None:
    up_and_down = [Observation(place, value, 0.002) for place, value in ((8, 0.05), (2, 0.05), (4, 0.0), (6, 0.05), (5, 0.0))]

    found = believe(up_and_down, every(8), widened=True)

    assert found.inflation > 3
    assert found.probability.max() < 0.99
