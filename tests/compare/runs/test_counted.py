"""What is counted exactly although no two requests of two runs are the same."""

from perfkit.compare.change import Change
from perfkit.compare.runs import counted
from perfkit.compare.runs.counted import FEWEST_REQUESTS
from tests import builders
from tests.compare.runs.runs import QUERY, a_record, requests


def test_a_statement_more_in_every_request_is_told_with_its_text() -> None:
    change, rows = counted.changes(a_record(), a_record(requests(statements=3)))

    assert rows.counter == "rows"
    assert (change.endpoint, change.counter, change.base, change.head) == ("GET /orders", "statements", 1, 3)
    assert change.detail == f"1 → 3 times: {QUERY} at shop/orders.py:41 in order_lines"


def test_a_run_against_another_of_the_same_version_counts_the_same() -> None:
    assert counted.changes(a_record(), a_record(requests(seed=2))) == ()


def test_a_number_that_differs_within_a_run_is_not_compared() -> None:
    drawn = builders.many(200, statements=lambda i: [builders.a_statement()] * (1 + i % 2), sample=lambda i: {"bytes": 100 + i})
    more = builders.many(200, statements=lambda i: [builders.a_statement()] * (3 + i % 2), sample=lambda i: {"bytes": 900 + i})

    assert counted.changes(a_record(drawn), a_record(more)) == ()


def test_so_few_requests_are_chance() -> None:
    few = [requests(statements=count, count=FEWEST_REQUESTS - 1) for count in (1, 2)]
    enough = [requests(statements=count, count=FEWEST_REQUESTS) for count in (1, 2)]

    assert counted.changes(*map(a_record, few)) == ()
    assert [one.counter for one in counted.changes(*map(a_record, enough))] == ["statements", "rows"]


def test_bytes_that_are_constant_are_compared() -> None:
    other = requests(sample={"bytes": 1536})

    assert counted.changes(a_record(), a_record(other)) == (Change("GET /orders", "bytes", 1024, 1536),)


def test_an_answer_with_another_status_is_another_answer() -> None:
    broken = requests(status=500)

    assert Change("GET /orders", "status", 200, 500) in counted.changes(a_record(), a_record(broken))


def test_a_few_failures_hide_nothing_of_what_succeeds() -> None:
    mixed = [*requests(statements=2), *requests(statements=0, count=5, status=500)]

    change, _ = counted.changes(a_record(), a_record(mixed))

    assert (change.counter, change.base, change.head) == ("statements", 1, 2)


def test_one_step_of_two_is_told_as_such() -> None:
    base = [*requests(sample={"step": "browse[0]"}), *requests(sample={"step": "buy[0]"})]
    head = [*requests(sample={"step": "browse[0]"}), *requests(statements=2, sample={"step": "buy[0]"})]

    change, _ = counted.changes(a_record(base), a_record(head))

    assert change.detail.endswith("in 1 of 2 steps")


def test_an_endpoint_that_only_one_run_met_is_named() -> None:
    both = [*requests(), *requests(endpoint="GET /products")]

    assert counted.changes(a_record(both), a_record()) == (
        Change("GET /products", "exists", "yes", "no", "only the base has this endpoint"),
    )
    (new,) = counted.changes(a_record(), a_record(both))
    assert (new.base, new.head) == ("no", "yes")
