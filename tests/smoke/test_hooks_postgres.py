"""The hooks of psycopg 3, psycopg2, their pools, SQLAlchemy and Django against a real PostgreSQL."""

import asyncio
import importlib
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg_pool
import pytest
import sqlalchemy as sa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import create_async_engine

from perfkit.probe.hooks import django_, psycopg2_, psycopg_, psycopg_pool_, sqlalchemy_
from perfkit.probe.records import CALL_FAILED, CALL_IN_TRANSACTION
from tests.probe.hooks.recording import Probe

psycopg2: Any = importlib.import_module("psycopg2")  # without types
extras: Any = importlib.import_module("psycopg2.extras")

pytestmark = pytest.mark.postgres
BY_ID = "SELECT * FROM orders WHERE id = %s"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about a run-time folder that it does not use
        pgserver = pytest.importorskip("pgserver")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        postgres = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        uri: str = postgres.get_uri()
        with psycopg.connect(uri) as connection:
            connection.execute("CREATE TABLE orders (id serial PRIMARY KEY, customer text)")
            connection.execute("INSERT INTO orders (customer) SELECT 'c' || i FROM generate_series(1, 500) AS i")
            connection.execute('CREATE TABLE "Odd ""name""" (a int)')
            connection.commit()
            connection.autocommit = True
            connection.execute("ANALYZE orders")
        yield uri
        postgres.cleanup()


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    (tmp_path / "measuring").mkdir()
    probe = Probe(tmp_path / "measuring")
    yield probe
    probe.stop()


@pytest.fixture
def profiling(tmp_path: Path) -> Iterator[Probe]:
    (tmp_path / "profiling").mkdir()
    probe = Probe(tmp_path / "profiling", mode=1)
    yield probe
    probe.stop()


# -- psycopg 3 -----------------------------------------------------------------------------------------------------------


FETCHES: tuple[Callable[[Any], object], ...] = (
    list,
    lambda cursor: cursor.fetchall(),
    lambda cursor: [cursor.fetchone() for _ in range(501)],
    lambda cursor: [cursor.fetchmany(60) for _ in range(9)],
    lambda cursor: (next(iter(cursor)), cursor.fetchmany(10), list(cursor)),
)


@pytest.mark.parametrize("fetch", FETCHES)
def test_psycopg_counts_a_statement_once_with_all_its_rows(probe: Probe, server: str, fetch: Callable[[Any], object]) -> None:
    probe.hook(psycopg_)

    with psycopg.connect(server) as connection, probe.request() as request:
        fetch(connection.execute("SELECT * FROM orders WHERE id <= %s", (500,)))

    assert request.statements == 1
    assert probe.statements() == [("SELECT * FROM orders WHERE id <= %s", 500)]


