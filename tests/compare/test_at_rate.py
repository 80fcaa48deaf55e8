"""A window of plain load beside what was simulated: it checks the size, and tells when it is another."""

import polars as pl
import pytest

from perfkit.compare import windows
from perfkit.compare.at_rate import measured
from perfkit.compare.comparison import AtRate, Comparison
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.pairs import WINDOWS
from perfkit.compare.settings import Load, Settings
from perfkit.evidence import Missing
from perfkit.scenario.model import Scenario
from perfkit.stats.queueing import Discipline
from tests.compare.tables import some_pairs

LOAD = Load(100.0, 1, Discipline.FIRST_COME)


def some_windows(
    base: float, head: float, requests: int = 40, errors: int = 0, *, cpu: float | None = None, endpoint: str = "GET /orders"
) -> pl.DataFrame:
    rows = [
        (side, endpoint, time, "timeout" if number < errors else None, cpu)
        for side, time in (("base", base), ("head", head))
        for number in range(requests)
    ]
    return pl.DataFrame(rows, schema=WINDOWS, orient="row")


def compared(seen: pl.DataFrame | Missing) -> Comparison:
    return judge(Observed(some_pairs(), windows=seen), Settings(load=LOAD))


def simulated(seen: pl.DataFrame | Missing) -> AtRate:
    found = compared(seen).at_rate
    assert isinstance(found, AtRate)
    return found


def test_what_a_window_measured_stands_beside_what_was_simulated() -> None:
    found = simulated(some_windows(0.0011, 0.0012))

    assert not isinstance(found.windows, Missing)
    assert [window.requests for window in found.windows] == [40, 40]
    assert found.windows[1].response_times == ((0.5, 0.0012), (0.95, 0.0012))
    assert found.change.together[0].a == pytest.approx(found.change.endpoints[0][0].a)


def test_what_computing_takes_at_the_rate_is_in_the_utilisation_and_in_the_response_times() -> None:
    in_turn = simulated(some_windows(0.0011, 0.0012))
    assert isinstance(in_turn.computing, Missing)
    assert in_turn.computing.why.startswith("what the target computed in a window is not known")
    used = in_turn.change.utilisation_a

    found = simulated(some_windows(0.0011, 0.0012, cpu=2 * used / LOAD.rate))

    assert isinstance(found.computing, tuple)
    assert found.computing[0] == pytest.approx(2.0)
    # Of two versions that are about alike, in about the same state of the machine: the mean of the two.
    assert found.change.utilisation_a == pytest.approx(2 * used, rel=0.1)
    assert found.change.together[0].a > 1.8 * in_turn.change.together[0].a


def test_without_windows_computing_is_taken_as_it_is_in_turn_and_that_is_said() -> None:
    assert simulated(Missing("left out")).computing == Missing("left out")
    seldom = simulated(some_windows(0.0011, 0.0012, requests=9, cpu=0.001))
    assert seldom.computing == Missing("only 9 requests of a window were of endpoints that are compared")
    foreign = simulated(some_windows(0.0011, 0.0012, cpu=0.001, endpoint="GET /other"))
    assert foreign.computing == Missing("only 0 requests of a window were of endpoints that are compared")


def test_a_window_of_the_same_size_is_no_contradiction() -> None:
    fits = simulated(Missing("left out")).change.together[0].a

    assert not any("contradicts" in doubt for doubt in compared(some_windows(1.5 * fits, 1.5 * fits)).doubts)


def test_a_window_of_another_size_is_a_doubt_in_words_and_gates_nothing() -> None:
    fits = simulated(Missing("left out")).change.together[0].a

    found = compared(some_windows(1.5 * fits, 40 * fits))

    (doubt,) = (doubt for doubt in found.doubts if "contradicts" in doubt)
    assert doubt.startswith("a window of plain load at the scenario's rate contradicts the simulation of head (p50 ")
    assert found.answer == compared(some_windows(1.5 * fits, 1.5 * fits)).answer


def test_a_window_of_a_few_good_answers_says_nothing() -> None:
    assert measured(some_windows(0.01, 0.01, requests=40, errors=35)) == Missing("only 5 requests were answered well in a window")


def test_a_window_has_the_highest_level_of_the_open_load_and_no_objective_that_ends_it() -> None:
    stages = [{"rate": "2/s -> 10/s over 8s", "warmup": True}, {"rate": "8/s", "for": "60s", "arrivals": "even"}]
    scenario = Scenario.model_validate(
        {"perfkit": 1, "target": "http://127.0.0.1:1", "get": ["/"], "load": stages, "slo": {"all": ["p99 < 1s"]}}
    )

    found = windows.at_peak(scenario, 3.0)

    filling, measuring = found.load[found.default_load()]
    assert [(stage.rate.start, stage.rate.end) for stage in (filling, measuring) if stage.rate] == [(10.0, 10.0)] * 2
    assert (filling.warmup, measuring.warmup, measuring.duration) == (True, False, 3.0)
    assert found.slo == type(found.slo)()


def test_windows_are_a_small_share_of_the_tier() -> None:
    assert [windows.length(budget) for budget in (4.0, 60.0, 600.0)] == [1.0, 3.0, 10.0]
