"""Counts of instructions: lowest of several rounds, compared when another round confirms it."""

import polars as pl

from perfkit.compare import pairs
from perfkit.compare.instructions import changes, typical
from perfkit.compare.pairs import COUNTERS


def a_table(base: tuple[int, ...], head: tuple[int, ...], places: int = 2) -> pl.DataFrame:
    rows = [
        {"side": side, "round": number, "place": place, "endpoint": "GET /orders", "instructions": count + place}
        for side, counts in (("base", base), ("head", head))
        for number, count in enumerate(counts, 1)
        for place in range(places)
    ]
    return pairs.frame(rows, COUNTERS)


def test_half_a_percent_more_is_told_although_the_servers_clockwork_met_some_rounds() -> None:
    table = a_table((1_000_000, 1_000_300, 1_020_000, 1_000_000), (1_025_000, 1_005_000, 1_005_100, 1_005_000))

    (change,) = changes(table, 0)

    assert (change.endpoint, change.counter, change.detail) == ("GET /orders", "instructions", "")
    assert round((change.growth or 0) * 1000) == 5


def test_what_a_server_does_unasked_in_every_request_of_one_version_is_no_change() -> None:
    ticking = (1_891_000, 1_887_000, 1_885_600, 1_886_800)

    assert changes(a_table(ticking, (1_867_000, 1_850_100, 1_849_800, 1_850_400)), 36_700) == ()
    (change,) = changes(a_table(ticking, tuple(count + 78_000 for count in ticking)), 36_700)
    assert change.counter == "instructions"


def test_what_warms_up_alike_in_both_versions_hides_nothing() -> None:
    table = a_table((2_030_000, 1_975_000, 2_071_000, 1_890_000), (2_150_000, 2_096_000, 2_193_000, 2_011_000))

    (change,) = changes(table, 0)

    assert 0.05 < (change.growth or 0) < 0.07


def test_fewer_instructions_are_told_as_well() -> None:
    (change,) = changes(a_table((1_000_000,) * 4, (900_000,) * 4), 0)

    assert (change.growth or 0) < -0.09


def test_what_another_hash_seed_may_do_is_no_change() -> None:
    assert changes(a_table((1_000_000,) * 4, (1_002_500,) * 4), 0) == ()


def test_a_round_that_stands_alone_says_nothing() -> None:
    assert changes(a_table((1_000_000, 1_000_000, 1_000_000, 990_000), (1_000_000,) * 4), 0) == ()
    assert changes(a_table((1_000_000,) * 2, (2_000_000,) * 2), 0) == ()


def test_where_only_some_requests_changed_their_number_is_told() -> None:
    more = a_table((1_000_000,) * 4, (1_100_000,) * 4, places=3)
    table = more.with_columns(
        instructions=pl.when((pl.col("place") == 0) & (pl.col("instructions") > 1_050_000))
        .then(1_000_000)
        .otherwise("instructions")
    )

    (change,) = changes(table, 0)

    assert change.detail == "in 2 of 3 requests counted"


def test_the_typical_request_is_told_of_both() -> None:
    assert typical(a_table((10, 12), (20, 30))) == {"GET /orders": (10.5, 20.5)}
