"""perfkit history from end to end: real comparisons' files, a branch that two clones share, and the page in a browser."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from perfkit.compare import contract
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.settings import Settings
from perfkit.compare.subject import Subject, Version
from tests.compare.history.histories import CONDITIONS
from tests.compare.repositories import WHO, commit, git, repository
from tests.compare.tables import Endpoint, some_pairs
from tests.smoke.test_report_in_browser import CHROMIUM, QUIET

SLOWER_FROM = 8
COMMITS = 14


def perfkit(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "perfkit", "history", *map(str, arguments)]
    environment = os.environ | WHO | {"COLUMNS": "160", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


def compared(reports: Path, number: int, name: str, base: str) -> Path:
    """A comparison that was really judged and written, of pairs that were drawn: 6 % slower from one commit on."""
    change = 0.06 if number >= SLOWER_FROM else 0.0
    pairs = some_pairs(Endpoint(change=change), Endpoint("GET /products"), blocks=24, per_block=12, seed=number, noise=0.005)
    subject = Subject(
        f"2026{number:04}-compare-shop", "shop", f"2026-01-{number + 1:02}T10:15:00+00:00",
        Version("revision", "v1.4", base), Version("revision", "HEAD", name), conditions=CONDITIONS,
    )  # fmt: skip
    folder = reports / subject.id
    folder.mkdir(parents=True)
    written = contract.written(judge(Observed(pairs), Settings()), subject, 0)
    (folder / "comparison.json").write_text(written)
    return folder


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """Two clones of a repository whose first commit is v1.4; one compared the even commits with it, one the odd ones."""
    top = tmp_path_factory.mktemp("history")
    first = repository(top / "first", {"a.txt": "0", ".gitignore": "reports/\n"})
    names = [git(first, "rev-parse", "HEAD"), *(commit(first, {"a.txt": str(number)}) for number in range(1, COMMITS + 1))]
    git(first, "tag", "v1.4", names[0])
    git(first, "clone", "-q", "--bare", str(first), str(top / "origin.git"))
    git(first, "remote", "add", "origin", str(top / "origin.git"))
    git(first, "clone", "-q", str(top / "origin.git"), str(top / "second"))
    for number in range(1, COMMITS + 1):
        compared((first, top / "second")[number % 2] / "reports", number, names[number], names[0])
    return first, top / "second", names


def test_two_clones_share_a_branch_and_see_the_same_history(clones: tuple[Path, Path, list[str]]) -> None:
    first, second, names = clones
    before = [(git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")) for clone in (first, second)]

    for clone in (first, second):
        done = perfkit(clone, "add", *sorted((clone / "reports").iterdir()), "--to", "branch:perf-data")
        assert done.returncode == 0, done.stderr
    git(first, "push", "-q", "origin", "perf-data")
    with pytest.raises(subprocess.CalledProcessError):  # the other one was first
        git(second, "push", "-q", "origin", "perf-data")
    git(second, "fetch", "-q", "origin")
    again = perfkit(second, "add", next((second / "reports").iterdir()), "--to", "branch:perf-data")
    git(second, "push", "-q", "origin", "perf-data")
    git(first, "fetch", "-q", "origin")

    assert "is there already" in again.stdout
    assert [(git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")) for clone in (first, second)] == before
    shown = [
        perfkit(clone, "--from", "branch:perf-data", "--out", clone / "reports" / "h", "--fail-on-regression")
        for clone in (first, second)
    ]
    assert [one.returncode for one in shown] == [1, 1], shown
    assert "GET /orders became slower" in shown[0].stdout
    told: list[Any] = [json.loads((clone / "reports" / "h" / "history.json").read_text()) for clone in (first, second)]
    assert told[0] == told[1]
    assert told[0]["order"] == "repository"
    orders = next(one for one in told[0]["series"] if one["endpoint"] == "GET /orders")
    assert [point["commit"] for point in orders["points"]] == names[1:]
    change = next(one for one in told[0]["change_points"] if one["endpoint"] == "GET /orders")
    assert names.index(change["after"]) < SLOWER_FROM <= names.index(change["until"])
    assert change["interval"][0] < 0.06 < change["interval"][1]
    assert "GET /products" not in {one["endpoint"] for one in told[0]["change_points"]}


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs {CHROMIUM}")
def test_the_page_draws_every_series_in_a_browser(clones: tuple[Path, Path, list[str]]) -> None:
    first, _, names = clones
    assert perfkit(first, "reports", "--out", "page").returncode == 0
    complaints: list[str] = []

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        tab = browser.new_page(viewport={"width": 1300, "height": 1000})
        tab.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        tab.goto((first / "page" / "history.html").as_uri())
        for place in tab.locator(".plot").all():
            place.scroll_into_view_if_needed()
        expect(tab.locator(".plot:not([data-state=drawn])")).to_have_count(0, timeout=20_000)
        ticks = tab.locator(".plot").first.locator(".xtick").all_text_contents()
        browser.close()

    assert complaints == []
    assert names[2][:7] in ticks
