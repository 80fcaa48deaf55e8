"""Instructions of two commits of a real service, counted by valgrind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compare.repositories import commit, git, repository

PORT = 8768
APPLICATION = """
TURNS = {"/work": 2000, "/rest": 2000}


def app(environ, start_response):
    sum(number * number for number in range(TURNS[environ.get("PATH_INFO")]))
    start_response("200 OK", [("Content-Length", "4"), ("Content-Type", "text/plain")])
    return [b"done"]
"""
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --bind, "127.0.0.1:{PORT}"], ready: {{http: /rest}}}}
get: [/work, /rest]
load: [{{rate: 20/s, for: 4s}}]
compare: {{gate: [instructions], margin: 2%}}
profiling: {{for: 2s}}
"""


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`one`, and on main a tenth more turns for /work."""
    files = {"app.py": APPLICATION, "shop.yaml": SCENARIO, ".gitignore": "__pycache__/\n"}
    folder = repository(tmp_path_factory.mktemp("instructions") / "shop", files)
    git(folder, "tag", "one")
    commit(folder, {"app.py": APPLICATION.replace('"/work": 2000', '"/work": 2200')})
    return folder


def compared(top: Path, *arguments: str, path: str | None = None) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = top.parent / f"reports-{len(list(top.parent.iterdir()))}"
    line = [sys.executable, "-m", "perfkit", "compare", *arguments, "--scenario", str(top / "shop.yaml"), "--out", str(out)]
    environment = os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache")} | ({"PATH": path} if path else {})
    done = subprocess.run(line, env=environment, cwd=top.parent, capture_output=True, text=True, check=False, timeout=280)
    return done, next(iter(out.iterdir()))


def test_a_tenth_more_work_is_counted_exactly_and_the_other_endpoint_is_left_alone(top: Path) -> None:
    done, folder = compared(top, "one", "main", "--tiers", "0", "--instructions")

    assert done.returncode == 1, done.stderr
    written = json.loads((folder / "comparison.json").read_text())
    (change,) = [one for one in written["counters"] if one["counter"] == "instructions"]
    assert (change["endpoint"], change["outcome"], change["gated"]) == ("GET /work", "regressed", True)
    details = {one["endpoint"]: one for one in json.loads((folder / "counter_details.json").read_text())["instructions"]}
    more = details["GET /work"]["head"] - details["GET /work"]["base"]
    assert 200 * 50 < more < 200 * 2_000  # for 200 turns more of a generator expression, on any CPython
    rest = details["GET /rest"]
    assert abs(rest["head"] - rest["base"]) < 0.003 * rest["base"] + rest["clockwork"]
    assert rest["clockwork"] < 0.06 * rest["base"]  # a look of gunicorn's every second is 36,000
    assert not (folder / ".work").exists()


def test_without_valgrind_everything_else_is_compared_and_the_cure_is_named(top: Path, tmp_path: Path) -> None:
    for program in ("git", "sh"):
        found = subprocess.run(["which", program], capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / program).symlink_to(found)

    done, _ = compared(top, "one", "one", "--tiers", "0", "--instructions", path=str(tmp_path))

    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())  # lines are broken where the terminal ends
    assert "instructions were not counted: there is no valgrind: install it with `sudo apt-get install valgrind`" in told
