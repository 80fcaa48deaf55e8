"""Looking before the end."""

import polars as pl

from perfkit.compare.judge import judge
from perfkit.compare.looks import Looks
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.observed import Observed
from perfkit.compare.settings import Settings
from perfkit.stats.outcome import Outcome
from tests.compare.tables import Endpoint, some_pairs

PLANNED = 4


def until(restart: int, pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("restart") < restart)


def test_a_slowdown_far_beyond_the_margin_ends_a_comparison_at_half_time() -> None:
    pairs = some_pairs(Endpoint(change=0.2))
    looks = Looks(Settings(), PLANNED)

    stops = [looks(until(restart, pairs)) for restart in (1, 2)]

    assert stops[-1]
    assert looks.regressed
    assert ("GET /orders", SERVER_TIME.id) in looks.decided


def test_a_version_against_itself_is_looked_at_until_the_end() -> None:
    pairs = some_pairs()
    looks = Looks(Settings(), PLANNED)

    assert not any(looks(until(restart, pairs)) for restart in (1, 2, 3))
    assert looks.shares == [0.25, 0.5, 0.75]
    assert not looks.decided


def test_what_an_interrupt_left_is_judged_by_all_that_may_still_be_spent() -> None:
    pairs = some_pairs(Endpoint(change=0.2))
    looks = Looks(Settings(), PLANNED)
    assert looks(until(1, pairs)) is False

    cut = Observed(until(2, pairs), pairs_share=0.4, looks=tuple(looks.shares), interrupted=True)
    at_once = Observed(until(1, pairs), pairs_share=0.25, looks=tuple(looks.shares), interrupted=True)

    assert cut.look.shares == (0.25, 0.4)
    assert at_once.look.shares == (0.25,)
    assert cut.look.final
    assert at_once.look.final
    comparison = judge(cut, Settings())
    assert comparison.tests[0].outcome is Outcome.REGRESSED
    assert "alternation: it was interrupted with 40 % of its blocks measured" in comparison.missing


def test_too_few_blocks_are_not_looked_at() -> None:
    looks = Looks(Settings(), PLANNED)

    assert not looks(some_pairs(Endpoint(change=1.0), blocks=4))
    assert looks.shares == []


def test_the_end_is_no_look_of_its_own() -> None:
    looks = Looks(Settings(), PLANNED)

    assert not looks(some_pairs(Endpoint(change=1.0)))


def test_what_a_look_found_stands_at_the_end_and_nothing_else_is_called_equivalent_on_half_of_the_blocks() -> None:
    pairs = some_pairs(Endpoint(change=0.2), Endpoint("GET /products"))
    looks = Looks(Settings(), PLANNED)
    seen = until(2, pairs)
    assert looks(until(1, pairs)) or looks(seen)
    seen = until(round(looks.shares[-1] * PLANNED), pairs)

    comparison = judge(
        Observed(
            seen, looks=tuple(looks.shares), decided=frozenset(looks.decided), stopped_early=True, regressed_early=looks.regressed
        ),
        Settings(),
    )

    outcomes = {test.endpoint: test.outcome for test in comparison.tests if test.metric == SERVER_TIME}
    assert outcomes["GET /orders"] is Outcome.REGRESSED
    assert outcomes["GET /products"] is Outcome.INCONCLUSIVE
