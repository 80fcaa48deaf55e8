"""Who holds the event loop."""

from typing import Any

from perfkit.detectors.blocked_event_loop import RULE, detect
from tests.builders import Row, a_blocker, a_run, many, measures

STACK = (
    "app (/usr/lib/python3.11/asyncio/events.py:80)",
    "report (shop/report.py:20)",
    "render (shop/report.py:31)",
    "get (/venv/lib/python3.11/site-packages/requests/api.py:73)",
)


def blocked(count: int, **fields: Any) -> list[Row]:
    return [a_blocker(*STACK, endpoint="GET /report", started_at=20.0 + i, **fields) for i in range(count)]


def test_a_function_that_holds_the_loop_is_found_as_the_innermost_of_the_users_own() -> None:
    (finding,) = detect(measures(many(20, asynchronous=True), blockers=blocked(4)))

    assert finding.message == (
        "GET /report: the event loop stood still 4 times for 50 ms or more (80 ms in the middle, 80 ms at worst, 320 ms in all), "
        "in shop/report.py:31 in render"
    )
    assert finding.saving is None


def test_twice_is_not_often_enough() -> None:
    assert list(detect(measures(many(20), blockers=blocked(2)))) == []


def test_short_stretches_do_not_block() -> None:
    assert list(detect(measures(many(20), blockers=blocked(9, wall_time=0.03)))) == []


def test_stretches_of_the_warm_up_are_not_judged() -> None:
    assert list(detect(measures(many(20), blockers=blocked(9, phase="warm-up")))) == []


def test_without_a_frame_of_the_users_own_nobody_is_accused() -> None:
    library = [a_blocker(STACK[0], STACK[3], started_at=20.0 + i) for i in range(9)]

    assert list(detect(measures(many(20), blockers=library))) == []


def test_the_exhibit_counts_who_had_to_wait() -> None:
    requests = many(20, at=20.0, wall_time=0.5, asynchronous=True)

    (finding,) = detect(measures(requests, blockers=[*blocked(1, wall_time=0.2), *blocked(3)]))

    assert finding.exhibits[0].rows["requests_open"].max() == 20


def test_the_fix_speaks_of_the_framework() -> None:
    run = a_run(serving=({"pid": 100, "server": "uvicorn", "framework": "fastapi", "python": "3.11"},))

    (finding,) = detect(measures(many(20), run=run, blockers=blocked(4)))

    assert finding.fix == RULE.fixes["fastapi"]
