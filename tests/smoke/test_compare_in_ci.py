"""The recipes of the pages, to the letter: workflow and script of docs/guides/comparing-in-ci.md, README's comparisons."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compare.repositories import commit, git, repository
from tests.test_docs import blocks

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/comparing-in-ci.md"
PORT = 8769
APPLICATION = """
import sqlite3


def app(environ, start_response):
    with sqlite3.connect(":memory:") as database:
        rows = [database.execute("SELECT ?", (number,)).fetchone() for number in range(1)]
    start_response("200 OK", [("Content-Length", "4"), ("Content-Type", "text/plain")])
    return [b"done"]
"""
# Everything that the guide's own scenario says, with as little time as there can be.
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch:
    command: [gunicorn, "shop:app", --workers, "1", --bind, 127.0.0.1:{PORT}]
    cwd: FOLDER
get: [/orders]
load: [{{rate: 20/s, for: 4s}}]
compare: {{budget: 1s, restarts: 1, bursts: [2], gate: [statements, bytes]}}
profiling: {{for: 2s}}
"""
RUNS_WHERE_IT_STANDS = {"actions/checkout@v4", "actions/setup-python@v5", "actions/cache@v4", "actions/upload-artifact@v4"}
GH = """\
#!/bin/sh
echo "$@" > "$RECORD"
while [ "$1" != --body-file ]; do shift; done
cat "$2" >> "$RECORD"
"""


def script() -> str:
    """perf/compare.sh, as the page prints it."""
    (found,) = [text for text in blocks(GUIDE, "sh") if text.startswith("#!/bin/sh")]
    return found


def workflow() -> Any:
    (found,) = [tree for text in blocks(GUIDE, "yaml") if "jobs" in (tree := yaml.safe_load(text))]
    return found


@dataclass(frozen=True)
class Job:
    """What came of a job: the exit code of each step that ran, in their order, by its name."""

    workspace: Path
    codes: Mapping[str, int]
    summary: str
    comment: str
    log: str

    @property
    def succeeded(self) -> bool:
        return not any(code for name, code in self.codes.items() if name != "Comment")


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service with a commit on main; on `slower` it asks the database for two things more, on `same` nothing but a comment."""
    folder = repository(
        tmp_path_factory.mktemp("ci") / "shop",
        {
            "shop.py": APPLICATION, "perf/shop.yaml": SCENARIO.replace("FOLDER", ".."), "perf/compare.sh": script(),
            "shop.yaml": SCENARIO.replace("FOLDER", "."), ".gitignore": "__pycache__/\nperf/reports/\nreports/\n",
        },
    )  # fmt: skip
    for branch, changed in (("slower", APPLICATION.replace("range(1)", "range(3)")), ("same", APPLICATION + "# a word\n")):
        git(folder, "checkout", "-q", "-b", branch, "main")
        commit(folder, {"shop.py": changed})
    return folder


def environment(folder: Path) -> dict[str, str]:
    """A runner's: nothing of perfkit in the PATH but what the recipe puts there."""
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if Path(part) != Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "BASE", "INCONCLUSIVE"}}
    return kept | {"PATH": path, "XDG_CACHE_HOME": str(folder / "cache")}


def filled(text: str, values: Mapping[str, str]) -> str:
    """With GitHub's expressions filled in; one that is not known is a KeyError."""
    return re.sub(r"\$\{\{ *(.+?) *\}\}", lambda found: values[found[1]], text)


