"""The generator against real servers: every request counted once on both sides, whatever happens in between."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from perfkit.errors import LoadError
from perfkit.evidence import Interval, RunDirectory
from perfkit.load.channel import Order
from perfkit.load.driver import Drive, driving
from perfkit.load.dry import play_once
from perfkit.load.progress import Progress
from perfkit.load.recorder import read
from perfkit.scenario.model import Scenario


@dataclass
class Counts:
    """What the server saw."""

    ids: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """/ok answers, /slow after a while, /reset drops the connection, /close answers and closes it without saying so."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    counts: Counts

    def setup(self) -> None:
        super().setup()
        with self.counts.lock:
            self.counts.connections += 1

    def do_GET(self) -> None:
        with self.counts.lock:
            self.counts.ids.append(self.headers["x-perfkit-id"])
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.rpartition("/")[2]))
        if self.path == "/reset":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = json.dumps({"items": [{"id": 1}, {"id": 2}], "token": "t0ken-of-the-server"}).encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/close"

    do_POST = do_GET  # noqa: N815  the name is http.server's

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the name is http.server's


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are what these tests are about."""


@contextlib.contextmanager
def serving() -> Generator[tuple[str, Counts]]:
    counts = Counts()
    server = Server(("127.0.0.1", 0), type("CountingHandler", (Handler,), {"counts": counts}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def a_scenario(url: str, stages: Sequence[Mapping[str, Any]], *paths: str, **parts: Any) -> Scenario:
    steps = [{"get": path} for path in paths or ("/ok",)]
    return Scenario.model_validate({"perfkit": 1, "target": url, "flows": {"browse": steps}, "load": list(stages), **parts})


@dataclass
class Ran:
    samples: pl.DataFrame
    responses: pl.DataFrame
    drive: Drive
    phases: list[str]
    ticks: list[Progress]


def run(scenario: Scenario, path: Path, profile_for: float = 0.0) -> Ran:
    directory, epoch = RunDirectory(path), time.monotonic()
    ticks: list[Progress] = []
    with driving(scenario, "default", directory, "run", profile_for, epoch) as drive:
        phases = list(drive.phases(ticks.append))
    assert not psutil.pid_exists(drive.pid)
    return Ran(*read(directory, epoch), drive, [str(phase) for phase in phases], ticks)


def errors(ran: Ran) -> dict[str | None, int]:
    return dict(ran.samples.group_by("error").len().iter_rows())


def test_open_load_records_every_request_that_the_server_saw(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [
        {"rate": "20/s -> 60/s over 1s", "warmup": True},
        {"rate": "60/s", "for": "2s", "arrivals": "even"},
    ]
    with serving() as (url, counts):
        ran = run(a_scenario(url, stages, "/ok", "/ok?again=1"), tmp_path, profile_for=0.5)

    assert sorted(f"{number:016x}" for number in ran.samples["id"]) == sorted(counts.ids)
    assert ran.phases == ["warm-up", "measure", "profile"]
    measured = ran.samples.filter(pl.col("phase") == "measure")
    assert measured.height == 2 * 120
    assert ran.drive.health is not None
    assert (ran.drive.health.sent, ran.drive.health.finished, ran.drive.health.dropped) == (240, 240, 0)
    assert ran.drive.health.open_loop
    assert errors(ran) == {None: ran.samples.height}


def test_phases_follow_each_other_without_a_gap_and_last_as_long_as_the_scenario_says(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [{"rate": "20/s", "for": "400ms", "warmup": True}, {"rate": "20/s", "for": "1s"}]
    with serving() as (url, _):
        ran = run(a_scenario(url, stages), tmp_path, profile_for=0.5)

    warm_up, measure, profile = ran.drive.intervals
    assert [interval.phase for interval in ran.drive.intervals] == ["warm-up", "measure", "profile"]
    assert [interval.duration for interval in ran.drive.intervals] == pytest.approx([0.4, 1.0, 0.5])
    assert (warm_up.finished_at, measure.finished_at) == pytest.approx((measure.started_at, profile.started_at))
    intended = ran.samples.filter(pl.col("phase") == "measure")["intended_at"]
    assert all(measure.started_at <= at < measure.finished_at for at in intended)
    assert {tick.phase for tick in ran.ticks} >= {"measure", "profile"}
    assert 5 <= len(ran.ticks) <= 12


def test_closed_load_records_every_request_and_keeps_its_connections(tmp_path: Path) -> None:
    with serving() as (url, counts):
        scenario = a_scenario(url, [{"users": "1 -> 4 over 500ms", "warmup": True}, {"users": 4, "for": "1s"}], "/slow/0.02")
        ran = run(scenario, tmp_path)

    assert sorted(f"{number:016x}" for number in ran.samples["id"]) == sorted(counts.ids)
    assert ran.samples["virtual_user"].n_unique() == counts.connections == 4
    assert not ran.samples["reconnect"].any()
    assert ran.samples.filter(pl.col("connect_time") > 0).height == 4
    assert ran.drive.health is not None
    assert not ran.drive.health.open_loop


def test_a_smoke_profile_ends_with_its_iterations(tmp_path: Path) -> None:
    with serving() as (url, counts):
        ran = run(a_scenario(url, [{"users": 2, "iterations": 3}], "/ok", "/ok?again=1"), tmp_path)

    assert ran.samples.height == len(counts.ids) == 2 * 3 * 2
    assert ran.phases == ["measure"]


def test_a_request_whose_connection_is_dropped_is_an_error_and_is_not_sent_again(tmp_path: Path) -> None:
    with serving() as (url, counts):
        ran = run(a_scenario(url, [{"users": 2, "iterations": 20}], "/reset", "/ok"), tmp_path)

    assert ran.samples.height == len(counts.ids) == 80
    assert errors(ran) == {"reset": 40, None: 40}


def test_a_kept_connection_that_was_closed_is_opened_anew_and_counted(tmp_path: Path) -> None:
    with serving() as (url, counts):
        # The pause lets the close arrive first: while the next request is on its way it would be a reset.
        flows = {"browse": [{"get": "/close"}, {"think": "100ms"}, {"get": "/ok"}]}
        ran = run(a_scenario(url, [{"users": 2, "iterations": 10}], flows=flows), tmp_path)

    assert ran.samples.height == len(counts.ids) == 40
    assert ran.samples["reconnect"].sum() == 20
    assert errors(ran) == {None: 40}


def test_failures_keep_their_class(tmp_path: Path) -> None:
    with serving() as (url, _):
        scenario = a_scenario(url, [{"users": 1, "iterations": 2}], "/broken", "/slow/0.6", http={"timeout": "200ms"})
        ran = run(scenario, tmp_path / "slow")
        nobody = Scenario.model_validate(scenario.model_dump() | {"target": {"base_url": _free_url()}})
        refused = run(nobody, tmp_path / "refused")

    assert errors(ran) == {"status": 2, "timeout": 2}
    assert errors(refused) == {"connect": refused.samples.height}
    assert refused.samples.height == 4


def test_arrivals_beyond_the_limit_are_dropped_and_counted(tmp_path: Path) -> None:
    stage = {"rate": "50/s", "for": "1s", "arrivals": "even", "max_in_flight": 2, "on_limit": "drop"}
    with serving() as (url, counts):
        ran = run(a_scenario(url, [stage], "/slow/0.2"), tmp_path)

    health = ran.drive.health
    assert health is not None
    assert health.offered == 50
    assert health.sent + health.dropped == 50
    assert health.sent == ran.samples.height == len(counts.ids)
    assert 8 <= health.sent <= 12


def test_late_arrivals_are_sent_late_and_counted_from_their_intended_time(tmp_path: Path) -> None:
    stage = {"rate": "20/s", "for": "1s", "arrivals": "even", "max_in_flight": 1}
    with serving() as (url, _):
        ran = run(a_scenario(url, [stage], "/slow/0.1"), tmp_path, profile_for=1.0)

    last = ran.samples.filter(pl.col("phase") == "measure").sort("intended_at")[-1]
    waited = last["finished_at"][0] - last["intended_at"][0]
    served = last["finished_at"][0] - last["sent_at"][0]
    assert waited > 0.8
    assert 0.1 <= served < 0.4
    # The limit made them late, not the generator.
    assert ran.drive.health is not None
    assert ran.drive.health.lag_p50 < 0.05


def test_an_interrupt_lets_what_is_in_flight_finish(tmp_path: Path) -> None:
    directory, epoch = RunDirectory(tmp_path), time.monotonic()
    with serving() as (url, counts):
        scenario = a_scenario(url, [{"rate": "30/s", "for": "60s"}], "/slow/0.4")
        with driving(scenario, "default", directory, "run", 30.0, epoch) as drive:
            phases = drive.phases()
            assert next(phases) == "measure"
            os.kill(drive.pid, signal.SIGINT)  # as a terminal might: it is not for the generator
            time.sleep(1.0)
            drive.interrupt()
            assert list(phases) == []
        samples, responses = read(directory, epoch)

    assert sorted(f"{number:016x}" for number in samples["id"]) == sorted(counts.ids)
    assert samples["error"].null_count() == samples.height > 15
    assert [interval.phase for interval in drive.intervals] == ["measure"]
    assert 0.9 < drive.intervals[0].duration < 3
    assert drive.health is not None
    assert drive.health.sent == drive.health.finished == samples.height
    assert responses.height == 5


def test_an_exception_in_mid_phase_still_leaves_all_samples(tmp_path: Path) -> None:
    directory, epoch = RunDirectory(tmp_path), time.monotonic()

    def stop(progress: Progress) -> None:
        if progress.requests > 5:
            raise KeyboardInterrupt

    with serving() as (url, counts):
        with (
            pytest.raises(KeyboardInterrupt),
            driving(a_scenario(url, [{"rate": "30/s", "for": "60s"}]), "default", directory, "run", 0.0, epoch) as drive,
        ):
            list(drive.phases(stop))
        samples, _ = read(directory, epoch)

    assert samples.height == len(counts.ids) > 5
    assert drive.health is not None


def test_a_generator_that_dies_is_a_load_error_and_its_samples_are_kept(tmp_path: Path) -> None:
    directory, epoch = RunDirectory(tmp_path), time.monotonic()
    with serving() as (url, counts):
        with (
            pytest.raises(LoadError, match="the generator process died"),
            driving(a_scenario(url, [{"rate": "50/s", "for": "60s"}]), "default", directory, "run", 0.0, epoch) as drive,
        ):
            _kill_in_mid_phase(drive)
        samples, _ = read(directory, epoch)

    assert 0 < samples.height <= len(counts.ids)
    # At most what it held since its last flush is lost.
    assert len(counts.ids) - samples.height < 50 * 0.5
    assert drive.health is None
    assert [interval.phase for interval in drive.intervals] == ["measure"]
    assert isinstance(drive.intervals[0], Interval)


def test_a_load_that_cannot_begin_says_why(tmp_path: Path) -> None:
    scenario = a_scenario("http://127.0.0.1:9", [{"rate": "5/s", "for": "1s"}])

    with pytest.raises(LoadError) as refused, driving(scenario, "peak", RunDirectory(tmp_path), "run", 0.0, 0.0):
        pass

    assert refused.value.message == "there is no load profile 'peak'"
    assert refused.value.hint == "Choose one of: default."


DRIVER = """
import sys, time
from pathlib import Path
from perfkit.evidence import RunDirectory
from perfkit.load.driver import driving
from perfkit.scenario.model import Scenario

