"""Seconds in which the generator was the limit are named, and only those."""

from typing import Any

from perfkit.strain import Strain, judge
from tests.builders import a_request, a_sample, a_second, evidence

P99 = 0.020


def strain(*seconds: dict[str, Any], total: int = 60, **parts: Any) -> Strain:
    """Of the measure phase, which begins at second 10 of the run; seconds that are not given had nothing to complain about."""
    given = {row["at"]: row for row in seconds}
    ends = [11.0 + second for second in range(total)]
    return judge(evidence(parts.get("requests", ()), generator=[given.get(at, a_second(at)) for at in ends]), P99)


def test_a_generator_without_complaints_is_not_under_strain() -> None:
    assert strain() == Strain()


def test_seconds_in_which_requests_left_late_are_named() -> None:
    late = [a_second(11.0 + second, lag_p90=0.03) for second in (3, 4, 5, 9)]

    assert strain(*late).suspect == ("the generator was late in 4 of 60 seconds (3 to 5, 9), a tenth of the time by up to 30 ms",)


def test_a_late_loop_counts_where_there_are_no_arrivals() -> None:
    late = a_second(12.0, lag_p50=None, lag_p90=None, lag_p99=None, lag_max=None, loop_p90=0.04)

    assert strain(late).suspect == ("the generator was late in 1 of 60 seconds (1), a tenth of the time by up to 40 ms",)


def test_a_single_late_request_is_not_a_late_second() -> None:
    assert strain(a_second(12.0, lag_p99=0.2, lag_max=0.2)) == Strain()


def test_lateness_that_is_small_against_the_response_times_is_no_reason() -> None:
    assert judge(evidence(generator=[a_second(11.0, lag_p90=0.03)]), p99=1.0) == Strain()


def test_a_few_seconds_on_a_full_core_are_named() -> None:
    busy = [a_second(11.0 + second, cpu=0.99) for second in (20, 21)]

    assert strain(*busy) == Strain((), ("the generator used 97 % of its core or more in 2 of 60 seconds (20 to 21)",))


def test_more_than_a_tenth_of_lost_seconds_makes_the_run_invalid() -> None:
    lost = [a_second(11.0 + second, cpu=0.99) for second in range(7)]

    assert strain(*lost).invalid == (
        "the generator could not keep up in 7 of 60 seconds (0 to 6): it, not the target, was the limit there",
    )


def test_one_lost_second_of_a_short_run_does_not_make_it_invalid() -> None:
    assert strain(a_second(11.0, lag_p90=0.3), total=5).invalid == ()


def test_a_long_collection_is_named() -> None:
    assert strain(a_second(18.0, gc_max=0.035, gc_time=0.04)).suspect == (
        "the generator stood still for up to 35 ms to collect garbage, in second 7",
    )


def test_files_and_ports_that_run_short_are_named() -> None:
    scarce = strain(a_second(18.0, files=1000), a_second(19.0, ports=28000))

    assert scarce == Strain(
        (),
        (
            "1000 of the generator's 1024 file descriptors were in use in second 7",
            "28000 of the generator's 28232 local ports towards the target were in use in second 8",
        ),
    )


def test_connections_that_failed_for_want_of_ports_are_the_generators_failures() -> None:
    failed = [a_request(at=17.5, wall_time=0.0, traced=False, sample=a_sample(error="connect", status=0, response_time=0.0))]

    scarce = strain(a_second(18.0, ports=28000), requests=failed)

    assert scarce.invalid == (
        "1 request could not connect while the generator had no local ports towards the target left, in second 7",
    )


def test_failed_connections_of_another_second_are_the_targets() -> None:
    failed = [a_request(at=30.5, wall_time=0.0, traced=False, sample=a_sample(error="connect", status=0, response_time=0.0))]

    assert strain(a_second(18.0, ports=28000), requests=failed).invalid == ()


def test_unknown_ports_are_no_reason() -> None:
    assert strain(a_second(18.0, ports=-1, ports_limit=-1)) == Strain()


def test_what_happens_outside_the_measure_phase_is_not_judged() -> None:
    assert strain(a_second(15.0, phase="warm-up", cpu=1.0)) == Strain()
