"""COUNT mode on Python 3.12 and newer, where function calls are counted by sys.monitoring: in an interpreter that has it."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import records
from tests import probe_reader

ROOT = Path(__file__).parents[2]
SCRIPT = """
    import asyncio, sys
    from concurrent.futures import ThreadPoolExecutor
    from perfkit.probe import asgi, carriers, records, wsgi
    from perfkit.probe.recorder import Recorder

    recorder = Recorder(sys.argv[1])
    recorder.control = bytes([records.COUNT]) + bytes(records.CONTROL_SIZE - 1)
    carriers.install_executors(recorder)
    pool = ThreadPoolExecutor(1)


    def called():
        pass


    def calls(times):
        for _ in range(times):
            called()


    def given_back(times):
        for _ in range(times):
            kibibytes()


    def kibibytes():
        [bytes(1024) for _ in range(100)]


    def builtins(times):
        for _ in range(times):
            len(())


    def asked(number, work, times):
        def app(environ, start_response):
            start_response("200 OK", [])
            work(times)
            return [b"done"]

        wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET", "HTTP_X_PERFKIT_ID": "%016x" % number}, lambda *_: None)


    def elsewhere(times):
        pool.submit(calls, times).result()


    async def awaited(number, times):
        async def app(scope, receive, send):
            calls(times)
            await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})

        async def send(message):
            pass

        headers = [(b"x-perfkit-id", b"%016x" % number)]
        await asgi.wrap(app, recorder)({"type": "http", "method": "GET", "headers": headers}, None, send)


    async def several():
        for number, times in ((40, 5), (41, 5), (42, 5), (43, 25)):
            await awaited(number, times)


    for number, times in ((10, 10), (11, 10), (12, 10), (13, 25)):
        asked(number, calls, times)
    for number, times in ((20, 10), (21, 10), (22, 10), (23, 25)):
        asked(number, builtins, times)
    for number, times in ((30, 5), (31, 5), (32, 105)):
        asked(number, elsewhere, times)
    for number, times in ((60, 1), (61, 1), (62, 11)):
        asked(number, given_back, times)
    asyncio.run(several())
    assert [sys.monitoring.get_tool(tool) for tool in range(6)] == [None] * 6, "a tool was left behind"
    for tool in (3, 4):
        sys.monitoring.use_tool_id(tool, "the target's own")
    asked(50, calls, 10)
    recorder.flusher.flush()
"""


def with_monitoring() -> str | None:
    """Our own Python, one of the PATH, or one of pyenv's; a shim that does not run is none."""
    named = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, *filter(None, named), *map(str, sorted(versions.glob("3.1[2-9]*/bin/python")))]
    has = "import sys; sys.exit(not hasattr(sys, 'monitoring'))"
    return next(
        (one for one in candidates if subprocess.run([one, "-c", has], capture_output=True, check=False).returncode == 0), None
    )


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """What was counted of each request, by its id."""
    python = with_monitoring()
    if python is None:
        pytest.skip("there is no Python 3.12 or newer here")
    directory = tmp_path_factory.mktemp("counted")
    line = [python, "-c", textwrap.dedent(SCRIPT), str(directory)]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    events = probe_reader.read(directory).events
    assert [event for event in events if event["kind"] == "fault"] == []
    return {event["id"]: event for event in events if event["kind"] == records.EVENT_COUNTED}


@pytest.mark.parametrize("first", [10, 20], ids=["of Python functions", "of C functions"])
def test_calls_are_counted_exactly(counted: dict[int, dict[str, Any]], first: int) -> None:
    calls = [counted[first + number]["calls"] for number in range(1, 4)]  # the first request also imports

    assert calls[0] == calls[1] == calls[2] - 15


def test_calls_on_a_thread_of_a_pool_count(counted: dict[int, dict[str, Any]]) -> None:
    assert 90 < counted[32]["calls"] - counted[31]["calls"] < 110


def test_all_that_was_allocated_counts_also_when_it_was_given_back(counted: dict[int, dict[str, Any]]) -> None:
    once, often = counted[61], counted[62]

    assert often["allocated"] - once["allocated"] == pytest.approx(10 * 100 * (1024 + 33), rel=0.02)
    assert often["peak"] == pytest.approx(once["peak"], rel=0.02)


def test_an_asynchronous_request_counts_over_its_pauses(counted: dict[int, dict[str, Any]]) -> None:
    calls = [counted[number]["calls"] for number in (41, 42, 43)]

    assert calls[0] == calls[1] == calls[2] - 20


def test_where_others_hold_the_tools_calls_are_unknown_and_memory_is_not(counted: dict[int, dict[str, Any]]) -> None:
    assert counted[50]["calls"] == counted[50]["allocated"] == -1
    assert counted[50]["peak"] > 0
