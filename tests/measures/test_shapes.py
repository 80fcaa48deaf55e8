"""What the text of a statement says."""

import pytest

from perfkit.measures import shapes


@pytest.mark.parametrize(
    ("text", "verb", "tables"),
    [
        ("SELECT id FROM orders WHERE id = %s", "SELECT", ("orders",)),
        ("select o.id from orders o join lines as l on l.order_id = o.id", "SELECT", ("orders", "lines")),
        ("INSERT INTO carts (id) VALUES (%(id)s) RETURNING id", "INSERT", ("carts",)),
        ('UPDATE "orders" SET state = $1 WHERE id = $2', "UPDATE", ("orders",)),
        ("DELETE FROM `carts` WHERE id = %s", "DELETE", ("carts",)),
        (
            "WITH top AS (SELECT * FROM orders) SELECT * FROM top JOIN users ON users.id = top.user_id",
            "SELECT",
            ("orders", "users"),
        ),
        ("WITH gone AS (SELECT 1) DELETE FROM carts", "DELETE", ("carts",)),
        ("SELECT * FROM shop.orders WHERE id IN (SELECT order_id FROM lines)", "SELECT", ("orders", "lines")),
        ("PRAGMA table_info(orders)", "PRAGMA", ()),
        ("COMMIT", "COMMIT", ()),
        ("SELEKT so what ((", "SELEKT", ()),
        ("", "", ()),
    ],
)
def test_verb_and_tables(text: str, verb: str, tables: tuple[str, ...]) -> None:
    assert shapes.verb(text) == verb
    assert shapes.tables(text) == tables


def test_a_text_of_enormous_length_is_not_parsed() -> None:
    text = "INSERT INTO t VALUES " + ", ".join(["(?)"] * 10_000)

    assert shapes.verb(text) == "INSERT"
    assert shapes.tables(text) == ()