url, directory = sys.argv[1:]
scenario = Scenario.model_validate(
    {"perfkit": 1, "target": url, "get": ["/ok"], "load": [{"rate": "50/s", "for": "60s"}]}
)
with driving(scenario, "default", RunDirectory(Path(directory)), "run", 0.0, time.monotonic()) as drive:
    for phase in drive.phases():
        print(drive.pid, flush=True)
"""


def test_a_parent_that_is_killed_hard_takes_the_generator_with_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with serving() as (url, counts):
        parent = subprocess.Popen([sys.executable, "-c", DRIVER, url, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
        assert parent.stdout is not None
        generator = int(parent.stdout.readline())
        time.sleep(0.5)

        parent.kill()
        parent.wait()
        parent.stdout.close()
        time.sleep(0.2)
        seen = len(counts.ids)
        time.sleep(0.5)

        assert seen > 5
        assert len(counts.ids) == seen
        assert _is_gone(generator)


def test_an_order_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "open-sesame-123")
    steps = [{"get": "/ok?key=${secret.PASSWORD}", "headers": {"X-Api-Key": "${secret.PASSWORD}"}}]
    with serving() as (url, counts):
        scenario = a_scenario(url, [{"users": 1, "iterations": 2}], flows={"browse": steps})
        run(scenario, tmp_path)

    assert len(counts.ids) == 2
    assert "open-sesame" not in repr(Order(scenario, "default", tmp_path, "run", 0.0, 1))
    assert not [file.name for file in tmp_path.rglob("*") if file.is_file() and b"open-sesame" in file.read_bytes()]


def test_a_dry_run_plays_each_flow_once_and_masks_secrets() -> None:
    flows = {
        "browse": [
            {"get": "/ok", "extract": {"item": "$.items[0].id"}},
            {"think": "30s"},
            {"get": "/ok?item=${item}&token=${secret.KEY}"},
        ],
        "buy": {
            "auth": "shopper",
            "steps": [{"get": "/broken"}, {"get": "/reset"}, {"get": "/ok", "extract": {"x": "$.absent"}}],
        },
    }
    auth = {
        "shopper": {
            "login": {"post": "/ok", "extract": {"token": "$.token"}},
            "apply": {"header": {"Authorization": "Bearer ${token}"}},
        }
    }
    with serving() as (url, counts):
        scenario = a_scenario(url, [{"rate": "5/s", "for": "1s"}], flows=flows, auth=auth)
        started = time.monotonic()
        transcript = play_once(scenario, {"KEY": "k3y-of-mine"})

    assert time.monotonic() - started < 10
    assert len(transcript) == len(counts.ids) == 6
    assert [exchange.step for exchange in transcript] == ["browse[1]", "browse[2]", "shopper.login", "buy[1]", "buy[2]", "buy[3]"]
    assert transcript[0].extracted == {"item": 1}
    assert [exchange.problem.partition(":")[0] for exchange in transcript] == ["", "", "", "status", "reset", "extraction"]
    shown = repr(transcript)
    assert "k3y-of-mine" not in shown
    assert "t0ken-of-the-server" not in shown


def _kill_in_mid_phase(drive: Drive) -> None:
    for _ in drive.phases():
        time.sleep(1.0)
        os.kill(drive.pid, signal.SIGKILL)


def _free_url() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
