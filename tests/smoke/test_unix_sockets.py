"""A target behind a Unix socket: launched, awaited and loaded as any other."""

import os
import socket
import textwrap
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from perfkit.errors import TargetError
from perfkit.evidence import RunDirectory
from perfkit.load.dry import play_once
from perfkit.scenario.model import Launch, Scenario, Stop, TargetSpec
from perfkit.target import start
from perfkit.target.identify import serving as serving_processes
from tests.smoke.test_load_faults import OK, run, saying, serving

FLASK = """
    from flask import Flask

    app = Flask(__name__)


    @app.get("/items/<int:number>")
    def item(number):
        return {"id": number}
"""
STARLETTE = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route


    async def item(request):
        return JSONResponse({"id": request.path_params["number"]})


    app = Starlette(routes=[Route("/items/{number:int}", item)])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "App of mine.sock"


def listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    return listener


def url_of(path: Path) -> str:
    return f"http+unix://{quote(str(path), safe='')}"


def test_every_request_through_a_socket_is_on_record_and_connections_are_kept(tmp_path: Path, path: Path) -> None:
    with serving(saying(OK), listener=listening(path)) as (url, seen):
        ran = run(f"{url}/api", tmp_path / "run", {"get": "/items"}, {"get": "/others"})

    assert ran.errors == {None: 40}
    assert len(seen.requests) == 40
    assert seen.connections == 2
    assert seen.requests[0].startswith("GET /api/items HTTP/1.1\r\nHost: localhost\r\n")
    assert (ran.samples["connect_time"] > 0).sum() == 2


def test_a_socket_that_nobody_listens_at_is_a_failure_to_connect(tmp_path: Path, path: Path) -> None:
    ran = run(url_of(path), tmp_path / "run", load={"users": 1, "iterations": 2})

    assert ran.errors == {"connect": 2}


def test_a_dry_run_shows_the_socket(path: Path) -> None:
    with serving(saying(OK), listener=listening(path)) as (url, _):
        scenario = {
            "perfkit": 1,
            "target": f"{url}/api",
            "flows": {"f": [{"get": "/a"}]},
            "load": [{"users": 1, "iterations": 1}],
        }
        (exchange,) = play_once(Scenario.model_validate(scenario), {})

    assert (exchange.url, exchange.status) == (f"{url}/api/a", 200)


@pytest.mark.parametrize(
    ("application", "command", "server"),
    [
        (FLASK, ("gunicorn", "service:app", "-w", "2", "-b", "unix:{path}"), "gunicorn"),
        (STARLETTE, ("uvicorn", "service:app", "--uds", "{path}"), "uvicorn"),
    ],
    ids=["gunicorn", "uvicorn"],
)
def test_a_server_at_a_socket_is_started_awaited_traced_and_stopped(
    application: str, command: tuple[str, ...], server: str, tmp_path: Path, path: Path
) -> None:
    (tmp_path / "service.py").write_text(textwrap.dedent(application))
    line = [word.format(path=path) for word in command]
    launch = Launch.model_validate({"command": line, "cwd": str(tmp_path), "ready": {"http": "/items/1", "status": 200}})
    spec = TargetSpec(base_url=url_of(path), launch=launch.model_copy(update={"stop": Stop(grace=5)}))
    directory = RunDirectory(tmp_path / "run")
    directory.path.mkdir()

    with start.running(spec, directory, os.environ) as target:
        processes = serving_processes(target)
        ran = run(url_of(path), tmp_path / "load", {"get": "/items/7"})

    assert all(process.server.startswith(server) for process in processes)
    assert processes
    assert ran.errors == {None: 20}
    assert not start.alive(target)


def test_a_socket_in_use_is_refused_and_one_that_was_left_behind_is_not(tmp_path: Path, path: Path) -> None:
    (tmp_path / "service.py").write_text(textwrap.dedent(FLASK))
    launch = Launch.model_validate({"command": ["gunicorn", "service:app", "-b", f"unix:{path}"], "cwd": str(tmp_path)})
    spec = TargetSpec(base_url=url_of(path), launch=launch)
    directory = RunDirectory(tmp_path / "run")
    directory.path.mkdir()
    listener = listening(path)

    with (
        pytest.raises(TargetError, match=r"App of mine\.sock is in use by ") as refused,
        start.running(spec, directory, os.environ),
    ):
        pass
    listener.close()  # its file stays
    with start.running(spec, directory, os.environ) as target:
        assert start.alive(target)

    assert "another socket" in refused.value.hint


def test_attaching_to_a_socket_connects_and_sends_nothing(tmp_path: Path, path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    with serving(saying(OK), listener=listening(path)) as (url, seen), start.running(TargetSpec(base_url=url), directory, {}):
        until = time.monotonic() + 5
        while not seen.connections and time.monotonic() < until:
            time.sleep(0.01)
    nobody = TargetSpec(base_url=url_of(tmp_path / "other.sock"))

    assert (seen.connections, seen.requests) == (1, [])
    with pytest.raises(TargetError, match=r"other\.sock cannot be reached"), start.running(nobody, directory, {}):
        pass
