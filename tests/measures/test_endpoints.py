"""Every request belongs to one endpoint, and every endpoint has one name."""

import dataclasses

import polars as pl

from perfkit.evidence import Missing
from perfkit.measures.lazy import Measures
from tests.builders import a_blocker, a_request, a_response, a_stack, a_statement, evidence, many, measures


def test_the_route_template_of_the_traces_names_the_endpoint() -> None:
    found = measures(many(3, endpoint="GET /orders/{x}", sample={"endpoint": "GET /orders/{order}"}))

    assert found.endpoints["endpoint"].to_list() == ["GET /orders/{x}"]
    assert found.samples["endpoint"].unique().to_list() == ["GET /orders/{x}"]


def test_a_step_with_a_name_keeps_it() -> None:
    named = many(2, endpoint="GET /orders/{x}", sample={"endpoint": "list orders", "named": True})

    assert measures(named).endpoints["endpoint"].to_list() == ["list orders"]


def test_without_traces_the_generator_names_the_endpoint() -> None:
    found = measures(many(2, sample={"endpoint": "GET /orders/{order}"}), traces=Missing("attached"))

    assert found.endpoints["endpoint"].to_list() == ["GET /orders/{order}"]
    assert found.endpoints["server_time"].to_list() == [None]
    assert found.endpoints["coverage"].to_list() == [0.0]


def test_a_request_that_the_framework_could_not_route_does_not_rename_its_endpoint() -> None:
    step = {"endpoint": "GET /orders/{order}", "step": "browse[1]"}
    routed = many(2, endpoint="GET /orders/{x}", sample=step)
    unrouted = many(5, endpoint="GET ", route="", sample=step)

    assert measures(routed + unrouted).endpoints["endpoint"].to_list() == ["GET /orders/{x}"]


def test_two_steps_that_reach_one_route_are_one_endpoint() -> None:
    first = many(2, endpoint="GET /orders/{x}", sample={"endpoint": "GET /orders/1", "step": "browse[1]"})
    second = many(3, endpoint="GET /orders/{x}", sample={"endpoint": "GET /orders/{id}", "step": "browse[2]"})

    assert measures(first + second).endpoints["requests"].to_list() == [5]


def test_requests_of_no_id_join_no_trace() -> None:
    requests = [a_request(sample={"id": 0}), a_request(id=0)]

    found = measures(requests)

    assert found.traces.is_empty()
    assert found.endpoints["traced"].to_list() == [0]


def test_a_request_that_was_traced_twice_counts_once() -> None:
    given = evidence(many(2))
    assert isinstance(given.traces, pl.DataFrame)
    again = given.traces.head(1).with_columns(trace=pl.lit(99, pl.UInt64))

    found = Measures(dataclasses.replace(given, traces=given.traces.vstack(again)))

    assert found.traces.height == 2


def test_phases_are_kept_apart() -> None:
    found = measures([a_request(phase="warm-up"), *many(3), *many(2, phase="profile", statements=[a_statement()])])

    assert found.samples.height == 3
    assert found.all_samples.height == 6
    assert found.traces.height == 3
    assert found.profiled_traces.height == 2
    assert found.statements.is_empty()
    assert found.profiled_statements.height == 2


def test_every_name_of_an_endpoint_leads_to_its_final_one() -> None:
    found = measures(many(2, endpoint="GET /orders/{x}", sample={"endpoint": "GET /orders/{order}"}))

    assert found.final_names["GET /orders/{order}"] == "GET /orders/{x}"
    assert found.final_names["GET /orders/{x}"] == "GET /orders/{x}"


def test_profiles_blockers_and_responses_go_by_the_final_name() -> None:
    named = many(2, endpoint="GET /orders/{x}", sample={"endpoint": "list orders", "named": True})

    found = measures(
        named,
        stacks=[a_stack("view (shop/orders.py:1)", endpoint="GET /orders/{x}"), a_stack("serve (x.py:1)", endpoint="")],
        blockers=[a_blocker("view (shop/orders.py:1)", endpoint="GET /orders/{x}")],
        responses=[a_response("list orders")],
    )

    assert set(found.stacks_by_endpoint) == {"", "list orders"}
    assert found.blockers["endpoint"].to_list() == ["list orders"]
    assert found.responses["endpoint"].to_list() == ["list orders"]


def test_a_run_without_a_request_has_no_endpoints_and_breaks_nothing() -> None:
    found = measures([])

    assert found.endpoints.is_empty()
    assert found.breakdown.is_empty()
    assert found.statement_table.is_empty()
    assert found.hotspots.is_empty()
    assert found.total["requests"] == 0
    assert found.server_time_total == 0.0
    assert not found.leak
