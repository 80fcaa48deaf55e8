"""Whether the time that was asked for was right: by a factor of two, by its range, and as a whole."""

from typing import Any

import pytest

from bench.compare import more


def asked(multiple: float | None, low: float = 20.0, high: float | None = 150.0) -> dict[str, Any]:
    """For a minute more."""
    return {"more_time": 60.0, "more_time_range": [low, high], "took": {"how": more.RUN_ON, "multiple": multiple}}


@pytest.mark.parametrize(("multiple", "right"), [(0.4, False), (0.5, True), (1.0, True), (2.0, True), (None, False)])
def test_right_is_between_half_and_twice_the_time(multiple: float | None, right: bool) -> None:
    assert more.is_right(asked(multiple)) == right


@pytest.mark.parametrize(
    ("multiple", "high", "inside"),
    # Between the looks at 0.2 and 0.3 of a minute lie 12 to 18 s.
    [(0.3, 150.0, False), (0.4, 150.0, True), (1.0, 50.0, False), (1.0, 51.0, True), (None, 119.0, False), (None, 121.0, True)],
)
def test_the_range_is_held_against_when_it_was_decided(multiple: float | None, high: float, inside: bool) -> None:
    assert more.is_in_range(asked(multiple, high=high)) == inside


def test_of_a_whole_comparison_little_more_than_asked_for_is_right() -> None:
    assert more.is_right_altogether(asked(0.1), lasted=60.0)
    assert not more.is_right_altogether(asked(0.1), lasted=1.0)
    assert not more.is_right_altogether(asked(None), lasted=60.0)
