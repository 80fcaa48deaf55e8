"""Two versions of a real service, built from real commits, both up at once, and nothing left of them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil
import pytest

from perfkit.compare import cleanup, ports, sides, sources
from perfkit.compare.side import Pair, Side
from perfkit.compare.sides import Options
from perfkit.errors import ComparisonError
from perfkit.scenario.address import address
from perfkit.scenario.model import Scenario
from tests.compare.repositories import commit, git, repository

REPOSITORY = Path(__file__).parents[2]
PORT = 8765
APPLICATION = """
    import os, sqlite3
    from flask import Flask, jsonify

    app = Flask(__name__)
    VERSION = "one"


    @app.get("/")
    def home():
        with sqlite3.connect(os.environ["SHOP"]) as database:
            orders = database.execute("SELECT count(*) FROM orders").fetchone()[0]
        return jsonify(version=VERSION, orders=orders, pid=os.getpid(), seed=os.environ["PYTHONHASHSEED"], cwd=os.getcwd(),
                       side=os.environ["PERFKIT_SIDE"], cores=sorted(os.sched_getaffinity(0)))


    @app.post("/orders")
    def order():
        with sqlite3.connect(os.environ["SHOP"]) as database:
            database.execute("INSERT INTO orders VALUES (1)")
        return "", 201
"""
SEED = """
    import sqlite3, sys
    with sqlite3.connect(sys.argv[1]) as database:
        database.execute("CREATE TABLE orders (id)")
"""
FILES = {
    "shop/app.py": textwrap.dedent(APPLICATION),
    "shop/seed.py": textwrap.dedent(SEED),
    "shop/settings.py": "workers = 1\n",
    ".gitignore": "*.db\n__pycache__/\n",
}
LAUNCH: dict[str, Any] = {
    "command": ["gunicorn", "app:app", "-c", "settings.py", "--bind", f"127.0.0.1:{PORT}"],
    "env": {"SHOP": "shop.db"},
    "before": [["python", "seed.py", "shop.db"]],
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """`one` and, on main, the version after it."""
    folder = repository(tmp_path / "shop", FILES)
    git(folder, "tag", "one")
    commit(folder, {"shop/app.py": FILES["shop/app.py"].replace('"one"', '"two"')})
    return folder


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(cache=tmp_path / "cache")


def scenario(top: Path, compare: dict[str, Any] | None = None, **launch: Any) -> Scenario:
    described = {**LAUNCH, "cwd": str(top / "shop"), **launch}
    return Scenario.model_validate(
        {
            "perfkit": 1,
            "name": "shop",
            "target": {"base_url": f"http://127.0.0.1:{PORT}", "launch": described},
            "get": ["/"],
            "load": [{"users": 1, "iterations": 1}],
            "compare": compare or {},
        }
    )


def opened(top: Path, options: Options, base: str = "one", head: str = "main", **changes: Any) -> AbstractContextManager[Pair]:
    directory = top.parent / "reports/20261123-101500-compare"
    return sides.opened(sources.read(base, top), sources.read(head, top), scenario(top, **changes), directory, options)


def said(side: Side, **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{side.scenario.target.base_url}/", headers=headers, trust_env=False).json()
    return answer


def until(holds: Callable[[], bool], limit: float = 30.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def marked(top: Path) -> list[int]:
    """Every process that lives in the checkouts, whoever its parent is."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(top.parent)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def require_nothing_left(top: Path, options: Options) -> None:
    assert marked(top) == []
    assert git(top, "worktree", "list").count("\n") == 0
    assert not (top.parent / "reports/20261123-101500-compare/.work").exists()
    assert options.cache is not None
    assert list((options.cache / "comparisons").glob("*")) == []


def test_two_revisions_are_up_with_their_own_code_and_data_on_the_same_cores(top: Path, options: Options) -> None:
    before = os.sched_getaffinity(0)

    with opened(top, options) as pair:
        assert [said(side)["version"] for side in (pair.base, pair.head)] == ["one", "two"]
        httpx.post(f"{pair.base.scenario.target.base_url}/orders", trust_env=False)
        answers = [said(side) for side in (pair.base, pair.head)]

        assert [answer["orders"] for answer in answers] == [1, 0]
        assert [answer["side"] for answer in answers] == ["base", "head"]
        assert len({len(answer["cwd"]) for answer in answers}) == 1
        assert [set(answer["cores"]) for answer in answers] == [pair.cores, pair.cores]
        assert os.sched_getaffinity(0) == pair.client_cores
        assert pair.differences == ()
        assert pair.base.alive()
        assert pair.head.alive()

    assert os.sched_getaffinity(0) == before
    assert (pair.base.directory.path / "target.log").exists()
    require_nothing_left(top, options)


