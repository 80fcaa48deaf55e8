"""What several workers say, added up."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from perfkit.evidence import GeneratorHealth
from perfkit.load.account import Beat, Cell, Conclusion, Counts
from perfkit.load.breaker import Breaker
from perfkit.load.compile import segments
from perfkit.load.health import Health
from perfkit.load.tally import Tally, nothing_unsent
from perfkit.scenario.model import Scenario
from perfkit.stats.histogram import Histogram

STAGES = [{"users": 4, "for": "1s", "warmup": True}, {"users": 4, "for": "2s"}]


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def of(self, *kinds: str) -> list[tuple[str, Any, Any]]:
        return [(event, fields.get("phase"), fields.get("at")) for event, fields in self.events if event in kinds]


def a_tally(told: Told, workers: int = 2, **sections: Any) -> Tally:
    scenario = Scenario.model_validate({"perfkit": 1, "target": "http://127.0.0.1:9", "get": ["/"], "load": STAGES, **sections})
    names = {number: f"pid {number}" for number in range(workers)}
    return Tally(segments(scenario, "default", 0), names, told, Breaker(scenario))


def times(*seconds: float) -> Histogram:
    return Histogram.of(np.array(seconds))


def a_conclusion(sent: int, lags: tuple[float, ...], cpu: float = 0.1) -> Conclusion:
    health = Health()
    health.ended(np.array(lags))
    account = health.close(sent, sent, 0)
    return Conclusion(
        GeneratorHealth(sent, sent, sent, 0, account.lag_p50, account.lag_p99, cpu, open_loop=True), health.lags, sent
    )


def test_a_phase_begins_and_ends_when_it_does_for_all() -> None:
    told = Told()
    tally = a_tally(told)

    tally.begin(0, "warm-up", 10.0)
    tally.begin(1, "warm-up", 10.0)
    tally.end(0, "warm-up", 11.0)
    tally.begin(0, "measure", 11.0)
    tally.end(1, "warm-up", 11.001)
    tally.begin(1, "measure", 11.0)

    assert told.of("begin", "end") == [("begin", "warm-up", 10.0), ("end", "warm-up", 11.001), ("begin", "measure", 11.0)]


def test_nobody_waits_for_a_worker_that_is_lost() -> None:
    told = Told()
    tally = a_tally(told)
    tally.begin(0, "warm-up", 10.0)
    tally.meet(0, 11.0)

    assert not tally.have_met()
    tally.lose(1, "died", 10.5, rows=3)

    assert told.of("begin") == [("begin", "warm-up", 10.0)]
    assert tally.have_met()
    assert not tally.have_met()
    assert not tally.is_over


def test_histograms_are_added_and_users_summed() -> None:
    told = Told()
    tally = a_tally(told)
    tally.begin(0, "warm-up", 99.0)
    tally.begin(1, "warm-up", 99.0)

    tally.beat(0, Beat((Cell(100, "GET /", 0, times(*[0.1] * 90)), Cell(100, "GET /", 4, times(0.1))), 3, Counts()), 100.1)
    tally.beat(1, Beat((Cell(99, "GET /b", 0, times(0.1)), Cell(100, "GET /", 0, times(*[0.9] * 10))), 2, Counts()), 100.1)
    tally.progress(101.0)

    (_, shown) = told.events[-1]
    assert (shown["requests"], shown["errors"], shown["users"], shown["elapsed"]) == (102, 1, 5, 2.0)
    assert shown["p95"] == pytest.approx(0.9, rel=0.001)  # an average of percentiles would be 0.5
    assert tally.endpoints == ["", "GET /", "GET /b"]
    assert [second for second, _ in tally.recent.seconds] == [99, 100]


def test_the_account_is_the_sum_and_the_percentile_that_of_all_requests() -> None:
    tally = a_tally(Told())
    tally.conclude(0, a_conclusion(90, (0.001,) * 90, cpu=0.2))
    tally.conclude(1, a_conclusion(10, (0.5,) * 10, cpu=0.7))

    health = tally.health(nothing_unsent)

    assert tally.is_over
    assert (health.offered, health.sent, health.finished, health.cpu_share) == (100, 100, 100, 0.7)
    assert health.lag_p50 == pytest.approx(0.001, rel=0.001)
    assert health.lag_p99 == pytest.approx(0.5, rel=0.001)
    assert [worker.rows for worker in health.workers] == [90, 10]


def test_what_a_lost_worker_would_have_sent_was_offered_and_is_dropped() -> None:
    asked: list[tuple[int, float, float]] = []

    def unsent(worker: int, since: float, until: float, /) -> int:
        asked.append((worker, since, until))
        return 40

    tally = a_tally(Told())
    for number in (0, 1):
        tally.begin(number, "measure", 20.0)
    tally.beat(1, Beat((), 2, Counts(offered=10, sent=10, finished=9)), 21.0)
    tally.lose(1, "generator process 1 died", 21.5, rows=12)
    tally.end(0, "measure", 22.0)
    tally.conclude(0, a_conclusion(50, (0.001,)))

    health = tally.health(unsent)

    assert asked == [(1, 1.0, 2.0)]
    assert (health.offered, health.sent, health.finished, health.dropped) == (100, 60, 59, 40)
    assert (health.workers[1].lost, health.workers[1].rows) == ("generator process 1 died", 12)


def test_an_account_survives_the_way() -> None:
    beat = Beat((Cell(100, "GET /", 4, times(0.1, 0.2), 70),), 3, Counts(1, 2, 3, 4), 100.5)
    conclusion = replace(a_conclusion(3, (0.1, 0.2)), capped_at=7.5)

    read = Beat.read(beat.write(), offset=30)
    back = Conclusion.read(conclusion.write())

    assert (read.cells[0].second, read.cells[0].endpoint, read.cells[0].error, read.users) == (70, "GET /", 4, 3)
    assert (read.cells[0].times.count, read.cells[0].times.maximum, read.counts) == (2, 0.2, beat.counts)
    assert (read.cells[0].bytes, read.at) == (70, 70.5)
    assert (back.health, back.rows, back.lags.count, back.capped_at) == (conclusion.health, 3, 2, 7.5)


def test_a_breaker_judges_what_all_workers_have_sent_and_ends_the_load_once() -> None:
    told, stops = Told(), list[str]()
    tally = a_tally(told, guard={"stop_if": ["errors > 50% for 2s"]})
    tally.stop = lambda: stops.append("stop")
    for number in range(2):
        tally.begin(number, "measure", 100.0)
    # Of one worker everything fails, of the other nothing: a third of all.
    for second in range(100, 104):
        tally.beat(0, Beat((Cell(second, "GET /", 4, times(*[0.1] * 10)),), 1, Counts(), second + 1.1), second + 1.1)
        tally.beat(1, Beat((Cell(second, "GET /", 0, times(*[0.1] * 20)),), 1, Counts(), second + 1.1), second + 1.1)
        tally.progress(second + 1.1)
    assert stops == []

    for second in range(104, 108):
        tally.beat(0, Beat((Cell(second, "GET /", 4, times(*[0.1] * 10)),), 1, Counts(), second + 1.1), second + 1.1)
        # What the other one saw of the last second is not known yet.
        tally.beat(1, Beat((Cell(second, "GET /", 4, times(*[0.1] * 20)),), 1, Counts(), second + 0.1), second + 0.2)
        tally.progress(second + 1.1)

    assert stops == ["stop"]
    halted = [fields for event, fields in told.events if event == "halted"]
    assert [(fields["by"], fields["sentence"], fields["at"]) for fields in halted] == [("breaker", "errors > 50% for 2s", 105.0)]


def test_a_load_that_its_longest_duration_ended_says_so_once() -> None:
    told = Told()
    tally = a_tally(told)

    for number in range(2):
        tally.conclude(number, replace(a_conclusion(3, (0.1,)), capped_at=7.5))

    assert [(fields["by"], fields["at"]) for event, fields in told.events if event == "halted"] == [("duration", 7.5)]
