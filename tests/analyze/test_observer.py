"""What observing cost, and nothing where it could not be measured."""

import pytest

from perfkit.analyze.observer import cost
from perfkit.evidence import Missing
from tests.builders import Request, a_host, a_statement, many, measures, profiled


def requests(count: int = 1000) -> list[Request]:
    """Ten a second in the measure phase of 100 s, and as many in the 40 s of the profile phase."""
    measured = many(count, statements=[a_statement()])
    return measured + profiled(measured)


def test_cpu_per_request_is_set_against_that_of_the_profile_phase() -> None:
    host = [a_host(float(at), target_cpu=at * 0.1 + max(0, at - 110) * 0.4) for at in range(151)]

    figures = cost(measures(requests(), host=host))

    assert figures["cpu_per_request"] == pytest.approx(0.010, rel=0.02)
    assert figures["profile_cpu_ratio"] == pytest.approx(2.0, rel=0.05)


def test_a_target_that_perfkit_did_not_start_has_no_known_cpu() -> None:
    assert cost(measures(requests(), host=[a_host(float(at), target_cpu=None) for at in range(151)])) == {}


def test_without_a_look_at_the_machine_nothing_is_claimed() -> None:
    assert cost(measures(requests(), host=Missing("the machine was not sampled"))) == {}


def test_a_few_requests_tell_no_cost() -> None:
    host = [a_host(float(at), target_cpu=at * 0.1) for at in range(151)]

    assert "cpu_per_request" not in cost(measures(requests(5), host=host))
