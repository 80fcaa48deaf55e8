"""What is left of a statement: its shape, and nothing of anybody's data."""

import pytest

from perfkit.probe.masking import masked


@pytest.mark.parametrize(
    ("sql", "shape"),
    [
        ("SELECT * FROM t1 WHERE id = 12 AND name = 'it''s'", "SELECT * FROM t1 WHERE id = ? AND name = ?"),
        ('SELECT "col1", t.c2 FROM t WHERE x > 1.5e3', 'SELECT "col1", t.c2 FROM t WHERE x > ?'),
        ("SELECT a\n   FROM b -- for 77\n WHERE c=0x1F /* trace 9 */", "SELECT a FROM b WHERE c=?"),
        ("SELECT x::int FROM t WHERE y = $1 AND z = :name_1", "SELECT x::int FROM t WHERE y = $1 AND z = :name_1"),
        ("DO $body$ secret 1 $body$", "DO ?"),
    ],
)
def test_literals_become_placeholders_and_names_stay(sql: str, shape: str) -> None:
    assert masked(sql) == shape


@pytest.mark.parametrize("values", ["?", "?, ?, ?", "1, 2", "%s,%s", ":id_1_1, :id_1_2", "$1::int, $2::int"])
def test_a_list_is_one_shape_however_long_it_is(values: str) -> None:
    assert masked(f"SELECT * FROM t WHERE id IN ({values})") == "SELECT * FROM t WHERE id IN (?)"


def test_rows_of_one_insert_are_one_shape() -> None:
    assert masked("INSERT INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?)") == "INSERT INTO t (a, b) VALUES (?, ?)"


@pytest.mark.parametrize(
    "sql",
    ["SELECT 'C:\\' , 'secret'", "SELECT 'it\\'s secret', 1", "SELECT E'a\\'secret'", "SELECT 'cut off in a secret"],
)
def test_no_piece_of_a_text_survives_where_dialects_differ(sql: str) -> None:
    assert "secret" not in masked(sql)
