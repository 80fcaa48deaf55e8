"""Why a version became slower: two commits of a real service, one with a slower function and a query more, profiled in turn."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.compare.repositories import commit, git, repository

PORT = 8768
APPLICATION = """
    import sqlite3

    from flask import Flask, jsonify

    from cart import total

    app = Flask(__name__)
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE lines (number INTEGER, price INTEGER)")
    database.executemany("INSERT INTO lines VALUES (?, ?)", [(number, number % 90) for number in range(500)])


    def lines():
        return [row[0] for row in database.execute("SELECT number FROM lines ORDER BY number LIMIT 5")]


    @app.get("/cart")
    def cart():
        return jsonify(total(lines()))
"""
TOTAL = """
    def total(numbers):
        seen = 0
        for step in range(ROUNDS):
            seen = (seen + step) % 7
        return {"lines": numbers, "total": 0}
"""
MORE = """def lines():
    database.execute("SELECT sum(price) FROM lines WHERE price > 3").fetchone()
"""
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"]}}
get: [/cart]
load: [{{rate: 20/s, for: 10s}}]
profiling: {{for: 6s}}
compare: {{restarts: 2, bursts: [2]}}
"""


def of(rounds: int) -> str:
    return textwrap.dedent(TOTAL).replace("ROUNDS", str(rounds))


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = textwrap.dedent(APPLICATION)
    files = {"app.py": text, "cart.py": of(20_000), "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"}
    folder = repository(tmp_path_factory.mktemp("why") / "shop", files)
    git(folder, "tag", "one")
    # Its lines move, and it takes five times as long.
    moved = "# moved\n" * 30 + of(100_000)
    commit(folder, {"app.py": text.replace("def lines():\n", MORE), "cart.py": moved})
    git(folder, "tag", "slower")
    return folder


def compared(top: Path, name: str, *arguments: str) -> tuple[Path, Any]:
    out = top.parent / name
    line = [sys.executable, "-m", "perfkit", "compare", *arguments, "--scenario", str(top / "shop.yaml"), "--out", str(out)]
    environment = os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache")}
    done = subprocess.run(line, env=environment, cwd=top.parent, capture_output=True, text=True, check=False, timeout=240)
    folder = next(out.iterdir(), None)
    assert folder is not None, done.stderr
    return folder, json.loads((folder / "comparison.json").read_text())


@pytest.fixture(scope="module")
def regression(top: Path) -> tuple[Path, Any]:
    return compared(top, "regression", "one", "slower", "--tiers", "0")


def test_the_slower_function_is_named_first_although_its_lines_moved(regression: tuple[Path, Any]) -> None:
    why = regression[1]["why"]
    own = [one for one in why["functions"] if one["own"]]

    assert why["pairs"] >= 2, why
    assert (own[0]["function"].rpartition(".")[2], own[0]["file"], own[0]["state"]) == ("total", "cart.py", "changed")
    # On a machine that is very busy only a few of the pairs fit into a minute, which leaves room for chance.
    assert own[0]["significant"] or why["pairs"] < 8, own[0]
    assert own[0]["line"] > 30
    assert own[0]["with_calls"]["head"] > 2 * own[0]["with_calls"]["base"]
    assert regression[1]["why"]["breakdown"][0]["parts"]["cpu"]["change"] > 0


def test_the_new_statement_is_told_with_its_place(regression: tuple[Path, Any]) -> None:
    (new,) = [one for one in regression[1]["why"]["statements"] if one["state"] == "new"]

    assert "sum(price)" in new["statement"]
    assert new["call_site"].startswith("app.py:")
    assert new["count"] == {"base": 0.0, "head": 1.0}


def test_the_comment_the_report_and_the_tables_have_it(regression: tuple[Path, Any]) -> None:
    folder, _ = regression

    assert (folder / "summary.md").read_text().count("- why: ") >= 2
    assert "surely changed: " in (folder / "report.html").read_text()
    assert set(pl.read_parquet(folder / "profiles.parquet")["side"].unique()) == {"base", "head"}
    assert not (folder / ".work").exists()


def test_a_version_against_itself_has_nothing_new_and_nothing_gone(top: Path) -> None:
    _, said = compared(top, "same", "one", "one", "--tiers", "0", "--why")

    why = said["why"]
    assert why["statements"] == [one for one in why["statements"] if one["state"] == "changed"]
    assert [one for one in why["functions"] if one["significant"] and one["state"] != "changed"] == []
    # Of a version and itself one in twenty may show some function by chance: never one of twice the time.
    assert [
        one for one in why["functions"] if one["significant"] and one["with_calls"]["head"] > 2 * one["with_calls"]["base"]
    ] == []
