"""By which columns a statement narrows its tables down."""

from perfkit.measures.predicates import Predicates, by_table


def the_predicates(text: str, table: str = "orders") -> Predicates:
    return by_table(text)[table]


def test_equalities_come_apart_from_ranges() -> None:
    found = the_predicates("SELECT * FROM orders WHERE created > ? AND user_id = ? AND state IN (?, ?) AND total BETWEEN ? AND ?")

    assert found == Predicates("orders", equalities=("user_id", "state"), ranges=("created", "total"))


def test_each_table_of_a_join_has_its_own_columns() -> None:
    found = by_table("SELECT * FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.user_id = %s AND l.qty > 3")

    assert found["o"] == Predicates("orders", equalities=("user_id", "id"))
    assert found["l"] == Predicates("lines", equalities=("order_id",), ranges=("qty",))


def test_an_or_narrows_nothing() -> None:
    assert the_predicates("SELECT * FROM orders WHERE user_id = ? OR state = ?").equalities == ()


def test_the_other_side_of_an_and_still_narrows() -> None:
    assert the_predicates("SELECT * FROM orders WHERE (a = ? OR b = ?) AND (c = ? AND d > ?)") == Predicates(
        "orders", ("c",), ("d",)
    )


def test_an_order_counts_only_with_a_limit() -> None:
    assert the_predicates("SELECT * FROM orders WHERE a = ? ORDER BY created DESC LIMIT 10").ordered == ("created",)
    assert the_predicates("SELECT * FROM orders WHERE a = ? ORDER BY created").ordered == ()


def test_a_leading_wildcard_and_a_function_cannot_be_indexed() -> None:
    found = the_predicates("SELECT * FROM orders WHERE note LIKE '%late%' AND lower(name) = ?")

    assert (found.equalities, found.ranges) == ((), ())
    assert found.unindexable == (
        "the pattern may begin with a wildcard: note LIKE '%late%'",
        "a function stands around the column: LOWER(name)",
    )


def test_a_pattern_with_a_fixed_beginning_is_a_range() -> None:
    assert the_predicates("SELECT * FROM orders WHERE note LIKE 'late%'").ranges == ("note",)


def test_a_statement_that_cannot_be_parsed_has_none() -> None:
    assert by_table("SELEKT so what ((") == {}
