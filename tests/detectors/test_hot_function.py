"""Where an endpoint's processor time goes."""

from typing import Any

import pytest

from perfkit.detectors.hot_function import detect
from perfkit.finding import Finding, Skipped
from tests.builders import Row, a_stack, a_statement, many, measures

VIEW = "view (shop/views.py:8)"
RENDER = "render (shop/report.py:30)"
DUMPS = "dumps (/usr/lib/python3.11/json/__init__.py:231)"
ORM = "all (/venv/lib/python3.11/site-packages/sqlalchemy/orm/query.py:100)"


def stacks(hot: int, *frames: str) -> list[Row]:
    return [a_stack(VIEW, *frames, samples=hot), a_stack(VIEW, "log (shop/log.py:4)", samples=500 - hot)]


def test_a_function_with_much_of_the_processor_time_is_found_with_its_cost() -> None:
    # log() has the rest, so it is hot as well
    first, *_ = detect(measures(many(30, wall_time=0.02, cpu_time=0.016), stacks=stacks(300, RENDER)))

    assert isinstance(first, Finding)
    assert first.message == (
        "GET /orders: 60 % of the processor time is spent in shop/report.py:30 in render: up to 9.6 ms per request"
    )
    assert first.saving == pytest.approx(0.0096)
    assert first.saving_interval is not None
    assert first.saving_interval[0] == pytest.approx(0.0089, abs=0.0005)


def test_library_code_counts_for_the_function_that_called_it() -> None:
    first, *_ = detect(measures(many(30), stacks=stacks(300, RENDER, DUMPS)))

    assert isinstance(first, Finding)
    assert "in shop/report.py:30 in render, most of it in dumps (/usr/lib/python3.11/json/__init__.py): up to" in first.message


def names(found: list[Row], **fields: Any) -> list[str]:
    findings = detect(measures(many(30, **fields), stacks=found))
    return [finding.call_site.rpartition(" in ")[2] for finding in findings if isinstance(finding, Finding)]


def test_a_handler_that_calls_others_is_not_hot_itself() -> None:
    assert names(stacks(250, RENDER)) == ["render", "log"]


def test_a_tenth_of_the_time_is_not_hot() -> None:
    assert names(stacks(50, RENDER)) == ["log"]


def test_the_orm_is_not_the_users_function() -> None:
    assert names(stacks(300, RENDER, ORM)) == ["log"]


def test_an_in_process_database_is_not_the_functions_own_work() -> None:
    statement = a_statement(call_site="shop/report.py:31 in render", wall_time=0.008)

    assert names(stacks(300, RENDER), wall_time=0.02, statements=[statement]) == ["log"]


def test_a_few_samples_are_enough_when_most_of_them_are_of_one_function() -> None:
    assert names([a_stack(VIEW, RENDER, samples=60), a_stack(VIEW, samples=20)]) == ["render"]


def test_with_too_few_samples_it_says_so_instead_of_nothing() -> None:
    (said,) = detect(measures(many(30), stacks=[a_stack(VIEW, RENDER, samples=30), a_stack(VIEW, samples=20)]))

    assert isinstance(said, Skipped)
    assert "50 samples at the endpoint with the most; 250 are needed" in said.why


def test_hashing_passwords_gets_a_word_of_warning() -> None:
    first, *_ = detect(measures(many(30), stacks=stacks(400, "hash_password (shop/auth.py:9)")))

    assert isinstance(first, Finding)
    assert "slow by intent" in first.caveats[-1].text
