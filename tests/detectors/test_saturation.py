"""Past the knee."""

from typing import Any

from perfkit.detectors.saturation import detect
from perfkit.finding import Finding, Skipped
from tests.builders import Request, Row, a_gauge, a_generator, a_host, a_request, a_run, measures

CLOSED = a_run(generator=a_generator(open_loop=False))


def queueing(last: float, count: int = 1000) -> list[Request]:
    """Every request waits longer than the one before it."""
    return [a_request(sample={"response_time": 0.02 + last * i / count}) for i in range(count)]


def using(cores: float, busy: float = 0.99) -> list[Row]:
    return [a_host(float(at), target_cpu=cores * at, busy=busy) for at in range(111)]


def the_message(requests: list[Request], **tables: Any) -> str:
    (finding,) = detect(measures(requests, **tables))
    assert isinstance(finding, Finding)
    assert finding.where == "whole service"
    return finding.message


def test_requests_that_are_not_completed_in_time_show_saturation_and_the_limit() -> None:
    assert the_message(queueing(20.0), host=using(1.98)) == (
        "8.34/s completed of 10/s offered; it uses 1.98 of 2 cores: the processor is the limit"
    )


def test_a_queue_that_grows_at_a_constant_rate_shows_it_too() -> None:
    assert the_message(queueing(3.0), host=using(0.95, busy=0.6)) == (
        "at a constant 9.99/s the p50 grew from 520 ms in the first third to 2.52 s in the last, "
        "and open requests from 10 to 29; "
        "its one worker uses 0.95 cores, and one process of Python can use one: the number of workers is the limit"
    )


def test_a_resource_that_is_seen_to_be_full_is_named_rather_than_what_the_host_tells() -> None:
    held = [a_gauge(10.0 + i / 4, "lock", 0.97, name="shop.py:7") for i in range(400)]

    said = the_message(queueing(20.0), host=using(0.3, busy=0.2), gauges=held)

    assert said == "8.34/s completed of 10/s offered; the limit is the lock of shop.py:7 (97 % in use)"


def test_without_the_hosts_counters_the_limit_is_not_named() -> None:
    assert "what limits it is not known: this test gives none" in the_message(queueing(20.0))


def test_slow_answers_that_a_short_run_leaves_open_are_not_a_queue() -> None:
    slow = [a_request(sample={"response_time": 8.0}) for _ in range(1000)]

    assert list(detect(measures(slow))) == []


def test_dropped_requests_show_that_the_limit_was_reached() -> None:
    run = a_run(generator=a_generator(dropped=200))

    assert the_message(queueing(0.0), run=run).startswith("10/s completed of 12/s offered (200 were dropped); ")


def test_a_steady_service_is_not_saturated() -> None:
    assert list(detect(measures(queueing(0.0)))) == []


def test_a_rate_that_is_raised_explains_slower_answers() -> None:
    early = [a_request(at=10 + i / 4, sample={"response_time": 0.05}) for i in range(200)]
    late = [a_request(at=60 + i / 20, sample={"response_time": 0.5}) for i in range(980)]

    assert list(detect(measures(early + late))) == []


def users(few: int, many: int, slow: float) -> list[Request]:
    first = [a_request(at=10 + i / 10, sample={"virtual_user": i % few, "response_time": 0.1}) for i in range(500)]
    last = [a_request(at=60 + i / 10, sample={"virtual_user": i % many, "response_time": slow}) for i in range(480)]
    return first + last


def test_more_users_without_more_answers_show_it_for_closed_load() -> None:
    assert the_message(users(2, 8, 0.4), run=CLOSED).startswith(
        "from 2 to 8 users the p50 grew from 100 ms to 400 ms, while 10/s completed became "
    )


def test_more_users_at_the_same_speed_are_fine() -> None:
    assert list(detect(measures(users(2, 8, 0.11), run=CLOSED))) == []


def test_a_handful_of_requests_is_skipped_not_clean() -> None:
    (skipped,) = detect(measures(queueing(0.0, count=20)))

    assert isinstance(skipped, Skipped)