def test_every_request_has_its_trace_on_its_own_side(top: Path, options: Options) -> None:
    with opened(top, options) as pair:
        for number in (1, 2, 3):
            said(pair.base, **{"x-perfkit-id": f"{number:016x}"})
        said(pair.head, **{"x-perfkit-id": f"{9:016x}"})
        base, head = pair.base.traces(), pair.head.traces()
        pair.restart()
        said(pair.base, **{"x-perfkit-id": f"{4:016x}"})
        later = pair.base.traces()

    assert [trace for trace in base["id"].to_list() if trace] == [1, 2, 3]
    assert [trace for trace in head["id"].to_list() if trace] == [9]
    assert sorted(trace for trace in later["id"].to_list() if trace) == [1, 2, 3, 4]
    assert base.filter(base["id"] == 1)["statements"].to_list() == [1]


def test_restarts_keep_the_data_exchange_the_ports_and_change_processes_and_hash_seed_alike(top: Path, options: Options) -> None:
    with opened(top, options) as pair:
        httpx.post(f"{pair.head.scenario.target.base_url}/orders", trust_env=False)
        starts = [[said(side) for side in (pair.base, pair.head)]]
        urls = [[side.scenario.target.base_url for side in (pair.base, pair.head)]]

        for _ in range(3):
            assert pair.restart()
            starts.append([said(side) for side in (pair.base, pair.head)])
            urls.append([side.scenario.target.base_url for side in (pair.base, pair.head)])

        assert [[answer["version"] for answer in start] for start in starts] == [["one", "two"]] * 4
        assert [[answer["orders"] for answer in start] for start in starts] == [[0, 1]] * 4
        assert [[answer["seed"] for answer in start] for start in starts] == [[str(seed)] * 2 for seed in range(4)]
        assert len({answer["pid"] for start in starts for answer in start}) == 8
        assert urls == [urls[0], urls[0][::-1], urls[0][::-1], urls[0]]
        assert all(set(answer["cores"]) == pair.cores for answer in starts[-1])
        assert os.sched_getaffinity(0) == pair.client_cores


def test_the_working_tree_is_compared_as_it_is(top: Path, options: Options) -> None:
    (top / "shop/app.py").write_text("from other import app\n")
    (top / "shop/other.py").write_text(FILES["shop/app.py"].replace('"one"', '"in progress"'))
    (top / "shop/shop.db").write_text("the person's own data")

    with opened(top, options, "main", ".") as pair:
        assert [said(side)["version"] for side in (pair.base, pair.head)] == ["two", "in progress"]
        (top / "shop/other.py").write_text("changed while it was measured")
        pair.restart()
        assert said(pair.head)["version"] == "in progress"

    assert (top / "shop/shop.db").read_text() == "the person's own data"
    require_nothing_left(top, options)


def test_a_version_may_be_compared_with_itself(top: Path, options: Options) -> None:
    with opened(top, options, "main", "main") as pair:
        assert [said(side)["version"] for side in (pair.base, pair.head)] == ["two", "two"]


def test_a_version_that_does_not_start_is_named_with_its_last_words(top: Path, options: Options) -> None:
    commit(top, {"shop/app.py": "import a_module_that_is_not_there\n"})

    with pytest.raises(ComparisonError, match=r"head, main \(\w+\): the target ended") as raised, opened(top, options):
        pass

    assert "No module named 'a_module_that_is_not_there'" in raised.value.message
    require_nothing_left(top, options)


def test_a_folder_that_one_version_has_not_got_is_told(top: Path, options: Options) -> None:
    git(top, "mv", "shop", "store")
    commit(top, {})

    with pytest.raises(ComparisonError, match=r"head, main \(\w+\): it has no folder shop"), opened(top, options):
        pass

    require_nothing_left(top, options)


def test_versions_with_unlike_workers_are_refused_until_they_are_allowed(top: Path, options: Options) -> None:
    commit(top, {"shop/settings.py": "workers = 2\n"})

    with pytest.raises(ComparisonError, match="base has 1 serving processes, head has 2") as raised, opened(top, options):
        pass
    assert "--allow" in raised.value.hint

    with opened(top, Options(allow=True, cache=options.cache)) as pair:
        assert pair.differences == ("base has 1 serving processes, head has 2",)


