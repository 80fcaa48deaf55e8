"""findings.json: its keys are a promise to machines."""

import json
import math
from typing import Any

import polars as pl
import pytest

from perfkit.analyze import contract
from perfkit.analyze.judge import judge
from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Skipped
from perfkit.scenario.model import Slo
from tests.analyze.rules import a_finding, a_rule, raising, saying
from tests.builders import a_gauge, a_run, a_statement, many, measures

# The contract of format 1, key by key (architecture: the run directory). Keys may be added, never renamed.
TOP = {"format", "run", "validity", "slo", "endpoints", "findings", "clean", "skipped", "failed", "observer"}
RUN = {"id", "scenario", "commit", "dirty", "started_at"}
OBJECTIVE = {"endpoint", "objective", "measured", "interval", "state"}
ENDPOINT = {
    "endpoint", "requests", "errors", "offered_rate", "achieved_rate",
    "response_time", "service_time", "server_time", "statements", "bytes", "breakdown",
}  # fmt: skip
QUANTILES = {"p50", "p90", "p95", "p99", "max"}
BREAKDOWN = {"cpu", "database", "pool_wait", "connect", "outbound", "lock", "queue", "other"}
FINDING = {
    "fingerprint", "rule", "family", "level", "endpoint", "call_site", "message", "fix",
    "saving", "saving_interval", "share_of_server_time", "exhibits", "caveats",
}  # fmt: skip


def content(**tables: Any) -> dict[str, Any]:
    """A run with two endpoints in which every heap has something."""
    requests = many(100, statements=lambda i: [a_statement(parameters=i)]) + many(100, endpoint="GET /cheap", wall_time=0.002)
    evidence = measures(requests, **tables)
    slo = Slo.model_validate({"all": ["errors < 1%"], "GET /orders": ["p95 < 1ms"], "GET /gone": ["p50 < 1s"]})
    rows = pl.DataFrame({"at": [1.5, math.nan], "stack": [["a", "b"], []], "text": ["SELECT 1", None]})
    found = a_finding(
        saving_interval=(0.008, math.inf),
        call_site="shop/orders.py:41 in order_lines",
        exhibits=(Exhibit("the rows", rows),),
        caveats=(Caveat("a doubt"),),
    )
    quiet, blind, broken = a_rule("quiet"), a_rule("blind"), a_rule("broken")
    detectors = (
        saying(found),
        saying(rule=quiet),
        saying(Skipped(blind, "no plan"), rule=blind),
        raising(KeyError("x"), rule=broken),
    )
    written = contract.written(judge(evidence, slo, detectors), evidence.run, evidence.limits)
    read: dict[str, Any] = json.loads(written, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return read


def test_every_key_of_the_contract_is_there() -> None:
    said = content()

    assert said["format"] == 1
    assert said.keys() >= TOP
    assert said["run"].keys() >= RUN
    assert said["validity"].keys() >= {"state", "reasons"}
    assert said["slo"].keys() >= {"state", "objectives"}
    assert all(objective.keys() >= OBJECTIVE for objective in said["slo"]["objectives"])
    assert all(endpoint.keys() >= ENDPOINT for endpoint in said["endpoints"])
    for time in ("response_time", "service_time", "server_time"):
        assert all(endpoint[time].keys() == QUANTILES for endpoint in said["endpoints"])
    assert all(endpoint["breakdown"].keys() >= BREAKDOWN for endpoint in said["endpoints"])
    assert all(finding.keys() >= FINDING for finding in said["findings"])


def test_what_is_limited_is_told_with_its_share_or_why_there_is_none() -> None:
    gauges = [a_gauge(10.0 + i / 4, "lock", 0.97, name="shop.py:7") for i in range(400)]

    limits = content(gauges=gauges, processes=Missing("nobody looked"))["limits"]

    assert (limits["bottlenecks"], limits["reached"]) == ([{"resource": "lock", "where": "shop.py:7"}], True)
    used = {one["resource"]: one for one in limits["utilisation"]}
    assert used["lock"]["share"] == pytest.approx(0.97)
    assert (used["worker CPU"]["share"], used["worker CPU"]["basis"]) == (None, "nobody looked")


def test_the_four_outcomes_stand_apart() -> None:
    said = content()

    assert [finding["rule"] for finding in said["findings"]] == ["slow-thing"]
    assert said["clean"] == ["quiet"]
    assert said["skipped"] == [{"rule": "blind", "why": "no plan"}]
    assert said["failed"] == [{"rule": "broken", "why": "KeyError: 'x'"}]


def test_a_finding_is_written_whole() -> None:
    (finding,) = content()["findings"]

    exhibits = finding.pop("exhibits")
    assert finding == {
        "fingerprint": a_finding(call_site="shop/orders.py:99 in order_lines").fingerprint,
        "rule": "slow-thing",
        "title": "A thing is slow",
        "family": "queries",
        "level": "measured",
        "endpoint": "GET /orders",
        "call_site": "shop/orders.py:41 in order_lines",
        "statement": "",
        "message": "GET /orders: it is slow",
        "fix": "Make it fast.",
        "saving": 0.01,
        "saving_interval": [0.008, None],
        "share_of_server_time": pytest.approx(1 / 2.2),
        "caveats": ["a doubt"],
    }
    assert exhibits == [
        {
            "title": "the rows",
            "rows": [
                {"at": 1.5, "stack": ["a", "b"], "text": "SELECT 1"},
                {"at": None, "stack": [], "text": None},
            ],
        }
    ]


def test_objectives_that_could_not_be_measured_are_null_and_say_why() -> None:
    outcomes = {outcome["endpoint"]: outcome for outcome in content()["slo"]["objectives"]}

    assert outcomes["GET /orders"]["state"] == "missed"
    assert outcomes["GET /orders"]["measured"] == pytest.approx(0.022)
    assert outcomes["GET /gone"]["measured"] is None
    assert outcomes["GET /gone"]["interval"] is None
    assert "GET /gone" in outcomes["GET /gone"]["why"]


def test_endpoints_have_no_total_among_them() -> None:
    said = content()

    assert [endpoint["endpoint"] for endpoint in said["endpoints"]] == ["GET /orders", "GET /cheap"]
    assert said["total"]["requests"] == 200 == sum(endpoint["requests"] for endpoint in said["endpoints"])


def test_from_outside_what_is_inside_is_null_not_zero() -> None:
    said = content(traces=Missing("attached"))

    (orders, _) = sorted(said["endpoints"], key=lambda endpoint: endpoint["endpoint"], reverse=True)
    assert orders["breakdown"] is None
    assert orders["statements"] is None
    assert set(orders["server_time"].values()) == {None}
    assert orders["response_time"]["p50"] == pytest.approx(0.022)


def test_times_of_an_endpoint_that_only_failed_are_null() -> None:
    requests = many(30, status=500)
    evidence = measures(requests)

    (endpoint,) = contract.content(judge(evidence, Slo(), ()), a_run(), evidence.limits)["endpoints"]

    assert endpoint["errors"] == 30
    assert set(endpoint["response_time"].values()) == {None}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (0, 0),
        (True, True),
        ("NaN", "NaN"),
        (None, None),
        ([1.0, math.nan], [1.0, None]),
        (pl.Series([1, 2]), [1, 2]),
        (b"\xff", "b'\\xff'"),
    ],
)
def test_what_json_cannot_say_is_null_or_text(value: object, written: object) -> None:
    assert contract.number(value) == written


def test_a_long_exhibit_is_cut() -> None:
    assert len(contract.rows(pl.DataFrame({"n": list(range(1000))}))) == contract.EXHIBIT_ROWS
