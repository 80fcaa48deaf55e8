"""aiosqlite's hook: statements of its thread belong to the request that asked, and to the line that asked."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from perfkit.probe.hooks import aiosqlite_, sqlalchemy_, sqlite3_
from tests.probe.hooks.recording import Probe

aiosqlite: Any = pytest.importorskip("aiosqlite")


def test_statements_of_the_thread_belong_to_the_request(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, aiosqlite_)

    async def ask() -> None:
        async with aiosqlite.connect(tmp_path / "shop.db") as connection, connection.execute("SELECT 5 AS five") as cursor:
            assert [row async for row in cursor] == [(5,)]

    with probe.request() as request:
        asyncio.run(ask())

    assert request.statements == 1
    assert probe.statements() == [("SELECT ? AS five", 1)]
    assert [(call["name"], call["request"]) for call in probe.calls("connect")] == [("sqlite3 shop.db", 1)]
    assert probe.seen().statements()[0]["site"].endswith("in ask")


def test_sqlalchemy_on_aiosqlite_counts_once(probe: Probe, tmp_path: Path) -> None:
    probe.hook(sqlite3_, aiosqlite_, sqlalchemy_)

    async def ask() -> None:
        database = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/shop.db")
        async with database.connect() as connection:
            for number in range(3):
                (await connection.execute(sa.text("SELECT :number"), {"number": number})).all()
        await database.dispose()

    with probe.request() as request:
        asyncio.run(ask())

    assert request.statements == 3
    assert all(call["site"].endswith("in ask") for call in probe.seen().statements())
