"""perfkit bisect from end to end: real repositories of small services, real commits, and nothing left of any probe."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil

from tests.compare.repositories import commit, git, repository

PORT = 8767
APPLICATION = """
    import sqlite3
    from flask import Flask, jsonify

    app = Flask(__name__)
    database = sqlite3.connect(":memory:", check_same_thread=False)


    def worth(number):
        return database.execute("SELECT ? * 2", (number,)).fetchone()[0]


    @app.get("/orders")
    def orders():
        return jsonify(worth(1))
"""
ONE_MORE = 'return database.execute("SELECT ? * 2", (database.execute("SELECT ?", (number,)).fetchone()[0],)).fetchone()[0]'
SLOW = "sum(value * value for value in range(20_000)) and worth(1)"
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"]}}
get: [/orders]
load: [{{rate: 20/s, for: 10s}}]
compare: {{restarts: 2}}
"""


def bisecting(top: Path, *arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "perfkit", "bisect", *arguments, "--scenario", str(top / "shop.yaml")]
    line += ["--out", str(top.parent / "reports")]
    environment = os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache")}
    return subprocess.Popen(line, env=environment, cwd=top.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def bisected(top: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    process = bisecting(top, *arguments)
    out, told = process.communicate(timeout=200)
    folder = max((top.parent / "reports").glob("*-bisect-*"), key=lambda path: path.stat().st_mtime)
    assert (folder / "bisect.json").is_file(), told
    assert (folder / "report.html").is_file()
    said: dict[str, Any] = json.loads((folder / "bisect.json").read_text())
    return process.returncode, out + told, said


def kill_at_probe(top: Path, number: int) -> None:
    process = bisecting(top, "good", "main")
    end = time.monotonic() + 120
    while not any(f'"probe": {number},' in path.read_text() for path in (top.parent / "reports").glob("*-bisect-*/state.json")):
        assert time.monotonic() < end, "the probe was not reached in time"
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.kill()
    process.communicate()


def serving(top: Path) -> list[int]:
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(top.parent / "reports")) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_statement_more_is_found_exactly_past_a_broken_commit_and_after_a_kill(tmp_path: Path) -> None:
    text = textwrap.dedent(APPLICATION)
    files = {"app.py": text, "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"}
    top = repository(tmp_path / "shop", files)
    git(top, "tag", "good")
    planted = ""
    for number in range(1, 15):
        if number == 10:
            text = text.replace('return database.execute("SELECT ? * 2", (number,)).fetchone()[0]', ONE_MORE)
        changed = {2: "answer = 1\n", 3: "# 1\n", 8: "import a_module_that_is_not_there\n"}.get(number, f"# {number}\n")
        name = commit(top, {"app.py": changed + text}, f"change {number}")
        planted = name if number == 10 else planted

    kill_at_probe(top, 2)
    code, told, said = bisected(top, "good", "main")

    assert code == 0, told
    assert "what the comparison" in told
    assert "12 commits from good" in told
    assert said["commits_between"] == 14
    assert [one["commit"] for one in said["culprits"]] == [planted]
    assert (said["by"], said["figure"], said["step"]["good"], said["step"]["bad"]) == ("counter", "statements", 1, 2)
    assert "app.py" in said["step"]["detail"]
    assert ["a_module_that_is_not_there" in one["why"] for one in said["failed"]] == [True]
    assert said["probes"][0]["reused"]
    assert len(said["probes"]) <= 5
    assert serving(top) == []
    assert git(top, "worktree", "list").count("\n") == 0


def test_a_step_of_time_is_found_and_a_second_call_asks_nothing_again(tmp_path: Path) -> None:
    text = textwrap.dedent(APPLICATION)
    top = repository(tmp_path / "shop", {"app.py": text, "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"})
    git(top, "tag", "good")
    names = [
        commit(top, {"app.py": f"# {number}\n" + (text if number < 2 else text.replace("worth(1)", SLOW))}, f"change {number}")
        for number in range(1, 4)
    ]
    options = ("good", "main", "--by", "time", "--budget", "2s", "--endpoint", "GET /orders")

    code, told, said = bisected(top, *options)
    again, _, same = bisected(top, *options)
    none, nothing, _ = bisected(top, "good", names[0], "--by", "bytes")

    assert code == 0, told
    assert [one["commit"] for one in said["culprits"]] == [names[1]]
    assert said["by"] == "time"
    assert said["step"]["change"] > 0.2
    assert said["step"]["probability"] >= 0.99
    assert again == 0
    assert same["culprits"] == said["culprits"]
    assert all(one["reused"] for one in same["probes"])
    assert none == 9
    assert "Nothing to find" in nothing


def test_an_interruption_leaves_nothing_running_and_has_its_own_code(tmp_path: Path) -> None:
    top = repository(tmp_path / "shop", {"app.py": textwrap.dedent(APPLICATION), "shop.yaml": SCENARIO})
    git(top, "tag", "good")
    commit(top, {"app.py": f"# 1\n{textwrap.dedent(APPLICATION)}"})

    process = bisecting(top, "good", "main")
    assert process.stderr is not None
    for line in process.stderr:
        if "preparing" in line or "starting" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 130
    assert serving(top) == []
    assert git(top, "worktree", "list").count("\n") == 0
