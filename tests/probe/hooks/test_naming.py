"""Which SQL texts count, and which can be explained."""

from collections.abc import Iterator

import pytest

from perfkit.probe.hooks.naming import DEBUGGING, HOUSEKEEPING, is_explainable, verb
from perfkit.probe.hooks.plans import indented, relations
from perfkit.probe.hooks.values import fold, hash_of, hash_of_sets


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "SELECT"),
        ("  /* who */ -- why\n (SELECT 1) UNION (SELECT 2)", "SELECT"),
        ("", ""),
        ("set local statement_timeout = 5", "SET"),
        ("123", ""),
    ],
)
def test_the_verb_is_the_first_word_that_is_no_comment(text: str, word: str) -> None:
    assert verb(text) == word


def test_an_empty_statement_is_housekeeping_as_a_pool_checks_with_it() -> None:
    assert verb("") in HOUSEKEEPING


def test_what_django_asks_sqlite_for_its_own_log_is_nobodys_statement() -> None:
    assert DEBUGGING.match("SELECT QUOTE(?), QUOTE(?)")
    assert not DEBUGGING.match("SELECT QUOTE(?) FROM notes")


@pytest.mark.parametrize(
    ("text", "explainable"),
    [
        ("SELECT 1", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", False),
        ("WITH a AS (SELECT 1) SELECT * FROM a FOR UPDATE", True),
        ("INSERT INTO t SELECT 1", False),
        ("EXPLAIN SELECT 1", False),
    ],
)
def test_only_what_reads_is_explained(text: str, explainable: bool) -> None:
    assert is_explainable(text) is explainable


def test_no_parameters_hash_to_nothing_and_unprintable_ones_do_not_raise() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

        def __hash__(self) -> int:
            raise RuntimeError

    assert hash_of(()) == hash_of(None) == 0
    assert hash_of((Broken(),)) == hash_of([Broken()]) == 0
    assert hash_of((1,)) != hash_of((2,)) != 0
    assert hash_of([1]) == hash_of([1]) != hash_of([2]) != 0


def test_an_equal_text_hashes_alike_however_it_came_to_be() -> None:
    made = "CUSTOMER".lower()

    assert hash_of((made,)) == hash_of(("customer",))


def test_an_iterator_of_parameters_is_left_alone() -> None:
    sets = iter([(1,), (2,)])

    assert hash_of_sets(sets) == 0
    assert list(sets) == [(1,), (2,)]


def test_rows_that_print_their_address_fold_by_their_values() -> None:
    class Row:
        def __iter__(self) -> Iterator[object]:
            return iter((1, "a"))

    assert fold(1, Row()) == fold(1, (1, "a"))


def test_lines_of_a_plan_stand_below_their_parents() -> None:
    rows = [(2, 0, 0, "COMPOUND"), (5, 2, 0, "SCAN orders"), (9, 0, 0, "SCAN lines")]

    assert indented(rows) == ["COMPOUND", "  SCAN orders", "SCAN lines"]


def test_tables_are_found_at_any_depth_of_a_plan() -> None:
    plan = [{"Plan": {"Node Type": "Hash Join", "Plans": [{"Relation Name": "orders"}, {"Plans": [{"Relation Name": "lines"}]}]}}]

    assert relations(plan) == ["lines", "orders"]
