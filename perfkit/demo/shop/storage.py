"""One engine per worker, one session per request."""

from __future__ import annotations

from flask import Flask, g
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool


def connect(app: Flask, url: str) -> None:
    # Planted (pool-wait): four threads share one connection, and a request holds it from its first statement to its end.
    engine = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False})
    sessions = sessionmaker(engine)

    @app.before_request
    def open_session() -> None:
        g.session = sessions()

    @app.teardown_request
    def close_session(_: BaseException | None) -> None:
        g.pop("session").close()


def session() -> Session:
    return g.session