def carried_out(top: Path, branch: str, folder: Path) -> Job:
    """The job as a runner would: every `run` by `bash -e`; checkouts are clones, perfkit's own is this one."""
    workspace = folder / "workspace"
    git(folder, "clone", "-q", "--branch", branch, str(top), str(workspace))
    (workspace / "perfkit").symlink_to(ROOT)
    programs = folder / "programs"
    programs.mkdir()
    (programs / "gh").write_text(GH)
    (programs / "gh").chmod(stat.S_IRWXU)
    around = environment(folder) | {name: str(folder / name) for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY", "RECORD")}
    around["PATH"] = os.pathsep.join((str(programs), around["PATH"]))
    values = {
        "github.event.pull_request.base.sha": git(top, "rev-parse", "main"), "github.token": "t", "github.event.number": "7",
    }  # fmt: skip
    codes: dict[str, int] = {}
    log = ""
    for step in steps():
        if any(codes.values()) and step.get("if") != "always()":
            continue
        own = {name: filled(value, values) for name, value in step.get("env", {}).items()}
        line = ["bash", "-e", "-c", filled(step["run"], values)]
        done = subprocess.run(line, cwd=workspace, env=around | own, capture_output=True, text=True, check=False, timeout=280)
        codes[step["name"]] = done.returncode
        log += done.stdout + done.stderr
        added = folder / "GITHUB_PATH"
        if added.exists():
            around["PATH"] = os.pathsep.join((*added.read_text().split(), around["PATH"]))
            added.unlink()
    read = {name: (folder / name).read_text() if (folder / name).exists() else "" for name in ("GITHUB_STEP_SUMMARY", "RECORD")}
    return Job(workspace, codes, read["GITHUB_STEP_SUMMARY"], read["RECORD"], log)


def steps() -> Iterator[dict[str, Any]]:
    """Those that run something; the others are the runner's own."""
    for step in workflow()["jobs"]["compare"]["steps"]:
        if "run" in step:
            yield step
        else:
            assert step["uses"] in RUNS_WHERE_IT_STANDS


def test_a_pull_request_that_asks_the_database_for_more_fails_with_its_reason_in_the_comment(top: Path, tmp_path: Path) -> None:
    job = carried_out(top, "slower", tmp_path)

    assert job.codes == {"Set perfkit up": 0, "Compare": 1, "Summary": 0, "Comment": 0}, job.log
    assert "statements 1 → 3" in job.summary
    assert job.comment.startswith("pr comment 7 --body-file perf/reports/summary.md")
    assert "statements 1 → 3" in job.comment
    assert "performance: slower than " in job.log
    uploaded = workflow()["jobs"]["compare"]["steps"][-1]["with"]["path"]
    assert {path.name for path in (job.workspace / uploaded).rglob("*")} >= {"report.html", "comparison.json", "junit.xml"}


def test_the_first_step_of_the_workflow_fetches_the_whole_history() -> None:
    assert workflow()["jobs"]["compare"]["steps"][0] == {"uses": "actions/checkout@v4", "with": {"fetch-depth": 0}}


def test_the_script_lets_a_change_through_that_changes_nothing_and_says_so(top: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    git(tmp_path, "clone", "-q", "--branch", "same", str(top), str(workspace))
    around = environment(tmp_path)
    around["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), around["PATH"]))

    done = subprocess.run(
        ["sh", "perf/compare.sh", "origin/main"],
        cwd=workspace,
        env=around,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    unknown = subprocess.run(
        ["sh", "perf/compare.sh", "nowhere"], cwd=workspace, env=around, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "performance: not slower than origin/main"
    assert unknown.returncode == 8
    assert (workspace / "perf/reports/summary.md").read_text().startswith("## ✓")


def test_the_comparisons_of_the_readme_work_in_a_repository_with_such_a_scenario(top: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    git(tmp_path, "clone", "-q", "--branch", "slower", str(top), str(workspace))
    git(workspace, "branch", "-q", "main", "origin/main")
    section = (ROOT / "README.md").read_text().split("## Did I just make it slower?")[1]
    (text,) = re.findall(r"^```sh\n(.*?)^```", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)
    around = environment(tmp_path)
    around["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), around["PATH"]))

    done = [
        subprocess.run(["sh", "-c", line], cwd=workspace, env=around, capture_output=True, text=True, check=False, timeout=280)
        for line in text.splitlines()
    ]

    assert [one.returncode for one in done] == [1, 1], [one.stderr for one in done]
    assert all("statements 1 → 3" in one.stdout for one in done)
    kinds = [
        json.loads(path.read_text())["comparison"]["head"]["kind"] for path in sorted(workspace.glob("reports/*/comparison.json"))
    ]
    assert sorted(kinds) == ["revision", "worktree"]


def test_make_compares_the_working_tree_with_a_base(top: Path, tmp_path: Path) -> None:
    git(top, "checkout", "-q", "slower")
    options = f"COMPARE_OPTIONS=--tiers 0 --out {tmp_path / 'reports'}"
    line = ["make", "-C", str(ROOT), "perf-compare", "BASE=main", f"SCENARIO={top / 'shop.yaml'}", options]

    done = subprocess.run(line, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=280)

    assert done.returncode == 2  # make's own, of whatever is not 0
    assert "statements 1 → 3" in done.stdout
    assert "Error 1" in done.stderr
