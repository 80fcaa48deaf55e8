"""sqlite3's hook against the real driver: counts, rows, fetches, classes of the user's, undo."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from sqlite3 import dbapi2
from typing import Any

import pytest

from perfkit.probe.context import current
from perfkit.probe.hooks import sqlite3_
from perfkit.probe.records import CALL_FAILED, CALL_IN_TRANSACTION
from tests.probe.hooks.recording import Probe

SEVERAL = 6  # requests: after three the probe has seen enough call sites, and takes its quick way
HUNDRED = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i FROM n"


def shop(**options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(":memory:", **options)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)")
    connection.executemany("INSERT INTO orders (customer) VALUES (?)", [(f"c{number}",) for number in range(20)])
    return connection


@pytest.fixture
def hooked(probe: Probe) -> Probe:
    probe.hook(sqlite3_)
    return probe


def test_each_statement_is_recorded_once_with_its_rows(hooked: Probe) -> None:
    connection = shop()

    with hooked.request() as request:
        connection.execute("SELECT * FROM orders").fetchall()
        connection.execute("SELECT * FROM orders WHERE id = ?", (3,)).fetchone()
        connection.cursor().execute("UPDATE orders SET customer = 'x' WHERE id < 4")

    assert hooked.statements() == [
        ("SELECT * FROM orders", 20),
        ("SELECT * FROM orders WHERE id = ?", 1),
        ("UPDATE orders SET customer = ? WHERE id < ?", 3),
    ]
    assert request.statements == 3


class Own(sqlite3.Cursor):
    """A class of the user's takes the general way."""


FETCHES: tuple[Callable[[Any], object], ...] = (
    list,
    lambda cursor: cursor.fetchall(),
    lambda cursor: [cursor.fetchone() for _ in range(101)],
    lambda cursor: [cursor.fetchmany(7) for _ in range(15)],
    lambda cursor: [next(cursor) for _ in range(100)],
    lambda cursor: [row for _ in range(2) for row in cursor],
    lambda cursor: (cursor.fetchone(), cursor.fetchmany(size=9), list(cursor)),
)


@pytest.mark.parametrize("fetch", FETCHES)
@pytest.mark.parametrize("cursor_class", [sqlite3.Cursor, Own])
def test_every_way_of_fetching_counts_the_rows(
    hooked: Probe, fetch: Callable[[Any], object], cursor_class: type[sqlite3.Cursor]
) -> None:
    connection = sqlite3.connect(":memory:")

    for _ in range(SEVERAL):
        with hooked.request():
            fetch(connection.cursor(cursor_class).execute(HUNDRED))

    assert [rows for _, rows in hooked.statements()] == [100] * SEVERAL


def test_a_loop_over_many_rows_keeps_count_although_it_times_a_few(hooked: Probe) -> None:
    connection = sqlite3.connect(":memory:")

    with hooked.request():
        total = sum(i for (i,) in connection.execute(HUNDRED.replace("100", "5000")))

    (call,) = hooked.seen().statements()
    assert total == 12502500
    assert call["rows"] == 5000


def test_a_loop_that_is_left_can_be_gone_on_with(hooked: Probe) -> None:
    connection = sqlite3.connect(":memory:")

    with hooked.request():
        cursor = connection.execute(HUNDRED)
        for (i,) in cursor:
            if i == 7:
                break
        rest = cursor.fetchall()

    assert len(rest) == 93
    assert hooked.statements() == [(HUNDRED.replace("100", "?").replace("1", "?"), 100)]


def test_a_cursor_made_by_the_class_of_another_works(hooked: Probe) -> None:
    connection = shop()

    with hooked.request():
        cursor = type(connection.cursor())(connection)
        before = (cursor.fetchone(), cursor.fetchall(), cursor.fetchmany(), list(cursor))
        cursor.execute("SELECT * FROM orders").fetchall()

    assert before == (None, [], [], [])
    assert hooked.statements() == [("SELECT * FROM orders", 20)]


def test_a_class_derived_from_ours_counts_once(hooked: Probe) -> None:
    connection = shop()

    class Derived(type(connection.cursor())):  # type: ignore[misc]
        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            return super().execute(sql, parameters)

    with hooked.request():
        connection.cursor(Derived).execute("SELECT * FROM orders").fetchall()

    assert hooked.statements() == [("SELECT * FROM orders", 20)]


def test_settled_statements_are_recorded_as_the_first_ones_were(hooked: Probe) -> None:
    connection = shop(isolation_level=None)

    for _ in range(SEVERAL):
        with hooked.request():
            connection.execute("BEGIN")
            connection.execute("SELECT * FROM orders WHERE id = ?", (3,)).fetchall()
            connection.execute("ROLLBACK")
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("INSERT INTO orders (id) VALUES (1)")

    calls = [(row["name"], row["rows"], row["flags"], row["parameters"]) for row in hooked.seen().statements()]
    assert len(calls) == 2 * SEVERAL
    assert len(set(calls)) == 2
    assert {flags for _, _, flags, _ in calls} == {CALL_IN_TRANSACTION, CALL_FAILED}


