"""Two versions that cannot be compared, or should not be: each case has its own sentence and exit code, from the command line."""

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest

from tests.compare.repositories import commit, git, repository

PORT = 8770
APPLICATION = """
    import http.server, sys
    import wares

    ORDERS = ["first"]


    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = {"/orders": ",".join(ORDERS), "/products": wares.NAME}
            self.reply(200 if self.path in known else 404, known.get(self.path, "nothing"))

        def do_POST(self):
            ORDERS.append("another")
            self.reply(201, "ordered")

        def reply(self, status, text):
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())


    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SCENARIO = f"""\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [python, app.py, "{PORT}"], ready: {{http: /orders}}}}
flows:
  look: [get: /orders, get: /products]
load: [{{rate: 20/s, for: 4s}}]
compare:
  prepare: [[pip, install, -q, --no-index, --disable-pip-version-check, -r, requirements.txt]]
  budget: 1s
  restarts: 1
  bursts: []
"""
Compared: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


def a_wheel(path: Path, version: str) -> None:
    """A library that can be installed without a network and without being built."""
    about = f"wares-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("wares.py", f'NAME = "wares"  # {version}\n')
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: wares\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")


def wanting(version: str) -> str:
    return f"./vendor/wares-{version}-py3-none-any.whl\n"


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`one`, and a tag for each way in which another version may not be held against it."""
    text = textwrap.dedent(APPLICATION)
    folder = repository(tmp_path_factory.mktemp("bad") / "shop", {"app.py": text, ".gitignore": "__pycache__/\n"})
    (folder / "vendor").mkdir()
    a_wheel(folder / "vendor/wares-1.0-py3-none-any.whl", "1.0")
    commit(folder, {"shop.yaml": SCENARIO, "requirements.txt": wanting("1.0")})
    git(folder, "tag", "one")
    versions = {
        "not-built": {"requirements.txt": wanting("3.0")},
        "not-started": {"app.py": "import a_module_that_is_not_there\n"},
        "without-products": {"app.py": text.replace('"/products": wares.NAME', "")},
        "with-state": {"app.py": text.replace("known = {", 'ORDERS.append("seen"); known = {')},
    }
    for name, files in versions.items():
        git(folder, "checkout", "-q", "one")
        commit(folder, files)
        git(folder, "tag", name)
    git(folder, "checkout", "-q", "main")
    return folder


@pytest.fixture
def compared(top: Path, tmp_path: Path) -> Compared:
    """The command, with a cache of environments that all tests share."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "perfkit", "compare", *arguments, "--scenario", str(top / "shop.yaml")]
        environment = os.environ | {"XDG_CACHE_HOME": str(top.parent / "cache"), "COLUMNS": "200"}
        return subprocess.run(
            [*line, "--out", str(tmp_path / "reports")], env=environment, cwd=top, capture_output=True, text=True, check=False,
            timeout=280,
        )  # fmt: skip

    return run


def written(tmp_path: Path) -> Any:
    (path,) = tmp_path.glob("reports/*/comparison.json")
    return json.loads(path.read_text())


def environments(top: Path) -> int:
    return len(list((top.parent / "cache/perfkit/environments").glob("*/perfkit.json")))


def test_versions_with_one_lock_file_share_an_environment_and_an_endpoint_that_is_gone_is_said_first(
    top: Path, compared: Compared, tmp_path: Path
) -> None:
    done = compared("one", "without-products", "--tiers", "0,1")

    assert done.returncode == 8, done.stderr
    assert environments(top) == 1
    assert "do not answer alike (GET /products)" in done.stdout.splitlines()[0]
    gone = {one["counter"]: one for one in written(tmp_path)["counters"] if one["endpoint"] == "GET /products"}
    assert gone["exists"]["detail"] == "only the base has this endpoint"
    assert (gone["exists"]["outcome"], gone["exists"]["gated"]) == ("different", True)


@pytest.mark.parametrize(
    ("head", "sentence", "last_words"),
    [
        ("not-built", "it cannot be built: `pip install", "wares-3.0-py3-none-any.whl"),
        ("not-started", "the target ended with exit code 1 before it was ready", "No module named 'a_module_that_is_not_there'"),
    ],
)
def test_a_version_that_does_not_come_up_is_named_with_its_last_words(
    compared: Compared, head: str, sentence: str, last_words: str
) -> None:
    done = compared("one", head, "--tiers", "0")

    assert done.returncode == 8
    assert f"head, {head} (" in done.stderr
    assert sentence in done.stderr
    assert last_words in done.stderr


def test_state_that_one_version_changes_does_not_reach_the_other(compared: Compared, tmp_path: Path) -> None:
    done = compared("one", "with-state", "--tiers", "0")

    assert done.returncode in (0, 1), done.stderr  # what grows within a version is no constant that could be held against it
    (path,) = tmp_path.glob("reports/*/counters.parquet")
    orders = pl.read_parquet(path).filter(pl.col("endpoint").cast(pl.String) == "GET /orders")
    sizes = {str(side): rows["bytes"].n_unique() for (side,), rows in orders.group_by("side")}
    assert sizes["base"] == 1
    assert sizes["head"] > 1


def test_a_dirty_baseline_is_refused_until_it_is_allowed(top: Path, compared: Compared, tmp_path: Path) -> None:
    (top / "notes").write_text("not committed")
    try:
        refused = compared(".", "one", "--tiers", "0")
        allowed = compared(".", "one", "--tiers", "0", "--allow")
    finally:
        (top / "notes").unlink()

    assert refused.returncode == 8
    assert "the working tree has uncommitted changes (notes): it cannot be the baseline" in refused.stderr
    assert allowed.returncode == 0, allowed.stderr
    assert written(tmp_path)["comparison"]["differences"] == [
        "the baseline has uncommitted changes (notes), and will not be there again"
    ]
