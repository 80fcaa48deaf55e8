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
    base: float,
    head: float,
    requests: int = 40,
    errors: int = 0,
    *,
    computing: float | None = None,
    cpu: float | None = None,
    endpoint: str = "GET /orders",
) -> pl.DataFrame:
    rows = [
        (side, endpoint, time, "timeout" if number < errors else None, computing, cpu)
        for side, time in (("base", base), ("head", head))
        for number in range(requests)
    ]
    return pl.DataFrame(rows, schema=WINDOWS, orient="row")


def compared(seen: pl.DataFrame | Missing, *, is_seen_inside: bool = True) -> Comparison:
    """Four fifths of a request's time in the application are computing."""
    pairs = some_pairs(traced=True)
    if is_seen_inside:
        pairs = pairs.with_columns(base_cpu=0.8 * pl.col("base_server"), head_cpu=0.8 * pl.col("head_server"))
    return judge(Observed(pairs, windows=seen), Settings(load=LOAD))


def simulated(seen: pl.DataFrame | Missing, *, is_seen_inside: bool = True) -> AtRate:
    found = compared(seen, is_seen_inside=is_seen_inside).at_rate
    assert isinstance(found, AtRate)
    return found


def test_what_a_window_measured_stands_beside_what_was_simulated() -> None:
    found = simulated(some_windows(0.0011, 0.0012))

    assert not isinstance(found.windows, Missing)
    assert [window.requests for window in found.windows] == [40, 40]
    assert found.windows[1].response_times == ((0.5, 0.0012), (0.95, 0.0012))
    assert found.change.together[0].a == pytest.approx(found.change.endpoints[0][0].a)


def test_what_the_processes_compute_beyond_the_application_is_in_the_utilisation_and_in_the_response_times() -> None:
    unknown = simulated(some_windows(0.0011, 0.0012))
    assert isinstance(unknown.computing, Missing)
    assert unknown.computing.why.startswith("what the target computed in a window is not known")

    alone = simulated(some_windows(0.0011, 0.0012, computing=0.0002, cpu=0.0002))
    double = simulated(some_windows(0.0011, 0.0012, computing=0.0002, cpu=0.0004))

    assert isinstance(alone.computing, tuple)
    assert isinstance(double.computing, tuple)
    assert double.computing == pytest.approx(tuple(2 * one for one in alone.computing))
    # Whoever takes one request at a time is taken by all of it; what is no computing was waiting then.
    assert alone.computing[0] < 1 < double.computing[0]
    assert alone.change.utilisation_a == pytest.approx(unknown.change.utilisation_a)
    assert double.change.utilisation_a > 1.2 * alone.change.utilisation_a
    assert double.change.together[1].a > 1.2 * alone.change.together[1].a


def test_the_state_of_the_machine_in_the_windows_does_not_matter() -> None:
    fast = simulated(some_windows(0.0011, 0.0012, computing=0.0002, cpu=0.0003))
    slow = simulated(some_windows(0.0022, 0.0024, computing=0.0004, cpu=0.0006))

    assert fast.computing == slow.computing
    assert fast.change == slow.change


def test_without_windows_all_that_is_not_waiting_is_taken_for_computing_and_that_is_said() -> None:
    assert simulated(Missing("left out")).computing == Missing("left out")
    for seldom in (
        some_windows(0.0011, 0.0012, requests=9, computing=0.001, cpu=0.001),
        some_windows(0.0011, 0.0012, computing=0.001, cpu=0.001, endpoint="GET /other"),
        some_windows(0.0011, 0.0012, cpu=0.001),
    ):
        found = simulated(seldom).computing
        assert isinstance(found, Missing)
        assert found.why.endswith("requests of a window were seen from inside")
    found = simulated(some_windows(0.0011, 0.0012, computing=0.001, cpu=0.001), is_seen_inside=False).computing
    assert found == Missing("what the application computes was not seen while it was asked in turn")


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