def test_what_comes_after_the_end_of_its_request_is_dropped(hooked: Probe) -> None:
    connection = shop()
    for _ in range(SEVERAL):
        with hooked.request() as request:
            connection.execute("SELECT * FROM orders").fetchall()
    token = current.set(request)

    connection.execute("SELECT * FROM orders").fetchall()

    current.reset(token)
    assert len(hooked.statements()) == SEVERAL
    assert len(request.calls) == 1


def test_the_time_of_a_lazy_scan_is_in_its_fetches(hooked: Probe) -> None:
    connection = sqlite3.connect(":memory:")
    fetching: list[int] = []

    for _ in range(SEVERAL):
        with hooked.request():
            cursor = connection.execute(HUNDRED.replace("100", "20000"))
            before = hooked.recorder.clock()
            cursor.fetchall()
            fetching.append(hooked.recorder.clock() - before)

    calls = hooked.seen().statements()
    # Of several: between two readings of the clock the machine may do something else.
    assert max(call["wall"] / taken for call, taken in zip(calls, fetching, strict=True)) >= 0.9


def test_a_statement_left_unread_is_written_when_its_request_ends(hooked: Probe) -> None:
    connection = shop()

    with hooked.request():
        cursor = connection.execute("SELECT * FROM orders")
        cursor.fetchone()

    assert hooked.statements() == [("SELECT * FROM orders", 1)]


def test_a_cursor_used_again_ends_the_statement_before(hooked: Probe) -> None:
    cursor = shop().cursor()

    for _ in range(SEVERAL):
        with hooked.request() as request:
            cursor.execute("SELECT id FROM orders").fetchmany(5)
            cursor.execute("SELECT customer FROM orders")
            cursor.execute("DELETE FROM orders WHERE id > 1000")
            assert cursor.fetchone() is None

        assert request.statements == 3

    once = [("SELECT id FROM orders", 5), ("SELECT customer FROM orders", 0), ("DELETE FROM orders WHERE id > ?", 0)]
    assert hooked.statements() == once * SEVERAL


def test_transactions_pragmas_and_connects_are_housekeeping(hooked: Probe) -> None:
    with hooked.request():
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(" begin")
        connection.execute("SAVEPOINT a")
        connection.execute("-- why\nRELEASE a")
        connection.execute("COMMIT")

    assert hooked.statements() == []
    (connect,) = hooked.calls("connect")
    assert connect["name"] == "sqlite3 :memory:"
    assert connect["wall"] > 0


def test_only_the_name_of_the_file_is_kept(hooked: Probe, tmp_path: Path) -> None:
    with hooked.request():
        sqlite3.connect(tmp_path / "shop.db").close()
        sqlite3.connect(f"file:{tmp_path}/shop.db?mode=ro", uri=True).close()

    assert [call["name"] for call in hooked.calls("connect")] == ["sqlite3 shop.db", "sqlite3 shop.db"]


def test_a_failing_statement_is_marked_and_its_error_untouched(hooked: Probe) -> None:
    connection = shop()

    with hooked.request(), pytest.raises(sqlite3.OperationalError, match="no such table"):
        connection.execute("SELECT * FROM absent")

    (call,) = hooked.seen().statements()
    assert call["flags"] & CALL_FAILED


def test_a_statement_inside_a_transaction_says_so(hooked: Probe) -> None:
    connection = shop(isolation_level=None)

    with hooked.request():
        connection.execute("SELECT 1").fetchall()
        connection.execute("BEGIN")
        connection.execute("DELETE FROM orders WHERE id = 1")

    assert [call["flags"] & CALL_IN_TRANSACTION for call in hooked.seen().statements()] == [0, CALL_IN_TRANSACTION]


def test_equal_parameters_have_equal_hashes(hooked: Probe) -> None:
    connection = shop()

    with hooked.request():
        for number in (1, 2, 1):
            connection.execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchall()
        connection.execute("SELECT 1").fetchall()

    first, second, third, without = (call["parameters"] for call in hooked.seen().statements())
    assert first == third != second
    assert without == 0


def test_the_call_site_is_the_line_that_asked(hooked: Probe) -> None:
    connection = shop()

    with hooked.request():
        connection.execute("SELECT 1").fetchall()

    (call,) = hooked.seen().statements()
    assert call["site"].endswith("in test_the_call_site_is_the_line_that_asked")


class Loud(sqlite3.Connection):
    asked = 0

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self.asked += 1
        return super().execute(*arguments)