def test_two_commands_run_on_copies_of_the_working_tree(top: Path, options: Options) -> None:
    command = f"cmd:gunicorn app:app --bind 127.0.0.1:{PORT} --threads "

    with opened(top, options, command + "1", command + "2") as pair:
        assert [said(side)["version"] for side in (pair.base, pair.head)] == ["two", "two"]
        pair.restart()
        assert said(pair.base)["cwd"] != said(pair.head)["cwd"]


def test_a_port_that_cannot_be_changed_is_refused_before_anything_starts(top: Path, options: Options) -> None:
    with (
        pytest.raises(ComparisonError, match="the port 8765 stands neither"),
        opened(top, options, command=["gunicorn", "app:app", "-c", "elsewhere.py"]),
    ):
        pass

    require_nothing_left(top, options)


def test_two_services_that_run_already_are_only_asked(top: Path, options: Options) -> None:
    with opened(top, options) as running:
        urls = [side.scenario.target.base_url for side in (running.base, running.head)]
        base, head = (sources.read(url, top) for url in urls)
        with sides.opened(base, head, scenario(top), top.parent / "urls", options) as pair:
            assert [said(side)["version"] for side in (pair.base, pair.head)] == ["one", "two"]
            assert not pair.restart()
            assert pair.base.traces().is_empty()
            assert any("never restarted" in caveat for caveat in pair.caveats)

        with pytest.raises(ComparisonError, match="the other one runs already"):
            sides.require_comparable(base, sources.read("main", top), options)
        assert said(running.base)["version"] == "one"


def test_a_service_that_does_not_run_is_named(top: Path, options: Options) -> None:
    (free,) = ports.free(1)
    nobody = sources.read(f"http://127.0.0.1:{free}", top)

    with (
        pytest.raises(ComparisonError, match=rf"base, http://127\.0\.0\.1:{free}: .* cannot be reached"),
        sides.opened(nobody, nobody, scenario(top), top.parent / "reports/20261123-101500-compare", options),
    ):
        pass

    require_nothing_left(top, options)


@pytest.fixture
def server(top: Path) -> dict[str, Any]:
    """A launch that needs nothing but the standard library."""
    code = f"""
        import http.server, sys
        import wares

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = (wares.NAME + " " + sys.prefix).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        http.server.HTTPServer(("127.0.0.1", {PORT}), Handler).serve_forever()
    """
    commit(top, {"shop/serve.py": textwrap.dedent(code).replace(str(PORT), "int(sys.argv[1])"), "src/wares.py": 'NAME = "old"\n'})
    git(top, "tag", "old")
    commit(top, {"src/wares.py": 'NAME = "new"\n'})
    return {"command": ["python", "serve.py", str(PORT)], "before": [], "env": {}}


def text(side: Side) -> str:
    return httpx.get(f"{side.scenario.target.base_url}/", trust_env=False).text


