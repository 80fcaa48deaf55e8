"""What the generator says of itself in whole runs: its floor, its seconds, and counts that agree with the server's."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from perfkit import counts, validity
from perfkit.errors import LoadError
from perfkit.evidence import Floor, Missing
from perfkit.load import calibrate
from perfkit.load.progress import Progress
from perfkit.load.sockets import counted
from perfkit.run import record
from perfkit.run.options import Options
from perfkit.run.read import read
from perfkit.scenario.model import Scenario


@dataclass
class Seen:
    """Everything that reached the server."""

    ids: list[str | None] = field(default_factory=list)
    connections: int = 0
    empty: int = 0  # connections over which nothing came


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: Seen

    def setup(self) -> None:
        super().setup()
        self.seen.connections += 1
        self.came = 0

    def do_GET(self) -> None:
        self.came += 1
        self.seen.ids.append(self.headers["x-perfkit-id"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def finish(self) -> None:
        super().finish()
        self.seen.empty += not self.came

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the name is http.server's


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200


@contextmanager
def serving() -> Generator[tuple[str, Seen]]:
    seen = Seen()
    server = Server(("127.0.0.1", 0), type("Counting", (Handler,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def a_scenario(url: str = "http://127.0.0.1:9", rate: str = "50/s", **parts: Any) -> Scenario:
    load = [{"rate": rate, "for": "2s", "arrivals": "even"}]
    content = {"perfkit": 1, "target": url, "flows": {"browse": [{"get": "/a"}, {"get": "/b"}]}, "load": load}
    return Scenario.model_validate(content | parts)


def options(out: Path, *, calibrating: bool) -> Options:
    return Options("default", out, profiling=False, calibrating=calibrating)


def test_the_floor_is_that_of_the_scenarios_own_requests_and_leaves_nothing_behind() -> None:
    steps = [
        {"get": "/items", "extract": {"pid": "$.no.such[*].id"}, "expect": {"status": 201, "json": {"$.a": 1}}},
        {"think": "10s"},
        {"post": "/items/${pid}", "json": {"text": "x" * 100_000}},
        {"head": "/items"},
    ]

    floor = calibrate.floor(a_scenario(flows={"all": steps}, http={"tls": {"verify": True}}), "default")

    assert isinstance(floor, Floor)
    assert floor.needed_rate == 150.0
    assert floor.requests > calibrate.LEAST
    assert 1e-6 < floor.cpu_per_request < 0.01
    assert floor.duration == pytest.approx(1.7, abs=0.5)
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_a_load_of_iterations_is_not_calibrated() -> None:
    floor = calibrate.floor(a_scenario(load=[{"users": 1, "iterations": 1}]), "default")

    assert floor == Missing("a load of iterations takes what time it needs")


def test_a_rate_above_the_floor_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with serving() as (url, seen):
        recorded = record.run(a_scenario(url, "9000000/s"), tmp_path / "a.yaml", options(tmp_path, calibrating=True))

    assert isinstance(recorded.error, LoadError)
    assert recorded.error.message.startswith(
        "the load asks for requests at 18,000,000/s at its peak; this generator can send at most"
    )
    assert not recorded.has_samples
    assert seen == Seen()
    assert isinstance(recorded.run.floor, Floor)


def test_a_target_that_perfkit_did_not_start_sees_one_connection_and_then_nothing_but_the_load(tmp_path: Path) -> None:
    with serving() as (url, seen):
        recorded = record.run(a_scenario(url), tmp_path / "a.yaml", options(tmp_path, calibrating=False))

    evidence = read(recorded.directory.path)
    assert sorted(str(number) for number in seen.ids) == sorted(f"{number:016x}" for number in evidence.samples["id"])
    assert seen.empty == 1
    assert recorded.run.floor == Missing("it was not to be calibrated: --no-calibrate")


def test_every_second_has_its_row_and_the_counts_are_those_of_the_server(tmp_path: Path) -> None:
    with serving() as (url, seen):
        recorded = record.run(a_scenario(url), tmp_path / "a.yaml", options(tmp_path, calibrating=False))

    evidence = read(recorded.directory.path)
    seconds = evidence.generator
    assert isinstance(seconds, pl.DataFrame)
    assert seconds.height >= 2
    assert evidence.samples.filter(pl.col("error").is_not_null()).to_dicts() == []
    total = len(seen.ids)
    assert total > 150  # a flow that the end of the load cuts short sends less
    assert seconds["sent"].sum() == seconds["finished"].sum() == total
    assert seconds.filter(pl.col("lag_p50").is_not_null()).height >= 2
    assert (seconds["loop_max"].drop_nulls() >= 0).all()
    assert (seconds["files"] > 0).all()
    assert (seconds["files"] <= seconds["files_limit"]).all()
    assert seconds["in_flight_limit"].max() == 1000
    compared = counts.compare(evidence)
    assert [(line.phase, line.counted, line.rows, line.answered) for line in compared.lines] == [("measure", total, total, total)]
    assert compared.mismatches == ()
    assert compared.uncounted[0].startswith("the probe's count: ")


def test_seconds_in_which_the_generator_stood_still_are_named(tmp_path: Path) -> None:
    stopped: list[float] = []

    def stop_once(progress: Progress) -> None:
        if progress.phase == "measure" and progress.elapsed > 1 and not stopped:
            (generator,) = (child for child in psutil.Process().children() if "perfkit.load.locustfile" in child.cmdline())
            stopped.append(progress.elapsed)
            generator.suspend()
            time.sleep(1.5)
            generator.resume()

    load = [{"rate": "100/s", "for": "4s", "arrivals": "even"}]
    with serving() as (url, _):
        asked = replace(options(tmp_path, calibrating=False), on_progress=stop_once)
        recorded = record.run(a_scenario(url, load=load), tmp_path / "a.yaml", asked)

    judged = validity.judge(read(recorded.directory.path))
    assert judged.state == "invalid"
    assert any(re.match(r"the generator was late in \d of \d seconds \(.*\b1\b", reason) for reason in judged.reasons), judged


def test_a_generator_that_runs_out_of_files_says_so_and_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "a.yaml"
    with serving() as (url, _):
        source.write_text(f"{{perfkit: 1, target: '{url}', get: [/a], load: [{{users: 150, for: 3s}}]}}")
        recorded = run_with_files(100, source, tmp_path)

    evidence = read(recorded)
    judged = validity.judge(evidence)
    assert judged.state == "invalid"
    assert any("could not connect while the generator had no file descriptors left" in reason for reason in judged.reasons), (
        judged
    )
    assert isinstance(evidence.generator, pl.DataFrame)
    assert evidence.generator["files_limit"].max() == 100


def run_with_files(limit: int, source: Path, out: Path) -> Path:
    """In a process of its own, whose generator may open so many files."""
    shell = (
        f"ulimit -n {limit}; exec {sys.executable} -m perfkit run {source} --no-profile --no-calibrate --no-analyze --out {out}"
    )
    subprocess.run(["sh", "-c", shell], check=False, timeout=120, capture_output=True)
    return (out / "latest").resolve()


def test_the_kernel_counts_the_sockets_towards_a_port() -> None:
    with serving() as (url, _):
        port = int(url.rpartition(":")[2])
        before = counted(port)
        with _connected(port), _connected(port):
            during = counted(port)

    assert (before, during) == (0, 2)


@contextmanager
def _connected(port: int) -> Generator[None]:
    with socket.create_connection(("127.0.0.1", port)):
        yield
