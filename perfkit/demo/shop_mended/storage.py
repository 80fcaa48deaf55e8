"""One engine per worker with a connection for each of its threads, and what seldom changes read once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, g
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool

Value = TypeVar("Value")

KEPT_FOR = 60.0
KEPT_MOST = 1_000

_kept: dict[str, tuple[float, object]] = {}


def connect(app: Flask, url: str) -> None:
    engine = create_engine(url, poolclass=QueuePool, pool_size=8, connect_args={"check_same_thread": False})
    sessions = sessionmaker(engine)
    index_words(engine)

    @app.before_request
    def open_session() -> None:
        g.session = sessions()

    @app.teardown_request
    def close_session(_: BaseException | None) -> None:
        g.pop("session").close()


def index_words(engine: object) -> None:
    """The index that serves a search for words in a row; the first worker makes it."""
    with engine.begin() as connection:  # type: ignore[attr-defined]
        connection.execute(text("BEGIN IMMEDIATE"))
        if connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'words'")).first() is None:
            connection.execute(text("CREATE VIRTUAL TABLE words USING fts5(about, content='', tokenize='ascii')"))
            connection.execute(text("INSERT INTO words (rowid, about) SELECT id, name || ' ' || description FROM products"))


def kept(name: str, read: Callable[[], Value]) -> Value:
    """What `read` gave at most a minute ago."""
    known = _kept.get(name)
    if known is None or known[0] < time.monotonic():
        if len(_kept) >= KEPT_MOST:
            _kept.clear()
        known = _kept[name] = (time.monotonic() + KEPT_FOR, read())
    return known[1]  # type: ignore[return-value]
