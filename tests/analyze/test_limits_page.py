"""What the report says of limits: the bottleneck in words, and what could not be known."""

from perfkit.analyze.pages import limits
from perfkit.evidence import Missing
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.utilisation import Utilisation
from perfkit.page import Table
from tests.builders import a_gauge, measures

LOCK = Utilisation("lock", "shop.py:7", 0.97, "looks")
POOL = Utilisation("database pool", "orders", 0.92, "looks")
SLOTS = "worker slots (99 %): 95 % of the requests' time is spent at the lock"


def test_a_limit_that_was_reached_is_called_the_bottleneck_with_its_proof() -> None:
    assert limits.sentence(Bottlenecks((LOCK,), is_full=True)) == "The bottleneck is the lock of shop.py:7 (97 % in use)."


def test_two_are_both_told_and_what_is_full_of_them_is_explained() -> None:
    said = limits.sentence(Bottlenecks((LOCK, POOL), is_full=True, besides=(SLOTS,)))

    assert said == (
        "The bottleneck is the lock of shop.py:7 (97 % in use) and database pool of orders (92 % in use). "
        f"Not named, because they are full of something else: {SLOTS}."
    )


def test_below_the_limit_it_is_told_what_will_be_full_first() -> None:
    said = limits.sentence(Bottlenecks((POOL,), is_full=False))

    assert said == "No limit was reached; the first to be full is the database pool of orders (92 % in use)."


def test_a_generator_that_was_the_limit_leaves_nothing_to_say_of_the_target() -> None:
    said = limits.sentence(Bottlenecks((), is_full=True, is_generator=True))

    assert said == "The generator was the limit: of the target's own limits this run says nothing."


def test_a_run_far_from_its_limits_says_so() -> None:
    assert limits.sentence(Bottlenecks((), is_full=False)).startswith("No resource that can be seen was used by half")


def test_what_was_seen_and_what_was_not_stand_apart() -> None:
    gauges = [a_gauge(10.0 + i / 4, "pool", 1, 2, name="orders") for i in range(400)]

    section = limits.section(measures(gauges=gauges, processes=Missing("nobody looked")))

    seen, unseen = section.blocks
    assert isinstance(seen, Table)
    assert isinstance(unseen, Table)
    assert [row[:3] for row in seen.rows] == [("database pool", "orders", 0.5), ("generator", "", 0.2)]
    assert ("worker CPU", "", "nobody looked") in unseen.rows
