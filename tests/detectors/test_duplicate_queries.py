"""The same question twice: what is one, what is not, and what it says."""

from typing import Any

import pytest

from perfkit.detectors.duplicate_queries import detect
from perfkit.finding import Finding
from tests.builders import Row, a_request, a_statement, many, measures, profiled

TEXT = "SELECT id, rate FROM taxes WHERE country = ?"


def asked(times: int, **fields: Any) -> list[Row]:
    return [a_statement(TEXT, call_site="shop/tax.py:9 in rate", wall_time=0.004) | fields for _ in range(times)]


def the_finding(statements: list[Row]) -> Finding:
    (finding,) = detect(measures(many(30, statements=statements)))
    return finding


def test_a_question_asked_three_times_is_found_and_the_repeats_are_its_cost() -> None:
    finding = the_finding(asked(3))

    assert finding.message == (
        "GET /orders: the same SELECT runs 3 times per request with the same parameters, again from shop/tax.py:9 in rate; "
        "the repeats cost 8 ms"
    )
    assert finding.saving == pytest.approx(0.008)


def test_the_same_statement_with_other_parameters_is_another_question() -> None:
    assert list(detect(measures(many(30, statements=[*asked(1), *asked(1, parameters=2)])))) == []


def test_asked_again_after_a_write_to_its_table_is_not_a_duplicate() -> None:
    write = a_statement("UPDATE taxes SET rate = ? WHERE country = ?", parameters=9)

    assert list(detect(measures(many(30, statements=[*asked(1), write, *asked(1)])))) == []


def test_a_write_to_another_table_does_not_excuse_it() -> None:
    write = a_statement("UPDATE orders SET total = ? WHERE id = ?", parameters=9)

    assert "2 times per request" in the_finding([*asked(1), write, *asked(1)]).message


def test_a_duplicate_in_a_few_requests_is_not_a_pattern() -> None:
    requests = [a_request(statements=asked(2 if i % 3 == 0 else 1)) for i in range(30)]

    assert list(detect(measures(requests))) == []


def test_answers_that_differ_are_not_duplicates() -> None:
    requests = many(30, statements=asked(2))
    compared = profiled(many(10, statements=[*asked(1, result=1), *asked(1, result=2)]))

    assert list(detect(measures([*requests, *compared]))) == []


def test_answers_that_were_compared_need_no_caveat() -> None:
    requests = many(30, statements=asked(2))
    compared = profiled(many(10, statements=asked(2, result=5)))

    (finding,) = detect(measures([*requests, *compared]))

    assert finding.caveats == ()


def test_a_cheap_session_lookup_is_the_frameworks_business() -> None:
    lookup = [a_statement("SELECT data FROM django_session WHERE session_key = ?", wall_time=0.0003) for _ in range(2)]

    assert list(detect(measures(many(30, statements=lookup)))) == []


def test_a_loop_with_many_parameters_is_left_to_the_other_rule() -> None:
    loop = [row for i in range(6) for row in asked(2, parameters=i + 1)]

    assert list(detect(measures(many(30, statements=loop)))) == []


def test_requests_whose_stack_was_not_walked_count_as_much_as_the_others() -> None:
    two_lines = [*asked(1), *asked(1, call_site="shop/cart.py:20 in total")]
    unwalked = asked(2, call_site="")

    (finding,) = detect(measures([a_request(statements=unwalked if i % 16 else two_lines) for i in range(64)]))

    assert finding.saving == pytest.approx(0.004)
    assert finding.call_site == "shop/cart.py:20 in total"


def test_a_lock_is_taken_on_purpose() -> None:
    locks = [a_statement("SELECT id FROM stock WHERE sku = ? FOR UPDATE", wall_time=0.004) for _ in range(2)]

    assert list(detect(measures(many(30, statements=locks)))) == []


def test_values_inside_the_text_may_differ_so_nothing_is_said() -> None:
    assert list(detect(measures(many(30, statements=asked(3, parameters=0))))) == []


def test_a_statement_without_any_value_is_the_same_question_each_time() -> None:
    settings = [a_statement("SELECT name, value::text FROM settings", parameters=0, wall_time=0.004) for _ in range(2)]

    assert "2 times per request" in the_finding(settings).message
