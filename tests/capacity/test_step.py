import pytest

from perfkit.capacity.limits import Limit
from perfkit.capacity.step import Step, read, usage
from perfkit.evidence import Halt, Interval, Run
from perfkit.measures.lazy import Measures
from perfkit.scenario.objectives import Slo
from tests.builders import Request, a_generator, a_host, a_request, a_run, evidence
from tests.capacity.searches import P95, recorded

RUN = a_run(intervals=(Interval("warm-up", 0.0, 2.0), Interval("measure", 2.0, 12.0)))
JUDGED_BY = Slo.model_validate({"all": ["p95 < 100ms", "errors < 1%"], "min_samples": 1})


def requests(count: int = 200, late: int = 0, **fields: object) -> list[Request]:
    """Twenty a second, the last of them late."""
    return [
        a_request(at=2.0 + i * 10 / count, wall_time=0.2 if i >= count - late else 0.02, **fields)  # type: ignore[arg-type]
        for i in range(count)
    ]


def a_reading(made: list[Request], run: Run = RUN, limit: Limit = P95, **tables: object) -> Step:
    measures = Measures(evidence(made, run=run, **tables))  # type: ignore[arg-type]
    return read(3, "step", 20.0, recorded(run), measures, (limit,), JUDGED_BY)


def test_a_step_that_meets_its_objectives_is_held() -> None:
    step = a_reading(requests())

    assert step.held
    assert step.offered == pytest.approx(20.0)
    assert step.reached[0].missed == 0.0


def test_a_step_with_too_many_late_requests_counts_and_is_not_held() -> None:
    step = a_reading(requests(late=20))

    assert step.counts
    assert not step.held
    assert step.reached[0].missed == pytest.approx(0.1)
    assert step.missed_objectives == ("all: p95 < 100ms",)


def test_late_requests_are_counted_in_blocks_of_two_seconds() -> None:
    step = a_reading(requests(late=20))

    assert step.watched.requests[:, 0].tolist() == [40, 40, 40, 40, 40]
    assert step.watched.missed[:, 0].tolist() == [0, 0, 0, 0, 20]


def test_a_step_that_the_target_falls_far_behind_in_does_not_count() -> None:
    made = [a_request(at=2.0 + i / 20, wall_time=i / 20) for i in range(200)]

    step = a_reading(made)

    assert step.state == "saturated"
    assert not step.counts


def test_a_step_in_which_the_generator_was_the_limit_does_not_count() -> None:
    step = a_reading(requests(), run=a_run(intervals=RUN.intervals, generator=a_generator(cpu_share=0.99)))

    assert (step.state, step.counts) == ("void", False)
    assert "the generator used 99 % of its core" in step.why


def test_errors_are_no_queues_doing_and_fail_the_step() -> None:
    step = a_reading([*requests(100), *requests(100, status=500)])

    assert (step.state, step.why) == ("failed", "all: errors < 1%")
    assert step.error_share == pytest.approx(0.5)


def test_a_target_that_died_says_so() -> None:
    step = a_reading(requests(), run=a_run(intervals=RUN.intervals, state="died", failure="the target died"))

    assert (step.state, step.why) == ("died", "the target died")


def test_a_guard_that_ended_the_load_fails_the_step() -> None:
    halt = Halt("breaker", "all", "errors > 50% for 10s", 0.6, 11.0)
    step = a_reading(requests(), run=a_run(intervals=RUN.intervals, state="aborted", failure="the breaker opened", halt=halt))

    assert (step.state, step.counts) == ("failed", False)


def test_a_limit_of_one_endpoint_is_of_its_requests_only() -> None:
    made = [*requests(100, late=100, endpoint="GET /slow"), *requests(100, endpoint="GET /fast")]

    step = a_reading(made, limit=Limit("GET /fast", "p95 < 100ms", 0.1, 0.05))

    assert step.reached[0].requests == 100
    assert step.reached[0].missed == 0.0


def test_a_request_that_failed_had_arrived_and_is_not_judged() -> None:
    step = a_reading([*requests(100), *requests(100, status=500)])

    assert len(step.arrived.at) == 200
    judged = step.arrived.block >= 0
    assert judged.sum() == step.watched.requests.sum() == 100


def test_cores_are_those_of_the_measured_seconds() -> None:
    host = [a_host(at, target_cpu=1.5 * at, generator_cpu=0.1 * at, busy=0.9) for at in (1.0, 3.0, 7.0, 11.0)]
    measures = Measures(evidence(requests(), run=RUN, host=host))

    used = usage(measures, Interval("measure", 2.0, 12.0))

    assert used.target == pytest.approx(1.5)
    assert used.generator == pytest.approx(0.1)
    assert used.others == pytest.approx(0.2)
