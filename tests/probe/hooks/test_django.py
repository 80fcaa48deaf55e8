"""Django's hook with the real ORM on SQLite."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe.hooks import django_, sqlite3_
from tests.probe.hooks.recording import Probe

django: Any = importlib.import_module("django")  # has no types
settings: Any = importlib.import_module("django.conf").settings
connections: Any = importlib.import_module("django.db").connections
CONFIGURED = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    if not settings.configured:
        settings.configure(DATABASES=CONFIGURED, INSTALLED_APPS=["django.contrib.contenttypes"], USE_TZ=True)
        django.setup()
    alias = tmp_path.name
    connections.settings[alias] = connections.settings["default"] | {"NAME": str(tmp_path / "shop.db")}
    yield connections[alias]
    connections[alias].close()
    del connections[alias]
    del connections.settings[alias]


def content_type() -> Any:
    """A model that Django brings along; importable only after its setup."""
    return importlib.import_module("django.contrib.contenttypes.models").ContentType


def stored(database: Any) -> Any:
    """Five rows, and the way to ask for them."""
    with database.schema_editor() as editor:
        editor.create_model(content_type())
    query = content_type().objects.using(database.alias)
    query.bulk_create([content_type()(app_label="a", model=f"m{number}") for number in range(5)])
    return query


def test_statements_are_counted_once_and_by_the_driver(probe: Probe, database: Any) -> None:
    probe.hook(sqlite3_, django_)
    query = stored(database)

    with probe.request() as request:
        list(query.all())
        query.get(model="m1")
        query.filter(model="m2").update(app_label="b")
        query.filter(model="m0").exists()

    assert request.statements == 4
    assert [rows for _, rows in probe.statements()] == [5, 1, 1, 1]


def test_setting_up_a_connection_is_housekeeping(probe: Probe, database: Any) -> None:
    probe.hook(sqlite3_, django_)

    with probe.request(), database.cursor() as cursor:
        cursor.execute("SELECT %s", [1])
        cursor.fetchone()

    assert probe.statements() == [("SELECT %s", 1)]
    assert [call["name"] for call in probe.calls("connect")] == ["sqlite3 shop.db"]


def test_a_scan_of_the_orm_is_explained(profiling: Probe, database: Any) -> None:
    profiling.hook(sqlite3_, django_)
    query = stored(database)

    with profiling.request():
        list(query.filter(model="m1"))

    (plan,) = profiling.plans()
    assert plan["tables"] == {"django_content_type": 5}


def test_statements_of_a_database_without_a_hook_are_counted_here(probe: Probe, database: Any) -> None:
    probe.hook(django_)

    with probe.request(), database.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a)")
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
        cursor.execute("SELECT a FROM t WHERE a = %s", [1])

    assert [rows for _, rows in probe.statements()] == [-1, 2, -1]
    assert probe.statements()[1][0] == "INSERT INTO t VALUES (%s)"
    assert [call["name"] for call in probe.calls("connect")] == ["sqlite local"]