def test_psycopg_writes_and_batches_report_affected_rows(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    with psycopg.connect(server) as connection, probe.request():
        cursor = connection.cursor()
        cursor.execute("UPDATE orders SET customer = 'x' WHERE id <= 7")
        cursor.executemany("INSERT INTO orders (customer) VALUES (%s)", [("a",), ("b",), ("c",)])
        cursor.execute("INSERT INTO orders (customer) VALUES ('d') RETURNING id")
        cursor.fetchone()
        connection.rollback()

    assert [rows for _, rows in probe.statements()] == [7, 3, 1]
    assert all(call["flags"] & CALL_IN_TRANSACTION for call in probe.seen().statements())


def test_psycopg_server_side_cursors_and_streams_count_what_was_read(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    with psycopg.connect(server) as connection, probe.request():
        with connection.cursor(name="big") as cursor:
            cursor.execute("SELECT id FROM orders")
            cursor.fetchmany(40)
            list(cursor)
        streamed = list(connection.cursor().stream("SELECT id FROM orders WHERE id > %s", (490,)))
        for _ in connection.cursor().stream("SELECT customer FROM orders"):
            break

    assert len(streamed) == 10
    assert [rows for _, rows in probe.statements()] == [500, 10, 1]


def test_psycopg_composed_and_binary_queries_have_names(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)
    composed = sql.SQL("SELECT {} FROM orders WHERE id = %s").format(sql.Identifier("customer"))

    with psycopg.connect(server) as connection, probe.request():
        for number in (1, 2):
            connection.execute(composed, (number,)).fetchall()
        connection.execute(b"SELECT 1").fetchall()
        connection.execute("")

    assert [text for text, _ in probe.statements()] == ['SELECT "customer" FROM orders WHERE id = %s'] * 2 + ["SELECT ?"]


def test_psycopg_errors_pass_and_leave_a_failed_statement(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    with psycopg.connect(server) as connection, probe.request(), pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM absent")

    (call,) = probe.seen().statements()
    assert call["flags"] & CALL_FAILED


def test_psycopg_connects_are_recorded_without_the_password(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    with probe.request():
        psycopg.connect(server, password="secret").close()
        psycopg.Connection.connect(server).close()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect("postgresql://127.0.0.1:9/shop")

    assert [call["name"] for call in probe.calls("connect")] == ["postgresql socket:5432/postgres"] * 2 + ["postgresql"]
    assert probe.statements() == []


def test_psycopg_async_statements_side_by_side_are_one_record_each(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    async def one(number: int) -> None:
        async with await psycopg.AsyncConnection.connect(server) as connection:
            cursor = await connection.execute(BY_ID, (number,))
            assert await cursor.fetchone() is not None
            cursor = await connection.execute("SELECT id FROM orders WHERE id <= 30")
            assert len([row async for row in cursor]) == 30
            async with connection.cursor(name="big") as big:
                await big.execute("SELECT customer FROM orders WHERE id <= 20")
                await big.fetchall()
            assert len([row async for row in connection.cursor().stream("SELECT 1, id FROM orders WHERE id < 5")]) == 4

    async def several() -> None:
        await asyncio.gather(*(one(number) for number in range(1, 4)))

    with probe.request() as request:
        asyncio.run(several())

    assert request.statements == 12
    assert sorted(rows for _, rows in probe.statements()) == [1] * 3 + [4] * 3 + [20] * 3 + [30] * 3
    assert len(probe.calls("connect")) == 3
    assert all(call["site"] for call in probe.seen().statements())


def test_psycopg_pipelines_go_on_working(probe: Probe, server: str) -> None:
    probe.hook(psycopg_)

    with psycopg.connect(server) as connection, probe.request(), connection.pipeline():
        first, second = connection.execute("SELECT 1"), connection.execute("SELECT 2 AS two")
        assert (first.fetchall(), second.fetchall()) == ([(1,)], [(2,)])

    assert [rows for _, rows in probe.statements()] == [1, 1]


# -- plans -------------------------------------------------------------------------------------------------------------


def test_psycopg_plans_are_asked_for_behind_a_savepoint(profiling: Probe, server: str) -> None:
    profiling.hook(psycopg_)

    with psycopg.Connection[dict[str, Any]].connect(server, row_factory=dict_row) as connection, profiling.request() as request:
        for number in (1, 2):
            connection.execute("SELECT * FROM orders WHERE customer = %s", (f"c{number}",)).fetchall()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS

    (plan,) = profiling.plans()
    assert plan["engine"] == "postgresql"
    assert plan["plan"][0]["Plan"]["Node Type"] == "Seq Scan"
    assert plan["tables"] == {"orders": 500}
    assert request.statements == 2
    assert len({call["result"] for call in profiling.seen().statements()} - {0}) == 2


@pytest.mark.parametrize("flavour", [psycopg.Cursor, psycopg.ClientCursor, psycopg.RawCursor])
def test_psycopg_plans_bind_parameters_as_the_cursor_does(profiling: Probe, server: str, flavour: Any) -> None:
    profiling.hook(psycopg_)
    mark = "$1" if flavour is psycopg.RawCursor else "%s"

    with psycopg.connect(server, cursor_factory=flavour, autocommit=True) as connection, profiling.request():
        connection.execute(f"SELECT * FROM orders WHERE id = {mark}", (1,)).fetchall()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    assert len(profiling.plans()) == 1


def test_a_refused_explain_does_not_abort_the_transaction(profiling: Probe, server: str) -> None:
    profiling.hook(psycopg_)

    with psycopg.connect(server) as connection, profiling.request():
        connection.execute("SELECT 1; SELECT 2").fetchall()  # EXPLAIN takes the first, the second answers
        connection.execute('SELECT * FROM "Odd ""name"""').fetchall()
        assert connection.execute("SELECT 3").fetchone() == (3,)

    assert {name: rows for plan in profiling.plans() for name, rows in plan["tables"].items()} == {'Odd "name"': 0}


def test_psycopg_async_plans(profiling: Probe, server: str) -> None:
    profiling.hook(psycopg_)

    async def one() -> None:
        async with await psycopg.AsyncConnection.connect(server) as connection:
            await (await connection.execute(BY_ID, (1,))).fetchall()

    with profiling.request():
        asyncio.run(one())

    (plan,) = profiling.plans()
    assert plan["tables"] == {"orders": 500}
    assert profiling.seen().statements()[0]["cpu"] == -1


# -- psycopg2 ----------------------------------------------------------------------------------------------------------


def test_psycopg2_counts_and_keeps_every_class_of_the_users(probe: Probe, server: str) -> None:
    probe.hook(psycopg2_)
    connection = psycopg2.connect(server, cursor_factory=extras.RealDictCursor)

    with probe.request() as request:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM orders WHERE id <= %s", (20,))
            assert isinstance(cursor, extras.RealDictCursor)
            assert cursor.fetchone()["customer"]
            assert len(list(cursor)) == 19
        with connection.cursor(cursor_factory=extras.NamedTupleCursor) as cursor:
            cursor.execute(BY_ID, vars=(3,))
            assert cursor.fetchall()[0].id == 3
        with connection.cursor("big", cursor_factory=extras.DictCursor) as cursor:
            cursor.execute("SELECT id FROM orders")
            assert len(cursor.fetchall()) == 500
        with connection.cursor() as cursor:
            extras.execute_values(cursor, "INSERT INTO orders (customer) VALUES %s", [("a",), ("b",)])
        connection.rollback()

    assert request.statements == 4
    assert [rows for _, rows in probe.statements()] == [20, 1, 500, 2]
    assert [call["name"] for call in probe.calls("connect")] == []
    psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
    connection.close()


def test_psycopg2_connection_classes_stay_what_they_are(probe: Probe, server: str) -> None:
    probe.hook(psycopg2_)

    with probe.request():
        connection = psycopg2.connect(server, connection_factory=extras.DictConnection)
        cursor = connection.cursor()
        cursor.execute("SELECT 5 AS five")
        assert cursor.fetchone()["five"] == 5
        connection.close()

    assert isinstance(connection, extras.DictConnection)
    assert probe.statements() == [("SELECT ? AS five", 1)]
    assert [call["name"] for call in probe.calls("connect")] == ["postgresql socket:5432/postgres"]


def test_psycopg2_plans(profiling: Probe, server: str) -> None:
    profiling.hook(psycopg2_)
    connection = psycopg2.connect(server, cursor_factory=extras.RealDictCursor)

    with profiling.request(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders WHERE customer LIKE %s", ("c1%",))
        cursor.fetchall()
        cursor.execute("SELECT 1; SELECT 2")
        cursor.execute("SELECT 3 AS three")
        assert cursor.fetchone()["three"] == 3

    assert profiling.plans()[0]["tables"] == {"orders": 500}
    assert profiling.seen().statements()[0]["cpu"] > 0
    connection.close()


# -- pools and mappers -------------------------------------------------------------------------------------------------


def test_a_wait_for_psycopgs_pool_is_recorded(probe: Probe, server: str) -> None:
    probe.hook(psycopg_, psycopg_pool_)

    with psycopg_pool.ConnectionPool(server, min_size=1, max_size=1, open=True) as pool:
        pool.wait()
        held = pool.getconn()
        timer = threading.Timer(0.05, pool.putconn, [held])
        with probe.request():
            timer.start()
            with pool.connection() as connection:
                connection.execute("SELECT 1").fetchall()
        timer.join()
        with probe.request(), pool.connection():
            pass

    (wait,) = long(probe.calls("pool_wait"))
    assert wait["name"] == f"psycopg_pool {pool.name} (size 1 to 1)"
    assert 0 < psycopg_pool_.look(pool)[0] < 1
    assert psycopg_pool_.look(pool)[0] == 0.0  # nobody had one since
    assert wait["wall"] > 0.02e9
    assert len(probe.statements()) == 1


def test_a_wait_for_psycopgs_asynchronous_pool_is_recorded(probe: Probe, server: str) -> None:
    probe.hook(psycopg_, psycopg_pool_)

    pools: list[Any] = []

    async def crowd() -> None:
        async with psycopg_pool.AsyncConnectionPool(server, min_size=1, max_size=1, open=False) as pool:
            await pool.wait()
            pools.append(pool)

            async def one() -> None:
                async with pool.connection() as connection:
                    await connection.execute("SELECT pg_sleep(0.03)")

            await asyncio.gather(*(one() for _ in range(3)))

    with probe.request():
        asyncio.run(crowd())

    assert len(long(probe.calls("pool_wait"))) == 2
    assert 0 < psycopg_pool_.look(pools[0])[0] < 1
    assert len(probe.statements()) == 3


def long(waits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those for another's statement: on a busy machine a free connection may take its time as well."""
    return [wait for wait in waits if wait["wall"] > 0.01e9]


def url(server: str, driver: str) -> str:
    return server.replace("postgresql://", f"postgresql+{driver}://")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_sqlalchemy_on_postgres_counts_once(probe: Probe, server: str, driver: str) -> None:
    probe.hook(psycopg_, psycopg2_, sqlalchemy_)
    database = sa.create_engine(url(server, driver), pool_pre_ping=True)

    with probe.request() as request:
        for number in (1, 2):
            with database.connect() as connection:
                connection.execute(sa.text("SELECT * FROM orders WHERE id <= :limit"), {"limit": number}).all()

    assert request.statements == 2
    assert [rows for _, rows in probe.statements()] == [1, 2]
    assert len(probe.calls("connect")) == 1
    assert long(probe.calls("pool_wait")) == []
    database.dispose()


def test_sqlalchemys_asynchronous_half_keeps_request_and_call_site(probe: Probe, server: str) -> None:
    probe.hook(psycopg_, sqlalchemy_)

    async def crowd() -> None:
        database = create_async_engine(url(server, "psycopg"), pool_size=1, max_overflow=0)

        async def one() -> None:
            async with database.connect() as connection:
                (await connection.execute(sa.text("SELECT pg_sleep(0.02)"))).all()

        await asyncio.gather(*(one() for _ in range(3)))
        await database.dispose()

    with probe.request() as request:
        asyncio.run(crowd())

    assert request.statements == 3
    assert all(call["site"].endswith("in one") for call in probe.seen().statements())
    assert len(long(probe.calls("pool_wait"))) == 2
    assert {call["name"] for call in probe.calls("pool_wait")} == {"sqlalchemy AsyncAdaptedQueuePool (size 1, overflow 0)"}


def test_django_on_postgres_counts_once_and_connects_quietly(probe: Probe, server: str) -> None:
    settings: Any = importlib.import_module("django.conf").settings
    connections: Any = importlib.import_module("django.db").connections
    if not settings.configured:
        settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, USE_TZ=True)
        importlib.import_module("django").setup()
    probe.hook(psycopg_, django_)
    info = conninfo_to_dict(server)
    connections.settings["postgres"] = connections.settings["default"] | {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": info["dbname"],
        "USER": info["user"],
        "HOST": info["host"],
    }

    with probe.request() as request, connections["postgres"].cursor() as cursor:
        cursor.execute("SELECT id FROM orders WHERE id <= %s", [9])
        cursor.fetchall()

    assert request.statements == 1
    assert probe.statements() == [("SELECT id FROM orders WHERE id <= %s", 9)]
    assert len(probe.calls("connect")) == 1
    connections["postgres"].close()
    del connections["postgres"]
    del connections.settings["postgres"]


def test_undo_puts_the_drivers_back(probe: Probe) -> None:
    before = (psycopg.connect, psycopg.Cursor.execute, psycopg.AsyncCursor.fetchone, psycopg2.connect)

    for hook in (psycopg_, psycopg2_):
        hook.install(probe.recorder)()

    assert (psycopg.connect, psycopg.Cursor.execute, psycopg.AsyncCursor.fetchone, psycopg2.connect) == before
