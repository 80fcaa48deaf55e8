"""A comparison that ends before its time, in whatever tier: it says so, and nothing of it is left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.compare.repositories import commit, git, repository

PORT = 8767
APPLICATION = """\
import time


def app(environ, start_response):
    time.sleep(0.002)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
SCENARIO = f"""\
perfkit: 1
name: small
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"]}}
get: [/]
load: [{{rate: 20/s, for: 10s}}]
compare: {{bursts: [2]}}
"""
LONG = 120.0
# Of 15 s that a start is measured for at most half is spent on warming up; the first blocks follow.
WARM_AND_MORE = 12.0


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """`one`, and a version after it that sleeps for 8 ms instead of 2."""
    folder = repository(tmp_path / "small", {"app.py": APPLICATION, "small.yaml": SCENARIO, ".gitignore": "__pycache__/\n"})
    git(folder, "tag", "one")
    commit(folder, {"app.py": APPLICATION.replace("0.002", "0.008")})
    git(folder, "tag", "slower")
    return folder


class Comparing:
    """`perfkit compare` under way."""

    def __init__(self, top: Path, *arguments: str) -> None:
        self.top = top
        self.reports = top.parent / "reports"
        line = [sys.executable, "-m", "perfkit", "compare", *arguments]
        self.process = subprocess.Popen(
            [*line, "--scenario", str(top / "small.yaml"), "--out", str(self.reports)],
            env=os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache")}, cwd=top.parent,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        for path in self.reports.glob("*/state.json"):
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        return {}

    def await_tier(self, name: str) -> None:
        until = time.monotonic() + LONG
        while self.state().get("tier") != name:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < until, f"it never came to {name}"
            time.sleep(0.05)

    def ended(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=LONG)
        return self.process.returncode, said

    def living(self) -> list[int]:
        """Processes in its checkouts, whoever their parent is."""
        found: list[int] = []
        for process in psutil.process_iter():
            try:
                if process.cwd().startswith(str(self.reports)) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found

    def require_nothing_left(self) -> None:
        assert self.living() == []
        assert list(self.reports.glob("*/.work")) == []
        assert git(self.top, "worktree", "list").count("\n") == 0
        assert list((self.top.parent / "cache/perfkit/comparisons").glob("*")) == []


@pytest.fixture
def started(top: Path) -> Iterator[list[Comparing]]:
    """Whatever a test has started is ended with it."""
    running: list[Comparing] = []
    yield running
    for one in running:
        one.process.kill()
        one.process.wait()
        if one.process.stdout is not None:
            one.process.stdout.close()


@pytest.mark.parametrize(("number", "name"), [(0, "counting"), (1, "alternating"), (2, "sending bursts")])
def test_an_interrupt_in_any_tier_leaves_nothing(top: Path, started: list[Comparing], number: int, name: str) -> None:
    comparing = Comparing(top, "one", "one", "--tiers", str(number), "--budget", "10m")
    started.append(comparing)
    comparing.await_tier(name)
    assert comparing.living()

    comparing.process.send_signal(signal.SIGINT)
    code, said = comparing.ended()

    assert code == 130, said
    assert "Traceback" not in said
    assert comparing.state()["state"] == "interrupted"
    comparing.require_nothing_left()


def interrupted(comparing: Comparing, tier: str) -> dict[str, Any]:
    """comparison.json of one that is interrupted when the tier has some blocks."""
    comparing.await_tier(tier)
    time.sleep(WARM_AND_MORE)
    comparing.process.send_signal(signal.SIGINT)
    code, said = comparing.ended()

    assert code == 130, said
    (written,) = comparing.reports.glob("*/comparison.json")
    content: dict[str, Any] = json.loads(written.read_text())
    assert content["exit_code"] == 130
    return content


def test_an_interrupt_amid_the_alternation_loses_nothing_but_the_block_under_way(top: Path, started: list[Comparing]) -> None:
    comparing = Comparing(top, "one", "slower", "--tiers", "1,2", "--budget", "60s", "--no-why")
    started.append(comparing)

    content = interrupted(comparing, "alternating")

    (endpoint,) = content["endpoints"]
    assert 2 <= endpoint["restarts"][0]["blocks"] <= 30
    assert endpoint["restarts"][0]["change"] > 0.5
    assert "bursts: the comparison was interrupted before" in content["missing"]
    assert any(one.startswith("alternation: it was interrupted with") for one in content["missing"])
    comparing.require_nothing_left()


def test_an_interrupt_amid_the_bursts_keeps_those_that_were_measured(top: Path, started: list[Comparing]) -> None:
    comparing = Comparing(top, "one", "slower", "--tiers", "2", "--budget", "60s", "--no-why")
    started.append(comparing)

    content = interrupted(comparing, "sending bursts")

    (median,) = (test for test in content["tests"] if test["metric"] == "burst_2_median")
    assert 2 <= median["blocks"] <= 200
    assert median["change"] > 0.5
    assert any(one.startswith("bursts: it was interrupted with") for one in content["missing"])
    comparing.require_nothing_left()


def test_what_a_killed_comparison_leaves_the_next_one_clears_and_says_so(top: Path, started: list[Comparing]) -> None:
    killed = Comparing(top, "one", "one", "--tiers", "1", "--budget", "10m")
    started.append(killed)
    killed.await_tier("alternating")

    killed.process.kill()
    killed.process.wait()
    following = Comparing(top, "one", "nowhere")
    started.append(following)
    code, said = following.ended()

    assert code == 8, said
    assert "2 worktrees" in said
    following.require_nothing_left()


def test_a_regression_beyond_the_margin_ends_it_early(top: Path, started: list[Comparing]) -> None:
    comparing = Comparing(top, "one", "slower", "--tiers", "1,2", "--budget", "60s", "--no-why")
    started.append(comparing)

    code, said = comparing.ended()

    assert code == 1, said
    (written,) = comparing.reports.glob("*/comparison.json")
    content = json.loads(written.read_text())
    assert content["stopped_early"]
    assert len(content["endpoints"][0]["restarts"]) < 4
    assert "bursts: the alternation had found a regression beyond the margin" in content["missing"]
    comparing.require_nothing_left()