class Mapping(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> "Mapping":
        sqlite3.Cursor.execute(self, sql.replace("%s", "?"), parameters)  # past any super()
        return self


def test_classes_of_the_users_stay_what_they_are(hooked: Probe) -> None:
    connection = sqlite3.connect(":memory:", factory=Loud)
    plain = sqlite3.connect(":memory:")

    with hooked.request():
        connection.execute("SELECT 1").fetchall()
        connection.cursor(Mapping).execute("SELECT %s", (2,)).fetchall()

    assert isinstance(connection, Loud)
    assert connection.asked == 1
    assert type(connection).__name__ == "Loud"
    assert isinstance(plain, sqlite3.Connection)
    assert isinstance(plain.execute("SELECT 1"), sqlite3.Cursor)
    assert [text for text, _ in hooked.statements()] == ["SELECT ?", "SELECT %s"]


def test_positional_factory_row_factory_context_manager_and_backup_still_work(hooked: Probe) -> None:
    copy = sqlite3.connect(":memory:")
    connection = sqlite3.connect(":memory:", 5.0, 0, None, True, Loud)
    connection.row_factory = sqlite3.Row

    with hooked.request(), connection:
        connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (7);")
        connection.backup(copy)
        row = connection.execute("SELECT a FROM t").fetchone()

    assert isinstance(connection, Loud)
    assert row["a"] == 7
    assert copy.execute("SELECT a FROM t").fetchall() == [(7,)]
    assert len(hooked.statements()) == 2


def test_a_cursor_that_executes_row_by_row_counts_once(hooked: Probe) -> None:
    class RowByRow(sqlite3.Cursor):
        def executemany(self, sql: str, parameters: Any, /) -> "RowByRow":
            for each in parameters:
                self.execute(sql, each)
            return self

    connection = shop()

    with hooked.request():
        connection.cursor(RowByRow).executemany("INSERT INTO orders (customer) VALUES (?)", [("a",), ("b",)])

    assert len(hooked.statements()) == 1


def test_parameters_from_an_iterator_all_reach_the_database(hooked: Probe) -> None:
    connection = shop()

    with hooked.request():
        connection.executemany("INSERT INTO orders (customer) VALUES (?)", (("x",) for _ in range(3)))

    assert hooked.statements() == [("INSERT INTO orders (customer) VALUES (?)", 3)]


def test_outside_a_request_nothing_is_counted_before_the_process_serves(hooked: Probe) -> None:
    connection = shop()

    connection.execute("SELECT * FROM orders").fetchall()

    assert hooked.statements() == []


def test_in_profile_mode_rows_get_a_checksum_and_statements_their_cpu_time(profiling: Probe) -> None:
    profiling.hook(sqlite3_)
    connection = shop()
    connection.row_factory = sqlite3.Row

    with profiling.request():
        list(connection.execute("SELECT * FROM orders WHERE id < 9"))
        connection.execute("SELECT * FROM orders WHERE id < 9").fetchall()
        connection.execute("SELECT * FROM orders WHERE id < 8").fetchall()
        connection.execute("SELECT * FROM orders WHERE id < 0").fetchall()

    calls = profiling.seen().statements()
    looped, fetched, shorter, empty = (call["result"] for call in calls)
    assert looped == fetched != shorter
    assert 0 not in (looped, shorter, empty)
    assert all(call["cpu"] > 0 for call in calls)


def test_a_scan_is_explained_once_with_the_size_of_its_table(profiling: Probe) -> None:
    profiling.hook(sqlite3_)
    connection = shop()

    with profiling.request() as request:
        for number in range(5):
            connection.execute("SELECT * FROM orders AS o WHERE o.customer = ?", (f"c{number}",)).fetchall()
        connection.execute("DELETE FROM orders")

    (plan,) = profiling.plans()
    assert plan["engine"] == "sqlite"
    assert plan["plan"] == ["SCAN o"]
    assert plan["tables"] == {"orders": 20}
    assert request.statements == 6


def test_a_plan_is_asked_for_again_after_fifty_executions(profiling: Probe) -> None:
    profiling.hook(sqlite3_)
    connection = shop()

    with profiling.request():
        for number in range(120):
            connection.execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchall()

    assert len(profiling.plans()) == 2


def test_a_plan_sees_through_a_users_cursor_and_a_table_without_rowid(profiling: Probe) -> None:
    profiling.hook(sqlite3_)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE codes (code TEXT PRIMARY KEY, n INT) WITHOUT ROWID")
    connection.execute("INSERT INTO codes VALUES ('a', 1), ('b', 2)")

    with profiling.request():
        connection.cursor(Mapping).execute("SELECT * FROM codes WHERE n = %s", (1,)).fetchall()

    (plan,) = profiling.plans()
    assert plan["tables"] == {"codes": 2}


def test_undo_puts_the_driver_back(probe: Probe) -> None:
    before = (sqlite3.connect, dbapi2.connect)
    undo = sqlite3_.install(probe.recorder)

    undo()

    assert (sqlite3.connect, dbapi2.connect) == before
    assert type(sqlite3.connect(":memory:")) is sqlite3.Connection
