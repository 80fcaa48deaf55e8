"""The gates that every finding passes: enough was seen, enough is at stake; else it is a hint, and says why."""

from collections.abc import Callable
from typing import Any

import pytest

from perfkit.analyze.gates import pass_through, untested
from perfkit.evidence import Missing
from perfkit.finding import Level
from perfkit.measures.lazy import Measures
from tests.analyze.rules import a_finding, a_rule
from tests.builders import Request, many, measures

UNTRACED = a_rule(needs=("responses",))


def orders(count: int = 100, **fields: object) -> list[Request]:
    """Requests of 20 ms."""
    return many(count, **fields)


def first(count: int) -> Callable[[int], bool]:
    return lambda number: number < count


def caveats(measures_: Measures, **fields: Any) -> tuple[Level, list[str]]:
    passed = pass_through(a_finding(**fields), measures_)
    return passed.level, [caveat.text for caveat in passed.caveats]


def test_half_a_request_at_stake_passes_with_its_share_of_the_run() -> None:
    passed = pass_through(a_finding(saving=0.010), measures(orders()))

    assert passed.level is Level.MEASURED
    assert passed.caveats == ()
    assert passed.share_of_server_time == pytest.approx(0.5)


def test_the_share_counts_the_requests_of_the_endpoint_only() -> None:
    both = orders(50) + many(50, endpoint="GET /slow", wall_time=0.18)

    assert pass_through(a_finding(saving=0.010), measures(both)).share_of_server_time == pytest.approx(0.05)


def test_two_requests_are_no_pattern_whatever_the_rule_looks_at() -> None:
    assert caveats(measures(orders(2)), rule=UNTRACED) == (
        Level.HINT,
        ["only 2 requests: too few to call it a pattern"],
    )


def test_nineteen_traces_are_a_hint_and_twenty_are_not() -> None:
    assert caveats(measures(orders(19))) == (
        Level.HINT,
        ["only 19 requests were seen from inside; 20 are needed to be sure"],
    )
    assert caveats(measures(orders(20))) == (Level.MEASURED, [])


def test_an_endpoint_that_is_mostly_unseen_is_a_hint() -> None:
    seen = orders(100, traced=first(79))

    assert caveats(measures(seen)) == (Level.HINT, ["only 79 % of the requests were seen from inside"])
    assert caveats(measures(orders(100, traced=first(80)))) == (Level.MEASURED, [])


def test_what_is_read_off_the_wire_needs_no_traces() -> None:
    unseen = measures(orders(5), traces=Missing("attached"))

    assert caveats(unseen, rule=UNTRACED, saving=None) == (Level.MEASURED, [])


def test_little_time_of_a_request_and_of_the_run_is_a_hint_with_both() -> None:
    mixed = orders(100) + many(100, endpoint="GET /slow", wall_time=2.0)

    assert caveats(measures(mixed), saving=0.004) == (
        Level.HINT,
        ["small: at least 4 ms a request and 0.2 % of all server time are at stake"],
    )


def test_little_time_of_a_request_counts_where_it_is_much_of_the_run() -> None:
    assert caveats(measures(orders()), saving=0.0003) == (Level.MEASURED, [])


def test_five_milliseconds_are_little_of_a_slow_request() -> None:
    mixed = many(20, endpoint="GET /slow", wall_time=1.0) + many(20, endpoint="GET /slower", wall_time=40.0)

    level, _ = caveats(measures(mixed), where="GET /slow", saving=0.006)

    assert level is Level.HINT


def test_the_sure_part_of_a_saving_is_what_counts() -> None:
    mixed = orders(100) + many(100, endpoint="GET /slow", wall_time=2.0)

    level, (why,) = caveats(measures(mixed), saving=0.010, saving_interval=(0.0, 0.020))

    assert level is Level.HINT
    assert why.startswith("small: at least 0 s a request")


def test_a_finding_that_claims_no_time_is_not_weighed() -> None:
    passed = pass_through(a_finding(saving=None), measures(orders()))

    assert passed.level is Level.MEASURED
    assert passed.share_of_server_time is None


def test_a_finding_about_no_endpoint_passes_as_it_is() -> None:
    finding = a_finding(where="the whole service", saving=None)

    assert pass_through(finding, measures(orders(1))) == finding


@pytest.mark.parametrize("level", [Level.HINT, Level.REFUTED])
def test_what_is_no_claim_is_not_demoted(level: Level) -> None:
    assert caveats(measures(orders(1)), level=level) == (level, [])


def test_the_reason_stands_behind_the_caveats_of_the_rule_itself() -> None:
    finding = pass_through(a_finding(), measures(orders(1)))
    again = pass_through(finding, measures(orders(1)))

    assert len(finding.caveats) == len(again.caveats) == 1


def test_a_saving_is_never_more_than_all_there_is() -> None:
    assert pass_through(a_finding(saving=9.0), measures(orders())).share_of_server_time == 1.0


def test_a_rule_that_could_look_at_no_endpoint_says_so() -> None:
    assert untested(("traces",), measures(orders(19)).endpoints) == (
        "no endpoint has 20 requests that were seen from inside: run for longer, or at a higher rate"
    )
    assert untested(("traces",), measures(orders(20)).endpoints) == ""
    assert untested(("responses",), measures(orders(1)).endpoints) == ""