def test_an_editable_install_of_the_working_tree_does_not_stand_in_for_both_versions(
    top: Path, options: Options, server: dict[str, Any], tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (packages,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    (packages / "wares.pth").write_text(f"{top}/src\n")
    python = str(tmp_path / "venv/bin/python")
    server["command"] = [python, "serve.py", str(PORT)]

    with opened(top, options, "old", "main", **server) as pair:
        assert [text(side).split()[0] for side in (pair.base, pair.head)] == ["old", "new"]


def test_prepare_builds_one_environment_for_both_and_the_next_comparison_reuses_it(
    top: Path, options: Options, server: dict[str, Any], tmp_path: Path
) -> None:
    built = tmp_path / "built"
    install = f"import sys; open({str(built)!r}, 'a').write(sys.prefix + chr(10))"
    changes: dict[str, Any] = {**server, "env": {"PYTHONPATH": "../src"}, "compare": {"prepare": [["python", "-c", install]]}}

    for _ in range(2):
        with opened(top, options, "old", "main", **changes) as pair:
            answers = [text(side).split() for side in (pair.base, pair.head)]
            assert [answer[0] for answer in answers] == ["old", "new"]
            assert answers[0][1] == answers[1][1] == built.read_text().strip()
    commit(top, {"requirements.txt": "flask\n"})
    with opened(top, options, "old", "main", **changes) as pair:
        assert len({text(side).split()[1] for side in (pair.base, pair.head)}) == 2
    assert len(built.read_text().split()) == 2


def test_a_version_that_cannot_be_built_is_named_with_the_last_words(top: Path, options: Options, server: dict[str, Any]) -> None:
    fails = [["python", "-c", "import sys; sys.exit('no matching distribution')"]]

    with (
        pytest.raises(ComparisonError, match=r"base, old \(\w+\): it cannot be built: .* ended with exit code 1") as raised,
        opened(top, options, "old", "main", **server, compare={"prepare": fails}),
    ):
        pass

    assert "no matching distribution" in raised.value.message
    require_nothing_left(top, options)


WAITING = """
    import json, sys, time
    from pathlib import Path
    from perfkit.compare import sides, sources
    from perfkit.compare.sides import Options
    from perfkit.scenario.model import Scenario

    top, reports, cache, described = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    base, head = (sources.read(text, top) for text in ("one", "main"))
    with sides.opened(base, head, Scenario.model_validate_json(described), reports, Options(cache=cache)) as pair:
        print("up", flush=True)
        time.sleep(120)
"""


@pytest.fixture
def waiting(top: Path, options: Options) -> Iterator[subprocess.Popen[str]]:
    """A comparison in a process of its own, with both versions up."""
    arguments = [
        str(top),
        str(top.parent / "reports/20261123-101500-compare"),
        str(options.cache),
        scenario(top).model_dump_json(),
    ]
    line = [sys.executable, "-c", textwrap.dedent(WAITING), *arguments]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()


def test_an_interrupt_leaves_nothing(top: Path, options: Options, waiting: subprocess.Popen[str]) -> None:
    assert marked(top)

    waiting.send_signal(signal.SIGINT)
    waiting.wait(30)

    require_nothing_left(top, options)


def test_what_a_kill_leaves_the_next_comparison_clears(top: Path, options: Options, waiting: subprocess.Popen[str]) -> None:
    assert options.cache is not None
    records = options.cache / "comparisons"
    assert cleanup.recover(records) == ()

    waiting.kill()
    waiting.wait()

    (told,) = cleanup.recover(records)
    assert "2 worktrees" in told
    require_nothing_left(top, options)


def test_a_record_names_everything_before_it_is_made(top: Path, options: Options, waiting: subprocess.Popen[str]) -> None:
    assert options.cache is not None
    (record,) = (options.cache / "comparisons").glob("*.json")
    content = json.loads(record.read_text())

    assert content["owner"] == waiting.pid
    assert [Path(folder).name for _, folder in content["worktrees"]] == ["base", "head"]


def test_data_outside_both_versions_is_a_doubt(top: Path, options: Options) -> None:
    shared = {"SHOP": "shop.db", "DATABASE_URL": "postgresql://shop:hunter2@db.internal/shop"}

    with opened(top, options, env=shared) as pair:
        (caveat,) = (caveat for caveat in pair.caveats if "DATABASE_URL" in caveat)
        assert "hunter2" not in caveat

    apart = {**shared, "DATABASE_URL": "postgresql://db.internal/shop_${env.PERFKIT_SIDE}"}
    with opened(top, options, env=apart) as pair:
        assert not any("DATABASE_URL" in caveat for caveat in pair.caveats)


@pytest.mark.parametrize("inside", [True, False])
def test_each_version_listens_at_a_socket_of_its_own(top: Path, options: Options, *, inside: bool) -> None:
    # A path of 107 bytes at most: the test's own folder may be deeper than that.
    with tempfile.TemporaryDirectory(prefix="s") as short:
        repository_folder = Path(short).resolve() / "r"
        git(top.parent, "clone", "-q", str(top), str(repository_folder))
        socket = (repository_folder / "shop" if inside else Path(short).resolve()) / "app.sock"
        named = "app.sock" if inside else str(socket)
        described = scenario(repository_folder, command=["gunicorn", "app:app", "--bind", f"unix:{named}"])
        url = f"http+unix://{quote(str(socket), safe='')}"
        target = described.target.model_copy(update={"base_url": url})
        two = described.model_copy(update={"target": target})
        base, head = (sources.read(text, repository_folder) for text in ("one", "HEAD"))

        with sides.opened(base, head, two, Path(short) / "c", options) as pair:
            found: list[str] = []
            for side in (pair.base, pair.head):
                where = address(side.scenario.target.base_url).socket
                assert where is not None
                with httpx.Client(transport=httpx.HTTPTransport(uds=where)) as client:
                    found.append(client.get("http://localhost/").json()["version"])
            assert found == ["one", "two"]


def test_what_git_ignores_is_there_when_it_is_copied(top: Path, options: Options) -> None:
    (top / "shop/rows.db").write_text("rows")
    read = "import pathlib; assert pathlib.Path('rows.db').read_text() == 'rows'; pathlib.Path('rows.db').write_text('mine')"
    copied = {"copy_paths": [str(top / "shop/rows.db")]}

    with opened(top, options, before=[*LAUNCH["before"], ["python", "-c", read]], compare=copied) as pair:
        assert pair.base.alive()

    assert (top / "shop/rows.db").read_text() == "rows"
