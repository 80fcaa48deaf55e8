"""What people use today, as they use it: one threshold or one test per endpoint."""

import numpy as np
import pytest

from bench.compare import plain
from bench.compare.plain import K6, MANN_WHITNEY, MEDIANS
from bench.compare.registered import Item

TIMES = np.random.default_rng(1).lognormal(-6, 0.3, 400)


@pytest.mark.parametrize(
    ("factor", "flagged"),
    [
        (1.0, set[str]()),
        (0.8, set[str]()),
        (1.04, set[str]()),
        (1.08, {MEDIANS, MANN_WHITNEY}),
        (1.2, {MEDIANS, MANN_WHITNEY, K6}),
    ],
)
def test_each_method_flags_what_is_slower_than_it_allows(factor: float, flagged: set[str]) -> None:
    found = plain.of_endpoint("order", TIMES, TIMES * factor)

    assert {method for method in plain.METHODS if plain.flags(method, found)} == flagged


def test_of_every_kind_the_first_run_has_plain_ones_beside_it_and_each_so_many_later() -> None:
    items = [Item(number, number, "shop" if number % 2 else "async", "all") for number in range(1, 13)]

    assert plain.some_of(items, 3) == [1, 2, 7, 8]
