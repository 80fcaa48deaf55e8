"""Parts of the time, statements and findings of two versions."""

from perfkit.compare.why.explain import Effort, explain
from perfkit.compare.why.explanation import Explanation
from tests.builders import Request, Row, a_request, a_statement, many
from tests.compare.why.recordings import ENDPOINT, a_version

LINES = "SELECT * FROM lines WHERE order_id = ?"
PRICES = "SELECT price FROM prices WHERE id = ?"


def explained(base: list[Request], head: list[Request]) -> Explanation:
    return explain(a_version("base", base), a_version("head", head), (ENDPOINT,), Effort(50.0, 8))


def wobble(place: int) -> float:
    return 0.0002 * ((place * 7) % 11)


def test_a_slower_statement_is_all_of_the_change_and_the_parts_sum_up() -> None:
    base = many(100, wall_time=lambda i: 0.02 + wobble(i), cpu_time=0.008, statements=[a_statement(LINES, wall_time=0.004)])
    head = many(100, wall_time=lambda i: 0.031 + wobble(i), cpu_time=0.008, statements=[a_statement(LINES, wall_time=0.015)])

    found = explained(base, head).breakdowns[0]

    assert (found.parts[0].name, found.parts[0].significant, found.significant) == ("database", True, True)
    assert abs(found.total.change.value - 0.011) < 1e-6
    assert abs(found.parts[0].difference.change.value - 0.011) < 1e-6
    assert abs(found.residual) < 1e-9
    assert [part.name for part in found.parts if part.significant] == ["database"]


def test_a_version_against_itself_has_no_part_that_surely_changed() -> None:
    base = many(100, wall_time=lambda i: 0.02 + wobble(i))
    head = many(100, wall_time=lambda i: 0.02 + wobble(i + 5))

    found = explained(base, head)

    assert not found.breakdowns[0].significant
    assert not any(part.significant for part in found.breakdowns[0].parts)
    assert found.statements == ()
    assert found.findings == ()


def test_new_gone_and_more_frequent_statements_are_told_with_their_place() -> None:
    gone, kept = a_statement("SELECT 1"), a_statement(LINES)
    base = many(60, statements=[kept, gone])
    head = many(60, statements=[kept, kept, kept, a_statement(PRICES, "shop/prices.py:9 in price", wall_time=0.002)])

    found = {one.text: one for one in explained(base, head).statements}

    assert {text: one.state for text, one in found.items()} == {PRICES: "new", "SELECT 1": "gone", LINES: "changed"}
    assert found[PRICES].call_site == "shop/prices.py:9 in price"
    assert (found[LINES].count.base, found[LINES].count.head) == (1, 3)
    assert abs(found[PRICES].time.head - 0.002) < 1e-9


def test_a_statement_that_only_takes_longer_is_told_as_changed() -> None:
    base = many(60, statements=lambda i: [a_statement(LINES, wall_time=0.002 + wobble(i) / 10)])
    head = many(60, statements=lambda i: [a_statement(LINES, wall_time=0.005 + wobble(i) / 10)])

    (found,) = explained(base, head).statements

    assert (found.state, found.count.base, found.count.head) == ("changed", 1, 1)
    assert found.time.is_rise


def in_a_loop(wall_time: float) -> list[Row]:
    one_by_one = [
        a_statement(LINES, "shop/orders.py:41 in order_lines", parameters=i, rows=3, wall_time=wall_time) for i in range(20)
    ]
    return [a_statement("SELECT id FROM orders LIMIT ?", rows=20, wall_time=0.002), *one_by_one]


def of_rule(explanation: Explanation, rule: str = "n-plus-one-queries") -> list[str]:
    return [one.state for one in explanation.findings if one.shown.rule.id == rule]


def test_a_finding_that_only_head_has_is_new_and_the_other_way_round_gone() -> None:
    calm = many(60, wall_time=0.03, statements=[a_statement("SELECT id FROM orders LIMIT ?", rows=20, wall_time=0.002)])
    chatty = many(60, wall_time=0.03, statements=in_a_loop(0.0005))

    assert of_rule(explained(calm, chatty)) == ["new"]
    assert of_rule(explained(chatty, calm)) == ["gone"]


def test_a_finding_with_much_more_at_stake_is_changed_and_one_with_as_much_is_not() -> None:
    chatty = many(60, wall_time=0.03, statements=in_a_loop(0.0005))
    slow = many(60, wall_time=0.2, statements=in_a_loop(0.008))

    assert of_rule(explained(chatty, slow)) == ["changed"]
    assert of_rule(explained(chatty, chatty)) == []


def test_an_endpoint_without_a_trace_has_no_parts() -> None:
    blind = [a_request(traced=False) for _ in range(30)]

    found = explained(blind, blind)

    assert found.breakdowns == ()
    assert found.statements == ()
