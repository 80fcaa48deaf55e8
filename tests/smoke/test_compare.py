"""perfkit compare from end to end: two commits of a real service, and what a person, a pull request and a machine are told."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.compare.repositories import commit, git, repository

PORT = 8766
APPLICATION = """
    import sqlite3
    from flask import Flask, jsonify

    app = Flask(__name__)
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE lines (number INTEGER)")
    database.executemany("INSERT INTO lines VALUES (?)", [(number,) for number in range(50)])


    def lines():
        return [row[0] for row in database.execute("SELECT number FROM lines ORDER BY number LIMIT 5")]


    @app.get("/orders")
    def orders():
        return jsonify(lines())


    @app.get("/products")
    def products():
        return jsonify(sorted(range(2000), key=lambda number: -number)[:3])
"""
SLOWER = """
    def lines():
        return [database.execute("SELECT number FROM lines WHERE number = ?", (number,)).fetchone()[0] for number in range(5)]
"""
OTHERWISE = "jsonify(sorted(range(2000), key=lambda number: number)[:3])"
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"]}}
get: [/orders, /products]
load: [{{rate: 20/s, for: 10s}}]
compare: {{restarts: 2, bursts: [2]}}
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """`one`; then a commit that asks five times for what one statement said, and one that answers otherwise."""
    text = textwrap.dedent(APPLICATION)
    folder = repository(tmp_path / "shop", {"app.py": text, "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"})
    git(folder, "tag", "one")
    begins, ends = text.index("def lines"), text.index("@app.get")
    slower = f"{text[:begins]}{textwrap.dedent(SLOWER).strip()}\n\n\n{text[ends:]}"
    commit(folder, {"app.py": slower})
    git(folder, "tag", "slower")
    git(folder, "checkout", "-q", "one")
    commit(folder, {"app.py": text.replace("jsonify(sorted(range(2000), key=lambda number: -number)[:3])", OTHERWISE)})
    git(folder, "tag", "otherwise")
    git(folder, "checkout", "-q", "main")
    return folder


def compared(top: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "perfkit", "compare", *arguments, "--scenario", str(top / "shop.yaml")]
    environment = os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache")}
    line += ["--out", str(top.parent / "reports")]
    return subprocess.run(line, env=environment, cwd=top.parent, capture_output=True, text=True, check=False, timeout=240)


def written(top: Path) -> tuple[Path, Any]:
    folder = next((top.parent / "reports").iterdir())
    return folder, json.loads((folder / "comparison.json").read_text())


def test_four_statements_more_are_a_regression_with_their_place(top: Path) -> None:
    done = compared(top, "one", "slower", "--budget", "6s", "--tiers", "0,1,2", "--no-why")

    assert done.returncode == 1, done.stderr
    folder, said = written(top)
    statements = [one for one in said["counters"] if one["counter"] == "statements"]
    assert [(one["endpoint"], one["base"], one["head"]) for one in statements] == [("GET /orders", 1, 5)]
    assert "app.py" in statements[0]["detail"]
    assert "statements 1 → 5" in done.stdout
    assert {path.name for path in folder.iterdir()} >= {
        "report.html", "summary.md", "junit.xml", "state.json", "pairs.parquet", "counters.parquet", "counter_details.json",
    }  # fmt: skip
    assert json.loads((folder / "state.json").read_text())["state"] == "finished"
    assert not (folder / ".work").exists()


def test_a_version_against_itself_changes_nothing_that_can_be_counted(top: Path) -> None:
    done = compared(top, "one", "one", "--budget", "4s", "--margin", "30%")

    _, said = written(top)
    assert done.returncode in (0, 7), done.stderr  # how close the times come depends on who else uses this machine
    assert [one for one in said["counters"] if one["gated"]] == []
    assert said["at_rate"]["servers"] == 1
    assert said["at_rate"]["together"].keys() == {"p50", "p95", "p99"}
    # Twenty a second for a second, and what the machine was busy with in between came late and is there all the same.
    assert all(said["at_rate"]["windows"][side]["requests"] >= 10 for side in ("base", "head"))
    # By so few clock ticks of the processes only the size of it is sure.
    assert all(0.1 < said["at_rate"]["computing"][side] < 10 for side in ("base", "head"))
    assert "this takes about" in done.stderr


def test_another_answer_is_said_first(top: Path) -> None:
    done = compared(top, "one", "otherwise", "--tiers", "0")

    assert done.returncode == 8, done.stderr
    assert "do not answer alike (GET /products)" in done.stdout
    assert "no time was spent on profiles" in done.stderr
    assert written(top)[1]["why"]["why"].startswith("nothing regressed")


def test_a_revision_that_is_not_there_has_its_own_sentence(top: Path) -> None:
    done = compared(top, "one", "nowhere")

    assert done.returncode == 8
    assert "nowhere" in done.stderr
    assert not (top.parent / "reports").exists()
