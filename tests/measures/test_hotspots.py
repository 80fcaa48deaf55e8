"""Where the processor works, per endpoint and function."""

from typing import Any

import polars as pl
import pytest

from tests.builders import Row, a_request, a_stack, many, measures

VIEW = "view (/srv/shop/orders.py:12)"
DUMPS = "dumps (/usr/lib/python3.11/json/__init__.py:231)"


def the_row(function: str, stacks: list[Row], **fields: Any) -> dict[str, Any]:
    found = measures(many(10, cpu_time=0.010, **fields), stacks=stacks).hotspots
    return found.row(by_predicate=pl.col("function") == function, named=True)


def test_self_and_cumulative_time_are_shares_of_the_endpoint_s_cpu() -> None:
    stacks = [a_stack(VIEW, DUMPS, samples=30), a_stack(VIEW, samples=10), a_stack("other (x.py:1)", samples=60)]

    view, dumps = the_row("view", stacks), the_row("dumps", stacks)

    assert (view["self_share"], view["cumulative_share"]) == (0.1, 0.4)
    assert (view["self_time"], view["cumulative_time"]) == pytest.approx((0.001, 0.004))
    assert (dumps["self_samples"], dumps["samples"]) == (30, 100)
    assert view["low"] < 0.1 < view["high"]


def test_a_function_that_calls_itself_counts_once_in_a_stack() -> None:
    assert the_row("view", [a_stack(VIEW, VIEW, VIEW, samples=10)])["cumulative_share"] == 1.0


def test_lines_of_one_function_are_one_row_with_its_busiest_line() -> None:
    stacks = [a_stack("view (/srv/shop/orders.py:12)", samples=3), a_stack("view (/srv/shop/orders.py:15)", samples=7)]

    row = the_row("view", stacks)

    assert (row["line"], row["self_share"]) == (15, 1.0)


def test_own_code_is_told_from_the_libraries() -> None:
    stacks = [a_stack(VIEW, DUMPS)]

    assert the_row("view", stacks)["own"]
    assert not the_row("dumps", stacks)["own"]


def test_without_known_cpu_the_samples_themselves_are_the_time() -> None:
    requests = many(4, cpu_time=float("nan")) + many(5, phase="profile")

    found = measures(requests, stacks=[a_stack(VIEW, samples=50)]).hotspots

    assert found["self_time"].to_list() == pytest.approx([0.5 / 5])


def test_what_no_endpoint_owns_has_a_row_of_its_own() -> None:
    requests = [a_request(), *many(4, phase="profile")]

    found = measures(requests, stacks=[a_stack("serve (/x/site-packages/uvicorn/server.py:1)", endpoint="", samples=8)]).hotspots

    assert found["endpoint"].to_list() == [""]
    assert found["self_time"].to_list() == pytest.approx([0.08 / 4])


def test_text_that_is_no_frame_does_no_harm() -> None:
    assert the_row("[idle]", [a_stack("[idle]")])["file"] == ""


def test_an_empty_stack_does_no_harm() -> None:
    assert measures(many(2), stacks=[a_stack(), a_stack(VIEW)]).hotspots["function"].to_list() == ["view"]
