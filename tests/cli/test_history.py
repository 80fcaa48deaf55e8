"""perfkit history: what a person types, is told, and gets as an exit code."""

import json
import sys
from pathlib import Path

import pytest

from perfkit.cli import main as program
from tests.compare.history.histories import a_report, some_entries
from tests.compare.repositories import git, repository


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of 20 commits as fast as the anchor, and 12 that are 5 % slower."""
    monkeypatch.chdir(tmp_path)
    for at, entry in enumerate(some_entries([0.0] * 20 + [0.05] * 12, error=0.006)):
        a_report(tmp_path / "reports" / f"{at:02}-compare-shop", entry)
    return tmp_path / "reports"


def perfkit(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["perfkit", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        program.main()
    return ended.value.code


def test_reports_are_read_unless_something_else_is_named(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = perfkit(monkeypatch, "history")

    assert code == 0
    assert "Slower than v1.4 (aaaaaaa) by more than 3 %: GET /orders +" in capsys.readouterr().out
    written = json.loads((reports / "history" / "history.json").read_text())
    assert (written["regressed"], written["exit_code"]) == (["GET /orders"], 0)
    assert (reports / "history" / "history.html").stat().st_size > 10_000


def test_a_regression_fails_where_it_is_asked_to(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [
        perfkit(monkeypatch, "history", reports, "--fail-on-regression"),
        perfkit(monkeypatch, "history", reports, "--fail-on-regression", "--margin", "8%"),
        perfkit(monkeypatch, "history", "show", reports),
    ]

    assert codes == [1, 0, 0]
    assert "became slower" in capsys.readouterr().out


def test_a_comparison_is_added_once_and_read_from_there(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    top = repository(reports.parent / "repo", {"a.txt": "one"})
    folders = sorted(reports.iterdir())
    assert perfkit(monkeypatch, "history", "add", *folders[:3], "--to", "branch:perf-data", "--repository", top) == 0
    assert perfkit(monkeypatch, "history", "add", folders[2], "--to", "branch:perf-data", "--repository", top) == 0

    said = capsys.readouterr().out.splitlines()
    pushed = "share it with: git push origin perf-data"
    assert [line.rpartition(": ")[2] for line in said if line != pushed] == ["added"] * 3 + ["is there already"]
    assert said.count(pushed) == 2
    assert perfkit(monkeypatch, "history", "--from", "branch:perf-data", "--repository", top, "--out", reports / "h") == 0
    assert "3 commits" in capsys.readouterr().out
    assert git(top, "status", "--porcelain") == ""


def test_a_folder_without_anything_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert perfkit(monkeypatch, "history", tmp_path) == 5
    assert "perfkit compare v1.4 HEAD" in capsys.readouterr().err
    assert perfkit(monkeypatch, "history", tmp_path / "nowhere") == 5
    assert "--from branch:perf-data" in capsys.readouterr().err


def test_help_names_both_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert perfkit(monkeypatch, "history", "--help") == 0
    told = capsys.readouterr().out
    assert "show" in told
    assert "add" in told
