"""Figures of every so many seconds in a row."""

import numpy as np
import pytest

from perfkit.scenario.objectives import parse_objective
from perfkit.slo.windows import Cells, Seconds, Window, least, slide, worst
from perfkit.stats.histogram import Histogram


def a_second(count: int = 20, time: float = 0.1, errors: int = 0, endpoint: str = "GET /orders", error: str = "status") -> Cells:
    cells = {(endpoint, ""): Histogram.of(np.full(count, time))}
    return {**cells, (endpoint, error): Histogram.of(np.full(errors, time))} if errors else cells


def windows_of(sentence: str, seconds: list[Cells], endpoint: str = "all") -> list[Window]:
    return list(slide(parse_objective(sentence), endpoint, Seconds(100, 100 + len(seconds), dict(enumerate(seconds, 100)))))


def test_there_is_a_window_for_every_second_once_the_first_one_is_whole() -> None:
    found = windows_of("p90 < 200ms for 3s", [a_second()] * 5)

    assert [(window.ended_at, window.holds) for window in found] == [(103, True), (104, True), (105, True)]
    assert found[0].value == pytest.approx(0.1, rel=0.0005)


def test_a_window_is_judged_as_a_whole() -> None:
    seconds = [a_second(), a_second(), a_second(time=0.5), a_second(), a_second()]

    # A third of the requests of each of these windows is slow: their p50 is not, their p90 is.
    assert all(window.holds for window in windows_of("p50 < 200ms for 3s", seconds))
    assert [window.holds for window in windows_of("p90 < 200ms for 3s", seconds)] == [False, False, False]


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("errors < 50% for 2s", 0.25),
        ("rate >= 10/s for 2s", 20.0),
        ("max < 1s for 2s", 0.1),
        ("mean < 1s for 2s", 0.1),
        ("p50 < 1s for 2s", 0.1),
    ],
)
def test_every_figure_of_some_seconds_has_a_value(sentence: str, value: float) -> None:
    (window,) = windows_of(sentence, [a_second(15, errors=5), a_second(15, errors=5)])

    assert window.value == pytest.approx(value, rel=0.0005)


def test_what_was_not_answered_is_an_error_and_no_rate() -> None:
    (window,) = windows_of("rate > 1/s for 1s", [a_second(10, errors=10, error="timeout")])

    assert window.value == 10


def test_an_endpoint_has_windows_of_its_own() -> None:
    mixed = {**a_second(time=0.1), **a_second(time=0.9, endpoint="GET /slow")}

    assert [window.holds for window in windows_of("p90 < 500ms for 1s", [mixed], "GET /orders")] == [True]
    assert [window.holds for window in windows_of("p90 < 500ms for 1s", [mixed], "GET /slow")] == [False]


def test_too_few_requests_say_nothing_but_nothing_is_a_rate() -> None:
    assert windows_of("p99 < 1ms for 2s", [a_second(49), a_second(50)]) == []
    assert len(windows_of("p99 < 1ms for 2s", [a_second(50), a_second(50)])) == 1
    assert windows_of("errors > 50% for 1s", [a_second(0, errors=4)]) == []
    assert [window.value for window in windows_of("rate >= 1/s for 1s", [{}, {}])] == [0, 0]
    assert [least(figure) for figure in ("p50", "p90", "p99", "p99.9", "errors", "max")] == [5, 10, 100, 1000, 5, 1]


def test_the_worst_window_is_on_the_wrong_side_of_the_comparison() -> None:
    windows = [Window(1, 5.0, holds=True), Window(2, 9.0, holds=False), Window(3, 1.0, holds=True)]

    assert worst(parse_objective("p50 < 8s for 1s"), windows).value == 9
    assert worst(parse_objective("rate > 0/s for 1s"), windows).value == 1
