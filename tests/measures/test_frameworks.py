"""Whose code a file is, and what the target is made of."""

import pytest

from tests.builders import a_run, measures


@pytest.mark.parametrize(
    "file",
    ["/srv/shop/orders.py", "shop/orders.py", "orders.py", "./app.py", "/home/me/python3/app.py", "/app/src/library/views.py"],
)
def test_the_user_s_own_code(file: str) -> None:
    assert measures().is_own(file)


@pytest.mark.parametrize(
    "file",
    [
        "/srv/venv/lib/python3.11/site-packages/flask/app.py",
        "/usr/lib/python3/dist-packages/yaml/__init__.py",
        "/usr/lib/python3.11/json/encoder.py",
        "/root/.pyenv/versions/3.8.18/lib/python3.8/threading.py",
        "json/encoder.py",
        "threading.py",
        "sqlalchemy/orm/session.py",
        "<frozen importlib._bootstrap>",
        "<string>",
        "<perfkit:ep:17>",
        "/x/stage/perfkit_probe/recorder.py",
        "/x/stage/sitecustomize.py",
        "/usr/lib/libc.so.6",
        "pysqlite/cursor.c",
        "",
    ],
)
def test_everybody_else_s_code(file: str) -> None:
    assert not measures().is_own(file)


def test_frameworks_are_what_serves_and_what_is_hooked() -> None:
    run = a_run(
        serving=({"pid": 1, "server": "uvicorn 0.34", "framework": ["Starlette", "FastAPI"]}, {"pid": 2, "server": None}),
        hooks=({"name": "SQLAlchemy", "state": "installed"}, {"name": "psycopg", "state": "failed"}),
    )

    assert measures(run=run).frameworks == {"uvicorn", "starlette", "fastapi", "sqlalchemy"}
