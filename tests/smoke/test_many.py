"""Several generator processes against a real server: together exactly the load of one, whoever of them dies."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgpack
import polars as pl
import psutil
import pytest
import zmq

from perfkit.errors import LoadError
from perfkit.evidence import GeneratorHealth, RunDirectory
from perfkit.load.channel import Workforce
from perfkit.load.compile import segments
from perfkit.load.driver import Drive, driving
from perfkit.load.many import token
from perfkit.load.plan import schedule
from perfkit.load.recorder import read
from perfkit.scenario.model import Scenario
from perfkit.version import VERSION

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-these-tests-0123456789"


@dataclass
class Seen:
    ids: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: Seen

    def do_GET(self) -> None:
        with self.seen.lock:
            self.seen.ids.append(self.headers["x-perfkit-id"])
            self.seen.paths.append(self.path)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the name is http.server's


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are what these tests are about."""


@contextlib.contextmanager
def serving() -> Generator[tuple[str, Seen]]:
    seen = Seen()
    server = Server(("127.0.0.1", 0), type("SeeingHandler", (Handler,), {"seen": seen}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def a_scenario(url: str, *stages: Mapping[str, Any], path: str = "/ok", **parts: Any) -> Scenario:
    flows = {"browse": [{"get": path}]}
    return Scenario.model_validate({"perfkit": 1, "target": url, "flows": flows, "load": list(stages), **parts})


@dataclass
class Ran:
    samples: pl.DataFrame
    health: GeneratorHealth
    drive: Drive
    news: list[str]


def run(
    scenario: Scenario,
    path: Path,
    workforce: Workforce,
    on_phase: Callable[[Drive], object] = id,
    on_news: Callable[[str], object] = id,
    profile_for: float = 0.0,
) -> Ran:
    directory, epoch = RunDirectory(path), time.monotonic()
    news: list[str] = []

    def hear(text: str) -> None:
        news.append(text)
        on_news(text)

    with driving(scenario, "default", directory, "run", profile_for, epoch, workforce, hear) as drive:
        for _ in drive.phases():
            on_phase(drive)
    assert not [pid for pid in drive.pids if psutil.pid_exists(pid)]
    assert drive.health is not None
    return Ran(read(directory, epoch)[0], drive.health, drive, news)


def worker(*options: str, secret: str = TOKEN, before: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """`perfkit worker`, as on another machine."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "perfkit", "worker", *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), token.VARIABLE: secret},
    )


def ended(process: "subprocess.Popen[str]", limit: float = 60.0) -> tuple[int, str]:
    try:
        _, said = process.communicate(timeout=limit)
    finally:
        process.kill()
    return process.returncode, said


def place_of(news: str) -> str:
    match = re.search(r"at (\S+:\d+)$", news)
    assert match is not None
    return match[1]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def until(is_reached: Callable[[], bool], limit: float = 30.0) -> bool:
    deadline = time.monotonic() + limit
    while not is_reached() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_reached()


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_send_exactly_the_load_of_one(processes: int, tmp_path: Path) -> None:
    with serving() as (url, seen):
        scenario = a_scenario(url, {"rate": "40/s -> 80/s over 1s", "warmup": True}, {"rate": "80/s", "for": "2s"}, seed=7)
        ran = run(scenario, tmp_path, Workforce(processes), profile_for=0.5)

    assert sorted(f"{number:016x}" for number in ran.samples["id"]) == sorted(seen.ids)
    assert ran.samples["id"].n_unique() == ran.samples.height
    assert sum(worker.rows for worker in ran.health.workers) == ran.samples.height
    assert [worker.rows for worker in ran.health.workers] == [
        ran.samples.filter(pl.col("worker") == number).height for number in range(processes)
    ]
    assert ran.health.sent == ran.health.finished == ran.samples.filter(pl.col("phase") == "measure").height
    assert not any(worker.lost for worker in ran.health.workers)
    measure = ran.drive.intervals[1]
    planned = list(schedule(segments(scenario, "default", 0.5)[1], 7))
    intended = ran.samples.filter(pl.col("phase") == "measure")["intended_at"].sort() - measure.started_at
    assert intended.to_list() == pytest.approx(planned)
    assert [interval.duration for interval in ran.drive.intervals] == pytest.approx([1.0, 2.0, 0.5])
    assert len(ran.drive.pids) == processes + 1


def test_users_and_rows_are_divided_and_iterations_end_for_all_at_once(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id,\n".replace(",", "") + "\n".join(map(str, range(20))) + "\n")
    data = {"ids": {"csv": str(rows), "pick": "sequential", "on_exhausted": "stop_user"}}
    with serving() as (url, seen):
        stages = ({"users": 5, "iterations": 2, "warmup": True}, {"users": 3, "iterations": 2})
        ran = run(a_scenario(url, *stages, path="/${data.ids.id}?u=${user.id}", data=data), tmp_path / "run", Workforce(2))

    taken = [path.partition("?")[0] for path in seen.paths]
    assert len(taken) == len(set(taken)) == 5 * 2 + 3 * 2
    assert {int(path.partition("=")[2]) for path in seen.paths} == {1, 2, 3, 4, 5}
    assert set(ran.samples["virtual_user"]) == {1, 2, 3, 4, 5}
    warm_up, measure = ran.drive.intervals
    assert measure.started_at >= warm_up.finished_at
    assert ran.samples.filter(pl.col("phase") == "measure")["intended_at"].min() >= measure.started_at  # type: ignore[operator]


def test_a_limit_that_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    with serving() as (url, seen), pytest.raises(LoadError, match="max_in_flight: 3 cannot be divided among 4"):
        run(a_scenario(url, {"rate": "10/s", "for": "1s", "max_in_flight": 3}), tmp_path, Workforce(4))

    assert seen.ids == []


def test_a_worker_that_is_killed_is_named_and_its_loss_is_counted(tmp_path: Path) -> None:
    def kill(drive: Drive) -> None:
        time.sleep(1.0)
        os.kill(drive.pids[2], signal.SIGKILL)

    with serving() as (url, seen):
        scenario = a_scenario(url, {"rate": "100/s", "for": "4s", "arrivals": "even"})
        ran = run(scenario, tmp_path, Workforce(2), on_phase=kill)

    sound, lost = ran.health.workers
    assert (sound.offered, sound.sent, sound.dropped, sound.lost) == (200, 200, 0, "")
    assert re.fullmatch(rf"generator process 1 \(pid {ran.drive.pids[2]}\) died \(signal 9\) \d\.\d s into the load", lost.lost)
    assert lost.lost in ran.news
    # What it sent between its last word and its death is on nobody's account: a fifth of a second, and what a busy machine adds.
    assert 150 <= lost.offered <= 200
    assert lost.dropped >= 80
    assert ran.health.offered == sound.offered + lost.offered
    assert ran.samples.height == sound.rows + lost.rows
    assert ran.samples.height <= len(seen.ids)
    assert ran.drive.intervals[0].duration == pytest.approx(4.0)


def test_the_master_takes_its_workers_with_it(tmp_path: Path) -> None:
    drives: list[Drive] = []

    def kill(drive: Drive) -> None:
        drives.append(drive)
        time.sleep(1.0)
        os.kill(drive.pid, signal.SIGKILL)

    with serving() as (url, seen):
        with pytest.raises(LoadError, match="the generator process died"):
            run(a_scenario(url, {"rate": "100/s", "for": "60s"}), tmp_path, Workforce(2), on_phase=kill)
        assert until(lambda: all(is_gone(pid) for pid in drives[0].pids))
        count = len(seen.ids)
        time.sleep(0.5)

        assert len(seen.ids) == count > 0
    assert 0 < read(RunDirectory(tmp_path), 0.0)[0].height <= count


DRIVER = """
import sys, time
from pathlib import Path
from perfkit.evidence import RunDirectory
from perfkit.load.channel import Workforce
from perfkit.load.driver import driving
from perfkit.scenario.model import Scenario

url, directory = sys.argv[1:]
scenario = Scenario.model_validate({"perfkit": 1, "target": url, "get": ["/ok"], "load": [{"rate": "50/s", "for": "60s"}]})
with driving(scenario, "default", RunDirectory(Path(directory)), "run", 0.0, time.monotonic(), Workforce(2)) as drive:
    for phase in drive.phases():
        print(*drive.pids, flush=True)
"""


def test_perfkit_that_is_killed_hard_leaves_nothing_running(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with serving() as (url, seen):
        parent = subprocess.Popen([sys.executable, "-c", DRIVER, url, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert until(lambda: len(seen.ids) > 5)

        parent.kill()
        parent.wait()
        parent.stdout.close()

        assert until(lambda: all(is_gone(pid) for pid in pids))
        count = len(seen.ids)
        time.sleep(0.5)
        assert len(seen.ids) == count


def test_a_worker_from_elsewhere_brings_all_its_samples_back(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id\n" + "\n".join(f"row-{number}" for number in range(500)) + "\n")
    data = {"ids": {"csv": str(rows), "pick": "sequential", "on_exhausted": "stop_user"}}
    joined: list[subprocess.Popen[str]] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            joined.append(worker("--master", place_of(news)))

    with serving() as (url, seen):
        scenario = a_scenario(url, {"rate": "120/s", "for": "2s", "arrivals": "even"}, path="/${data.ids.id}", data=data)
        ran = run(scenario, tmp_path / "run", Workforce(1, 1, token=TOKEN), on_news=join)
    code, said = ended(joined[0])

    assert (code, len(seen.ids)) == (0, 240), said
    assert sorted(f"{number:016x}" for number in ran.samples["id"]) == sorted(seen.ids)
    assert len(set(seen.paths)) == 240
    assert ran.samples["worker"].value_counts().sort("worker").rows() == [(0, 120), (1, 120)]
    assert [worker.rows for worker in ran.health.workers] == [120, 120]
    assert ran.news[1].startswith(socket.gethostname())
    assert ran.news[1].endswith("has joined (1 of 1)")
    assert TOKEN not in said + "".join(ran.news)
    kept = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert {path.name for path in kept} >= {"1.samples", "1.names", "1.responses"}
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def stranger(place: str, identity: bytes) -> Any:
    caller: Any = zmq.Context.instance().socket(zmq.DEALER)
    caller.setsockopt(zmq.IDENTITY, identity)
    caller.setsockopt(zmq.LINGER, 0)
    caller.setsockopt(zmq.RCVTIMEO, 20_000)
    caller.connect(f"tcp://{place}")
    return caller


def heard(caller: Any) -> list[Any]:
    message: Any = msgpack.loads(caller.recv())
    return list(message)


def refused(place: str) -> list[Any]:
    """What is answered to those who have no business here; none of it may be an order."""
    answers: list[Any] = []
    with stranger(place, b"one") as one, stranger(place, b"two") as two, stranger(place, b"three") as three:
        one.send(msgpack.dumps(["perfkit.hello", {"version": "0.0.1", "nonce": "n"}, "one"]))
        answers.append(heard(one))
        two.send(msgpack.dumps(["perfkit.hello", {"version": VERSION, "nonce": "n"}, "two"]))
        assert heard(two)[0] == "perfkit.challenge"
        two.send(msgpack.dumps(["perfkit.proof", {"proof": "0" * 64, "name": "x"}, "two"]))
        answers.append(heard(two))
        for words in (b"\xc1", b"", b"\xdd\xff\xff\xff\xff", msgpack.dumps([1]), msgpack.dumps(["spawning", {"a": 1}, "0"])):
            three.send(words)
        answers.append(heard(three))
    return answers


def test_strangers_get_no_work_and_are_told_why_and_the_run_goes_on(tmp_path: Path) -> None:
    joined: list[subprocess.Popen[str]] = []
    answers: list[Any] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            answers.extend(refused(place_of(news)))
            wrong = worker("--master", place_of(news), secret="another-token-0123456789")
            answers.append(ended(wrong))
            joined.append(worker("--master", place_of(news)))

    with serving() as (url, seen):
        ran = run(a_scenario(url, {"users": 2, "iterations": 3}), tmp_path, Workforce(1, 1, token=TOKEN), on_news=join)
    code, said = ended(joined[0])

    version, proof, garbage, (wrong_code, wrong_said) = answers
    assert version[:2] == [
        "perfkit.refused",
        {"why": f"it is perfkit 0.0.1, its master is perfkit {VERSION}: install the same on both"},
    ]
    assert proof[:2] == ["perfkit.refused", {"why": "its token is not the master's"}]
    assert garbage[0] == "perfkit.refused"
    assert [news for news in ran.news if "refused" in news].count("a worker was refused: its token is not the master's") == 2
    assert wrong_code == 4
    assert "has another token" in wrong_said
    assert "another-token-0123456789" not in wrong_said
    assert (code, ran.samples.height, len(seen.ids)) == (0, 6, 6), said


def test_a_worker_whose_master_is_killed_ends_at_once(tmp_path: Path) -> None:
    joined: list[subprocess.Popen[str]] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            joined.append(worker("--master", place_of(news)))

    def kill(drive: Drive) -> None:
        time.sleep(1.0)
        os.kill(drive.pid, signal.SIGKILL)

    with serving() as (url, seen):
        with pytest.raises(LoadError, match="the generator process died"):
            run(a_scenario(url, {"rate": "60/s", "for": "60s"}), tmp_path, Workforce(0, 1, token=TOKEN), kill, join)
        code, said = ended(joined[0])
        count = len(seen.ids)
        time.sleep(0.5)

        assert len(seen.ids) == count > 0
    assert code == 4
    assert "is gone: nothing more was sent" in said


def test_a_worker_that_is_interrupted_where_it_runs_tells_its_master(tmp_path: Path) -> None:
    joined: list[subprocess.Popen[str]] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            joined.append(worker("--master", place_of(news)))

    def interrupt(_drive: Drive) -> None:
        time.sleep(1.0)
        joined[0].send_signal(signal.SIGINT)

    with serving() as (url, _):
        scenario = a_scenario(url, {"rate": "60/s", "for": "4s", "arrivals": "even"})
        ran = run(scenario, tmp_path, Workforce(1, 1, token=TOKEN), interrupt, join)
    code, _ = ended(joined[0])

    assert code == 130
    assert "failed: was interrupted where it runs" in ran.health.workers[1].lost
    assert ran.health.workers[1].dropped > 20
    assert ran.health.workers[0].sent == 120


def test_an_interrupt_lets_what_is_in_flight_come_in_from_all(tmp_path: Path) -> None:
    directory, epoch = RunDirectory(tmp_path), time.monotonic()
    with serving() as (url, seen):
        scenario = a_scenario(url, {"rate": "60/s", "for": "60s"})
        with driving(scenario, "default", directory, "run", 0.0, epoch, Workforce(2)) as drive:
            phases = drive.phases()
            assert next(phases) == "measure"
            time.sleep(1.5)
            drive.interrupt()
            assert list(phases) == []
        samples, _ = read(directory, epoch)

    assert sorted(f"{number:016x}" for number in samples["id"]) == sorted(seen.ids)
    assert drive.health is not None
    assert [worker.lost for worker in drive.health.workers] == ["", ""]
    assert drive.health.sent == drive.health.finished == samples.height > 20
    assert len(drive.intervals) == 1


AHEAD = 5000.0
OTHER_CLOCK = ("unshare", "--time", "--monotonic", f"{AHEAD:.0f}", "--fork", "--kill-child")


def has_other_clocks() -> bool:
    """A time namespace is as near to another machine as one machine gets."""
    return (
        shutil.which("unshare") is not None
        and not subprocess.run([*OTHER_CLOCK, "true"], check=False, capture_output=True).returncode
    )


@pytest.mark.skipif(not has_other_clocks(), reason="needs a time namespace (root)")
def test_a_worker_with_another_clock_begins_at_the_same_instant(tmp_path: Path) -> None:
    joined: list[subprocess.Popen[str]] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            joined.append(worker("--master", place_of(news), before=OTHER_CLOCK))

    with serving() as (url, seen):
        scenario = a_scenario(url, {"rate": "100/s", "for": "2s", "arrivals": "even"})
        ran = run(scenario, tmp_path, Workforce(1, 1, token=TOKEN), on_news=join)
    code, said = ended(joined[0])

    assert (code, len(seen.ids)) == (0, 200), said
    here, there = ran.health.workers
    assert here.clock_error == 0
    assert 0 < there.clock_error < 1
    assert json.loads((tmp_path / "samples" / "1.clock").read_text())["offset"] == pytest.approx(AHEAD, abs=there.clock_error)
    intended = ran.samples.sort("intended_at")["intended_at"] - ran.drive.intervals[0].started_at
    assert intended.to_list() == pytest.approx([number / 100 for number in range(200)], abs=2 * there.clock_error)
    assert ran.drive.intervals[0].duration == pytest.approx(2.0, abs=2 * there.clock_error)


def test_a_worker_that_finds_no_master_says_so() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]

    code, said = ended(worker("--master", f"127.0.0.1:{port}", "--wait", "1s"))

    assert code == 4
    assert f"no master answers at 127.0.0.1:{port} within 1 s" in said


def test_a_worker_without_the_scenarios_secrets_says_which(tmp_path: Path) -> None:
    joined: list[subprocess.Popen[str]] = []

    def join(news: str) -> None:
        if news.startswith("waiting"):
            joined.append(worker("--master", place_of(news)))

    with serving() as (url, seen):
        scenario = a_scenario(url, {"users": 1, "iterations": 1}, path="/ok?key=${secret.OF_THIS_MACHINE}")
        with pytest.raises(LoadError, match="the scenario needs OF_THIS_MACHINE, not set where this worker runs"):
            run(scenario, tmp_path, Workforce(0, 1, token=TOKEN), on_news=join)
    code, said = ended(joined[0])

    assert (code, seen.ids) == (4, []), said


def test_a_run_of_two_processes_of_which_one_dies_is_suspect_and_still_reported(tmp_path: Path) -> None:
    scenario = tmp_path / "two.yaml"
    with serving() as (url, seen):
        scenario.write_text(
            f"perfkit: 1\ntarget: {url}\nget: [/ok]\nload: [{{rate: 60/s, for: 5s}}]\ngenerator: {{processes: 2}}\n"
        )
        command = [sys.executable, "-m", "perfkit", "run", str(scenario), "--out", str(tmp_path / "reports"), "--no-profile"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        perfkit = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        latest = tmp_path / "reports" / "latest"
        assert until(lambda: len(seen.ids) > 30, 60)
        victim = max(_generators(perfkit.pid), key=lambda process: process.pid)
        victim.kill()
        said, _ = perfkit.communicate(timeout=120)

    found = json.loads((latest / "findings.json").read_text())
    assert perfkit.returncode == 1, said  # what was not sent counts as dropped, and nothing may be dropped
    assert found["validity"]["state"] == "suspect"
    assert any(f"(pid {victim.pid}) died (signal 9)" in reason for reason in found["validity"]["reasons"])
    assert (latest / "report.html").exists()
    workers = json.loads((latest / "run.json").read_text())["generator"]["workers"]
    assert [bool(worker["lost"]) for worker in workers].count(True) == 1


def _generators(pid: int) -> list[psutil.Process]:
    """The workers: children of the child that imports Locust."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            if "perfkit.load.locustfile" in child.cmdline():
                return child.children()
    return []
