"""Two runs of a real service on record, compared from the command line: no scenario, nothing started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compare.repositories import commit, repository

PORT = 8767
APPLICATION = """
import sqlite3
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/orders")
def orders():
    with sqlite3.connect(":memory:") as database:
        return jsonify([database.execute("SELECT ?", (number,)).fetchone()[0] for number in range(STATEMENTS)])
"""
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"]}}
get: [/orders]
load: [{{rate: 40/s, for: 4s}}]
"""


def perfkit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "perfkit", *arguments]
    return subprocess.run(line, cwd=folder, env=os.environ, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`one` and `two`: runs of a commit and of the one after it, which asks for two statements more."""
    top = repository(
        tmp_path_factory.mktemp("runs") / "shop",
        {"app.py": APPLICATION.replace("STATEMENTS", "1"), "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"},
    )
    reports = top.parent / "reports"
    for name, statements in (("one", "1"), ("two", "3")):
        commit(top, {"app.py": APPLICATION.replace("STATEMENTS", statements), "notes": name})
        done = perfkit(top, "run", "shop.yaml", "--no-profile", "--no-calibrate", "--out", str(reports))
        assert done.returncode == 0, done.stderr
        (reports / "latest").resolve().rename(reports / name)
    return reports


def test_two_runs_are_compared_without_a_scenario_and_say_what_they_are(reports: Path, tmp_path: Path) -> None:
    done = perfkit(reports.parent, "compare", "reports/one", "reports/two", "--out", str(tmp_path))

    assert done.returncode == 1, done.stderr
    assert "statements 1 → 3" in done.stdout
    assert "two separate runs on a machine that drifts" in done.stdout
    (folder,) = tmp_path.iterdir()
    written = json.loads((folder / "comparison.json").read_text())
    assert [written["comparison"][side]["kind"] for side in ("base", "head")] == ["run", "run"]
    assert written["comparison"]["base"]["commit"] != written["comparison"]["head"]["commit"]
    assert {path.name for path in folder.iterdir()} >= {
        "report.html",
        "summary.md",
        "junit.xml",
        "state.json",
        "counters.parquet",
    }


def test_a_run_against_itself_changes_nothing_that_can_be_counted(reports: Path, tmp_path: Path) -> None:
    done = perfkit(reports.parent, "compare", "reports/one", "reports/one", "--tiers", "0", "--out", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "Nothing of what was counted changed" in done.stdout


def test_the_libraries_of_a_run_are_on_record_and_other_ones_are_refused(reports: Path, tmp_path: Path) -> None:
    run = json.loads((reports / "two/run.json").read_text())
    assert run["libraries"]["flask"]

    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (reports / "two").iterdir():
        (copy / path.name).symlink_to(path)
    (copy / "run.json").unlink()
    (copy / "run.json").write_text(json.dumps(run | {"libraries": {"flask": "0.1"}}))
    done = perfkit(tmp_path, "compare", str(reports / "one"), "copy", "--out", str(tmp_path / "out"))

    assert done.returncode == 8
    assert "different libraries: " in done.stderr
    assert "--allow" in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_can_be_asked_no_more_is_not_held_against_what_can(reports: Path, tmp_path: Path) -> None:
    top = reports.parent / "shop"

    alone = perfkit(reports.parent, "compare", "reports/one", "reports")
    mixed = perfkit(top, "compare", "../reports/one", "HEAD", "--scenario", "shop.yaml", "--out", str(tmp_path))

    assert (alone.returncode, mixed.returncode) == (2, 8)
    said = " ".join(alone.stderr.replace("│", " ").split())  # typer draws a box around it
    assert "only two run directories can be compared without a scenario" in said
    assert "is a run on record: nothing can be asked of it any more" in mixed.stderr
