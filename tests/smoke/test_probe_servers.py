"""Real servers with the probe staged: exactly one record per request, the right route and id, every serving pid known."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from perfkit.probe import records
from perfkit.target import control, stage
from tests import probe_reader
from tests.smoke.scenarios import free_port

FLASK = """
import sys, time
from flask import Blueprint, Flask, Response
app = Flask(__name__)
inner = Blueprint("inner", __name__, url_prefix="/v1")
@app.route("/items/<int:pk>")
def item(pk): return {"pk": pk}
@inner.route("/orders/<pk>")
def order(pk): return "x" * 100
@app.route("/stream")
def stream(): return Response(iter([b"one", b"two"]))
@app.route("/boom")
def boom(): raise RuntimeError("boom")
app.register_blueprint(inner)
if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
"""
FASTAPI = """
import asyncio, time
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = FastAPI()
router = APIRouter(prefix="/v1")
@router.get("/orders/{pk}")
def order(pk: str): return {"pk": pk}
@app.get("/items/{pk}")
async def item(pk: int):
    await asyncio.sleep(0.001)
    return {"pk": pk}
@app.get("/block")
async def block():
    time.sleep(0.25)
    return {}
@app.get("/boom")
async def boom(): raise RuntimeError("boom")
@app.middleware("http")
async def passing(request, call_next): return await call_next(request)
async def hello(request): return PlainTextResponse("hello")
app.include_router(router)
app.mount("/sub/{tenant}", Starlette(routes=[Route("/hello/{name:str}", hello)]))
"""
DJANGO = """
import sys
from django.conf import settings
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x", DEBUG=False)
import django
django.setup()
from django.http import HttpResponse, JsonResponse
from django.urls import include, path, re_path
def item(request, pk): return JsonResponse({"pk": pk})
async def later(request, pk): return HttpResponse("later")
def old(request, *arguments, **keywords): return HttpResponse("old")
inner = [path("orders/<slug:name>/", lambda request, name: HttpResponse(name)), re_path(r"^old/(?P<year>[0-9]{4})$", old)]
urlpatterns = [path("items/<int:pk>", item), path("later/<int:pk>", later), path("v1/", include(inner))]
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
asgi = get_asgi_application()
if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
PLAIN = """
import sys
from wsgiref.simple_server import make_server
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""
ORDERS = {"/items/7": "/items/{pk}", "/v1/orders/ab": "/v1/orders/{pk}", "/boom": "/boom", "/nowhere": ""}
STREAM = {**ORDERS, "/stream": "/stream"}
MOUNTS = {**ORDERS, "/sub/acme/hello/bob": "/sub/{tenant}/hello/{name}"}
PATTERNS = {
    "/items/7": "/items/{pk}",
    "/later/7": "/later/{pk}",
    "/v1/orders/ab/": "/v1/orders/{name}/",
    "/v1/old/2020": "/v1/old/{year}",
    "/nowhere": "",
}
ROUNDS = 12
PATIENCE = 30.0
FLUSHED = 0.6  # seconds: the probe writes four times a second


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server with its probe's directory."""

    pid: int
    url: str
    directory: Path

    def get(self, path: str, identity: int) -> None:
        headers = {records.ID_HEADER: f"{identity:016x}", records.STEP_HEADER: f"GET%20{path}"}
        try:
            urllib.request.urlopen(urllib.request.Request(self.url + path, headers=headers), timeout=10).read()
        except urllib.error.HTTPError as error:
            error.read()  # hanging up instead would be another test

    def seen(self, requests: int) -> probe_reader.Seen:
        """All that was written once so many records are there, and a moment later: one more would be one too many."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and len(probe_reader.read(self.directory).requests) < requests:
            time.sleep(0.1)
        time.sleep(FLUSHED)
        return probe_reader.read(self.directory)

    def serving_pids(self, count: int) -> set[int]:
        """The pids that said so by themselves, before any request."""
        deadline = time.monotonic() + PATIENCE
        found: set[int] = set()
        while time.monotonic() < deadline and len(found) < count:
            found = {event["pid"] for event in probe_reader.read(self.directory).of_kind(records.EVENT_SERVER)}
            time.sleep(0.1)
        return found


@contextlib.contextmanager
def serving(
    tmp_path: Path, source: str, command: str, mode: int = records.MEASURE, python: str = sys.executable
) -> Generator[Serving]:
    (tmp_path / "shop.py").write_text(source)
    probe = tmp_path / "probe"
    probe.mkdir()
    content = bytearray(control.create(probe, os.getpid()).read_bytes())
    content[control.MODE_AT] = mode
    (probe / records.CONTROL).write_bytes(content)
    port = free_port()
    inherited = {**os.environ, "PATH": os.pathsep.join((str(Path(python).parent), os.environ["PATH"]))}
    with stage.staged() as staged, (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command.format(port=port).split(),
            cwd=tmp_path,
            env=stage.environment(staged, probe, inherited),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            await_listening(process, port, tmp_path / "log")
            yield Serving(process.pid, f"http://127.0.0.1:{port}", probe)
        finally:
            stop(process)


def await_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


SERVERS = [
    pytest.param(FLASK, "gunicorn -b 127.0.0.1:{port} shop:app", STREAM, 1, "gunicorn", id="gunicorn-sync"),
    pytest.param(
        FLASK,
        "gunicorn -b 127.0.0.1:{port} -k gthread --preload -w 2 --threads 4 shop:app",
        STREAM,
        2,
        "gunicorn",
        id="gunicorn-gthread-preload",
    ),
    pytest.param(FASTAPI, "uvicorn --port {port} shop:app", MOUNTS, 1, "uvicorn", id="uvicorn"),
    pytest.param(FASTAPI, "uvicorn --port {port} --workers 2 shop:app", MOUNTS, 2, "uvicorn", id="uvicorn-2-workers"),
    pytest.param(FLASK, "flask --app shop run --port {port}", STREAM, 1, "werkzeug", id="flask-run"),
    pytest.param(FLASK, "python shop.py {port}", STREAM, 1, "werkzeug", id="python-app"),
    pytest.param(DJANGO, "python shop.py runserver 127.0.0.1:{port}", PATTERNS, 1, "wsgiref", id="django-runserver"),
    pytest.param(DJANGO, "uvicorn --port {port} shop:asgi", PATTERNS, 1, "uvicorn", id="django-asgi"),
    pytest.param(PLAIN, "python shop.py {port}", {"/x": ""}, 1, "wsgiref", id="wsgiref"),
]


@pytest.mark.parametrize("mode", [records.MEASURE, records.PROFILE], ids=["measure", "profile"])
@pytest.mark.parametrize(("source", "command", "routes", "workers", "server"), SERVERS)
def test_every_request_is_recorded_once_with_its_route_and_id(
    tmp_path: Path, source: str, command: str, routes: dict[str, str], workers: int, server: str, mode: int
) -> None:
    with serving(tmp_path, source, command, mode) as target:
        said = target.serving_pids(workers)
        paths = list(routes) * ROUNDS
        for identity, path in enumerate(paths, start=1):
            target.get(path, identity)
        seen = target.seen(len(paths))

    got = {row["id"]: (row["step"], row["route"]) for row in seen.requests}
    assert len(seen.requests) == len(paths)
    assert got == {identity: (f"GET {path}", routes[path]) for identity, path in enumerate(paths, start=1)}
    assert len(said) == workers
    assert seen.pids() <= said
    assert target.pid not in said or workers == 1
    assert {event["name"] for event in seen.of_kind("server")} == {server}
    assert seen.of_kind("fault") == []
    assert [event for event in seen.of_kind("hook") if event["state"] == "failed"] == []
    assert all(row["wall"] > 0 and row["first_byte"] > 0 for row in seen.requests)
    assert all(bool(row["flags"] & records.PROFILED) == (mode == records.PROFILE) for row in seen.requests)


def test_a_blocked_loop_names_the_request_and_the_line(tmp_path: Path) -> None:
    with serving(tmp_path, FASTAPI, "uvicorn --port {port} shop:app") as target:
        target.get("/items/1", 1)
        target.get("/block", 2)
        time.sleep(0.1)
        seen = target.seen(2)

    names = {event["id"]: event["text"] for event in seen.of_kind("name")}
    blockers = {names[event["route"]]: event for event in seen.of_kind("blocker") if event["route"]}
    assert blockers["/block"]["wall"] > 150_000_000
    assert "block (" in blockers["/block"]["stack"][-1]
    (blocked,) = [row for row in seen.requests if row["route"] == "/block"]
    assert blocked["max_step"] > 240_000_000


def test_a_process_that_only_inherits_the_probe_leaves_nothing(tmp_path: Path) -> None:
    with stage.staged() as staged:
        environment = stage.environment(staged, tmp_path, os.environ)
        script = (
            "import sqlite3, json, asyncio; sqlite3.connect(':memory:').execute('select 1'); import perfkit_probe; print('ran')"
        )
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "ran\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("probe", [None, "gone"])
def test_without_its_directory_the_probe_is_silent(tmp_path: Path, probe: str | None) -> None:
    with stage.staged() as staged:
        environment = {**os.environ, "PYTHONPATH": str(staged)}
        if probe is not None:
            environment[records.ENVIRONMENT] = str(tmp_path / probe)
        script = "import sys; print('perfkit_probe' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_next_sitecustomize_still_runs_and_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.customised = True\n")
    with stage.staged() as staged:
        environment = stage.environment(staged, tmp_path / "probe", {**os.environ, "PYTHONPATH": str(tmp_path)})
        script = (
            "import sys; print(customised, 'perfkit_probe' in sys.modules, sys.modules['sitecustomize'].__file__, sys.path[-1])"
        )
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)

        assert done.stdout.split() == ["True", "True", str(tmp_path / "sitecustomize.py"), str(staged)]


def pythons_at_hand() -> list[str]:
    """Every supported python3.x of the PATH that really runs (a version manager's shim may not), at least our own."""
    found = [shutil.which(f"python3.{minor}") for minor in range(8, 14)]
    runs = [path for path in found if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0]
    return runs or [sys.executable]


PYTHONS = pythons_at_hand()


@pytest.mark.parametrize("python", PYTHONS, ids=[Path(python).name for python in PYTHONS])
@pytest.mark.parametrize("mode", [records.MEASURE, records.PROFILE], ids=["measure", "profile"])
def test_the_probe_runs_on_every_python_at_hand(tmp_path: Path, python: str, mode: int) -> None:
    with serving(tmp_path, PLAIN, f"{python} shop.py {{port}}", mode, python) as target:
        for identity in range(1, 6):
            target.get("/x", identity)
        seen = target.seen(5)

    assert [row["id"] for row in seen.requests] == [1, 2, 3, 4, 5]
    assert seen.of_kind("fault") == []
