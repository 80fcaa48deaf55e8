"""What more workers would bring, by the settings that were searched."""

from typing import Any

from perfkit.capacity.scaling import scaling
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate
from tests.capacity.searches import a_found


def with_workers(count: int, low: float, value: float, high: float) -> Any:
    return a_found(setting={"workers": count}, limit=Estimate(value, low, high, 0.9))


def test_the_law_goes_through_the_settings_that_have_a_limit() -> None:
    found = scaling([with_workers(1, 95, 100, 105), with_workers(2, 180, 190, 200)])

    assert not isinstance(found, Missing)
    assert [point.workers for point in found.points] == [1.0, 2.0]
    assert [one.grade for one in found.beyond] == ["B", "C"]


def test_a_limit_that_no_step_has_met_is_no_point_of_it() -> None:
    open_above = with_workers(2, 170, 180, float("inf"))

    found = scaling([with_workers(1, 95, 100, 105), open_above])

    assert found == Missing("fewer than two counts of workers whose limit was found")
