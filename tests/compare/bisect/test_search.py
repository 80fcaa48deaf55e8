"""The search for a step of time: how often it is right, in how many probes, and what it does with what is odd."""

import numpy as np
import pytest

from bench.compare.known_line import COMMITS, MOST, KnownLine, simulated
from perfkit.compare.bisect.beliefs import Observation
from perfkit.compare.bisect.search import Search

SIMULATED = 200


@pytest.mark.parametrize("error", [0.002, 0.005])
def test_at_the_measured_error_a_step_of_5_percent_is_found_99_times_of_100(error: float) -> None:
    found = simulated(error, SIMULATED)

    assert found.right >= 0.99 * SIMULATED
    assert max(found.probes) <= MOST
    assert np.mean(found.probes) < 8


def test_at_four_times_that_error_it_takes_more_probes_and_seldom_names_the_wrong_one() -> None:
    found = simulated(0.02, 100)

    assert 60 < found.right < 95  # the rest is not found yet after 15 probes
    assert found.wrong <= 3
    assert np.mean(found.probes) > 10


def test_with_as_many_probes_as_it_wants_it_is_right_also_at_that_error() -> None:
    found = simulated(0.02, 40, most=60)

    assert found.right >= 38
    assert found.wrong <= 2


def test_the_first_probe_is_in_the_middle() -> None:
    wanted = Search(COMMITS, [Observation(COMMITS, 0.05, 0.003)]).next()

    assert wanted is not None
    assert abs(wanted.place - COMMITS / 2) <= 1
    assert wanted.bits > 0.95


def test_the_same_commit_is_probed_again_when_that_says_most() -> None:
    search = Search(2, [Observation(2, 0.05, 0.004), Observation(1, 0.025, 0.012)])

    wanted = search.next()

    assert wanted is not None
    assert wanted.place == 1


def test_an_improvement_is_found_like_a_regression() -> None:
    search = KnownLine({20: -0.05}, 0.004, 1).search()

    assert search.is_found
    assert search.top.end == 20
    assert search.top.size < -0.03


def test_the_size_of_the_step_is_known_better_with_every_probe() -> None:
    search = KnownLine({20: 0.05}, 0.004, 2).search()

    assert search.top.size == pytest.approx(np.log1p(0.05), abs=4 * search.top.size_error)
    assert search.top.size_error < 0.004


def test_a_commit_that_cannot_be_probed_makes_a_row_of_two() -> None:
    search = KnownLine({20: 0.05}, 0.003, 3).search(broken=frozenset({20}))

    assert search.is_found
    assert (search.top.start, search.top.end) == (20, 21)


def test_a_broken_commit_elsewhere_is_no_obstacle() -> None:
    search = KnownLine({20: 0.05}, 0.003, 3).search(broken=frozenset({32, 16}))

    assert search.is_found
    assert (search.top.start, search.top.end) == (20, 20)


def test_a_stretch_of_broken_commits_is_left_behind_quickly() -> None:
    broken = frozenset(range(25, 41))

    search = KnownLine({50: 0.05}, 0.003, 4).search(broken=broken)

    assert search.is_found
    assert search.top.end == 50
    assert len(search.untellable) <= 4


def test_everything_between_broken_ends_in_a_row() -> None:
    search = KnownLine({3: 0.05}, 0.003, 5).search(commits=6, broken=frozenset(range(1, 6)))

    assert search.next() is None
    assert (search.top.start, search.top.end) == (1, 6)
    assert search.is_found


def test_of_two_steps_the_larger_is_named_and_the_surprise_is_said() -> None:
    search = KnownLine({15: 0.02, 40: 0.06}, 0.003, 6).search(most=25)

    assert search.is_widened
    assert search.surprises
    assert search.is_found
    assert search.top.end == 40
    assert search.beliefs.doubles > 0.9
    assert search.top.size == pytest.approx(np.log(1.08 / 1.02), abs=0.01)


def test_one_step_is_not_made_two() -> None:
    widened = [KnownLine({place: 0.05}, 0.004, place).search().is_widened for place in range(1, 65)]

    assert sum(widened) <= 4


def test_a_drift_is_not_called_a_step() -> None:
    drift = dict.fromkeys(range(1, 65), 0.08 / 64)

    search = KnownLine(drift, 0.002, 7).search()

    assert search.is_widened
    assert search.beliefs.inflation > 1
    assert not search.is_found


def test_the_credible_row_holds_the_step() -> None:
    search = KnownLine({33: 0.05}, 0.02, 8).search(most=8)

    first, last = search.credible

    assert first <= 33 <= last
    assert last - first < 63


def test_what_is_left_is_counted_down() -> None:
    machine = KnownLine({20: 0.05}, 0.003, 9)
    search = Search(COMMITS, [machine.probe(COMMITS)])
    left = []
    while (wanted := search.next()) is not None:
        left.append(search.remaining(wanted))
        search.take(machine.probe(wanted.place))

    assert left[0] in {6, 7}
    assert left == sorted(left, reverse=True)


def test_a_long_line_takes_as_many_probes_as_it_has_halvings() -> None:
    search = KnownLine({1234: 0.05}, 0.004, 10).search(commits=3000, most=25)

    assert search.is_found
    assert (search.top.start, search.top.end) == (1234, 1234)
    assert len(search.observations) <= 16


def test_one_commit_needs_no_search() -> None:
    search = Search(1, [Observation(1, 0.05, 0.003)])

    assert search.next() is None
    assert search.is_found
