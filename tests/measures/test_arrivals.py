"""How many others are under way when something begins."""

import numpy as np

from perfkit.measures import arrivals


def test_what_a_call_met_is_who_was_under_way_when_it_began() -> None:
    starts, times = np.array([2.0, 0.0, 0.5, 1.0]), np.array([1.0, 1.0, 2.0, 0.5])

    assert arrivals.met(starts, times).tolist() == [1, 0, 1, 1]


def test_who_comes_as_another_ends_does_not_meet_it() -> None:
    starts = np.arange(0.0, 5.0, 0.1)

    assert arrivals.met(starts, np.full(len(starts), 0.1)).max() == 0
