import math

import pytest

from perfkit.capacity.plan import Count, graded, plan
from perfkit.evidence import Missing
from perfkit.scenario.capacity import Headroom, Price, SharedLimit
from perfkit.stats.interval import Estimate

LIMIT = Estimate(84.0, 79.0, 88.0, 0.9)


def test_instances_are_counted_by_the_lower_end_of_the_limit() -> None:
    found = plan(2000, LIMIT, Headroom(), {}, None, None)

    assert found.now == Count(26, 23, 26)


def test_a_surge_multiplies_and_a_loss_adds() -> None:
    found = plan(2000, LIMIT, Headroom(lose=1, surge=0.2), {}, None, None)

    # 2,400/s take 31 instances of 79/s, 28 of 88/s.
    assert found.with_headroom == Count(32, 29, 32)


def test_what_is_shared_and_gives_out_first_is_said() -> None:
    shared = {"connections": SharedLimit(limit=100, per_instance=5), "sockets": SharedLimit(limit=1000, per_instance=1)}

    found = plan(2000, LIMIT, Headroom(), shared, None, None)

    assert [(one.name, one.instances, one.binds) for one in found.shared] == [("connections", 20, True), ("sockets", 1000, False)]
    assert not found.is_possible


def test_a_price_of_cores_is_that_of_the_time_on_them() -> None:
    found = plan(2000, LIMIT, Headroom(), {}, Price(0.036, "core-hour"), 0.02)

    assert found.cost == pytest.approx(0.0002)


def test_a_price_of_instances_is_that_of_all_of_them() -> None:
    found = plan(1000, Estimate(100, 100, 100, 0.9), Headroom(), {}, Price(0.36, "instance-hour"), None)

    # Ten instances, 3.60 per hour, 3.6 million requests.
    assert found.cost == pytest.approx(0.001)


def test_a_price_of_cores_without_their_use_is_missing() -> None:
    assert isinstance(plan(10, LIMIT, Headroom(), {}, Price(0.04, "core-hour"), None).cost, Missing)


def test_one_instance_is_enough_where_no_limit_was_met() -> None:
    assert plan(50, Estimate(84.0, 84.0, math.inf, 0.9), Headroom(), {}, None, None).now == Count(1, 1, 1)


@pytest.mark.parametrize(("times", "grade"), [(1, "A"), (1.5, "B"), (2, "C"), (26, "C")])
def test_the_grade_says_how_far_it_is_from_what_was_measured(times: float, grade: str) -> None:
    assert graded(times)[0] == grade
