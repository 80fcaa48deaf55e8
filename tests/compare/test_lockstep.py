"""Chance in a comparison: who goes first, when the ratio has settled, how long a block is."""

from random import Random

from perfkit.compare import bursts
from perfkit.compare.lockstep import Coin
from perfkit.compare.warm_up import LONGEST, has_settled, limit_for


def test_both_orders_come_equally_often_for_each_endpoint() -> None:
    coin = Coin(Random(1))

    orders = {endpoint: [coin.head_first(endpoint) for _ in range(40)] for endpoint in ("GET /a", "GET /b")}

    assert {endpoint: sum(drawn) for endpoint, drawn in orders.items()} == {"GET /a": 20, "GET /b": 20}
    assert all(len(set(map(tuple, zip(*[iter(drawn)] * 4, strict=True)))) > 1 for drawn in orders.values())


def test_interleaved_endpoints_do_not_decide_each_others_order() -> None:
    coin = Coin(Random(2))

    drawn = [coin.head_first(endpoint) for _ in range(20) for endpoint in ("GET /a", "GET /b")]

    assert sum(drawn[::2]) == sum(drawn[1::2]) == 10


def test_a_ratio_that_still_falls_has_not_settled() -> None:
    assert not has_settled([0.5, 0.4, 0.3, 0.2, 0.1])
    assert not has_settled([0.0, 0.0, 0.0, 0.0])


def test_a_ratio_that_stays_has_settled_whatever_it_was_before() -> None:
    assert has_settled([0.9, 0.5, 0.05, 0.04, 0.06, 0.05, 0.05])


def test_blocks_that_scatter_more_than_they_rise_have_settled() -> None:
    assert has_settled([0.0, 0.3, -0.2, 0.35, 0.1])
    assert not has_settled([0.0, 0.11, 0.19, 0.31, 0.4])


def test_a_warm_up_is_bounded() -> None:
    assert limit_for(5.0) == 2.5
    assert limit_for(1.0) == 2.0
    assert limit_for(600.0) == LONGEST


def test_after_a_restart_it_is_shorter() -> None:
    assert limit_for(15.0, is_first=False) == 3.0
    assert limit_for(1.0, is_first=False) == 1.25
    assert limit_for(600.0, is_first=False) == LONGEST


def test_steps_of_a_flow_have_an_order() -> None:
    steps = ["browse[10]", "browse[2]>1", "browse[2]", "browse[1]"]

    assert sorted(steps, key=bursts.place) == ["browse[1]", "browse[2]", "browse[2]>1", "browse[10]"]
