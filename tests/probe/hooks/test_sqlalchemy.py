"""SQLAlchemy's hook with the real library on SQLite: pool waits, quiet housekeeping, drivers that nobody counts for."""

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from perfkit.probe import gauges
from perfkit.probe.hooks import sqlalchemy_, sqlite3_
from perfkit.probe.records import CALL_FAILED
from tests.probe.hooks.recording import Probe


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped[str]


def engine(path: Path, **options: object) -> sa.Engine:
    made = sa.create_engine(f"sqlite:///{path}", **options)
    Base.metadata.create_all(made)
    with Session(made) as session:
        session.add_all(Order(customer=f"c{number}") for number in range(10))
        session.commit()
    return made


def test_statements_of_a_hooked_driver_are_counted_by_the_driver_only(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, sqlalchemy_)
    database = engine(tmp_path / "shop.db")

    with probe.request() as request, Session(database) as session:
        orders = session.scalars(sa.select(Order)).all()
        for number in (1, 2, 3):
            session.get(Order, number)
        session.execute(sa.select(Order.customer).where(Order.id == 4)).scalar_one()

    assert len(orders) == 10
    assert request.statements == 2  # the three orders were in the session already
    assert [rows for _, rows in probe.statements()] == [10, 1]
    database.dispose()


def test_statements_of_a_driver_without_a_hook_are_counted_here(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlalchemy_)
    database = engine(tmp_path / "shop.db")

    with probe.request(), database.connect() as connection:
        connection.execute(sa.text("SELECT * FROM orders")).all()
        connection.execute(sa.text("UPDATE orders SET customer = 'x' WHERE id < :limit"), {"limit": 4})
        with pytest.raises(OperationalError):
            connection.execute(sa.text("SELECT * FROM absent"))

    calls = [call for call in probe.seen().statements() if call["request"]]
    assert [call["rows"] for call in calls] == [-1, 3, -1]
    assert [call["flags"] & CALL_FAILED for call in calls] == [0, 0, CALL_FAILED]
    assert calls[1]["parameters"] != 0
    database.dispose()


def test_a_driver_without_a_hook_still_has_its_connects_recorded(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlalchemy_)

    with probe.request(), sa.create_engine(f"sqlite:///{tmp_path}/shop.db").connect():
        pass

    assert [call["name"] for call in probe.calls("connect")] == ["sqlite local"]


def test_pings_and_first_questions_of_a_dialect_are_housekeeping(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, sqlalchemy_)
    database = sa.create_engine(f"sqlite:///{tmp_path}/shop.db", pool_pre_ping=True)

    with probe.request():
        for _ in range(3):
            with database.connect() as connection:
                connection.execute(sa.text("SELECT 7")).scalar()

    assert [text for text, _ in probe.statements()] == ["SELECT ?"] * 3
    assert len(probe.calls("connect")) == 1
    database.dispose()


def test_waiting_for_a_pool_is_recorded_and_connecting_is_not_waiting(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, sqlalchemy_)
    database = engine(tmp_path / "shop.db", pool_size=1, max_overflow=0)
    held = database.connect()
    timer = threading.Timer(0.05, held.close)

    with probe.request():
        timer.start()
        database.connect().close()

    (wait,) = probe.calls("pool_wait")
    assert wait["name"] == "sqlalchemy QueuePool (size 1, overflow 0)"
    assert 0.02e9 < wait["wall"] < 5e9
    timer.join()
    database.dispose()


def test_a_pool_that_opens_a_connection_lets_nobody_wait(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, sqlalchemy_)
    database = sa.create_engine(f"sqlite:///{tmp_path}/shop.db")

    def slow(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT count(*) FROM n")
        cursor.fetchall()

    event.listen(database, "connect", slow)

    with probe.request():
        database.connect().close()

    assert probe.calls("pool_wait") == []
    assert len(probe.calls("connect")) == 1
    assert probe.statements() == []
    database.dispose()


def test_undo_puts_sqlalchemy_back(probe: Probe, tmp_path: Path) -> None:
    before = (sa.Engine.__init__, vars(sa.pool.QueuePool)["_do_get"])
    undo = sqlalchemy_.install(probe.recorder)
    database = sa.create_engine(f"sqlite:///{tmp_path}/shop.db")
    assert undo is not None

    undo()

    with probe.request(), database.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
    assert (sa.Engine.__init__, vars(sa.pool.QueuePool)["_do_get"]) == before
    assert probe.statements() == []
    database.dispose()


def test_how_long_connections_are_out_of_their_pool_is_added_up(
    probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000]
    monkeypatch.setattr(gauges, "clock", lambda: now[0])
    probe.hook(sqlite3_, sqlalchemy_)
    database = engine(tmp_path / "shop.db", pool_size=2, max_overflow=1)

    with database.connect():
        now[0] += 200
        with database.connect():
            now[0] += 100
    now[0] += 700
    assert sqlalchemy_.look(database.pool) == (0.4, 0, 3)

    database.dispose()  # and from then on its new pool
    with database.connect():
        now[0] += 500
    now[0] += 500
    assert sqlalchemy_.look(database.pool) == (0.5, 0, 3)
