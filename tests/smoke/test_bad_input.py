"""What goes wrong for people, through the real command: one clear message, the next thing to type, nothing lost, nothing left."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from perfkit.evidence import RunDirectory
from perfkit.run import runfile
from tests.smoke.person import MARK, REPOSITORY, Command, assert_told, until

# A service in 20 lines; the first argument or APP says how it misbehaves.
APPLICATION: Final = """
    import ctypes, os, sys, time

    MOOD = os.environ.get("APP", "")
    seen = 0
    if MOOD == "untraceable":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: closed to debuggers

    def application(environ, start_response):
        global seen
        path = environ["PATH_INFO"]
        seen += path != "/healthz"
        if MOOD == "mortal" and seen > 40:
            print("out of [bold]heap[/bold]", file=sys.stderr, flush=True)
            os._exit(7)
        if path == "/slow":
            time.sleep(60)
        broken = (MOOD == "broken" and path != "/healthz") or MOOD == "unready"
        start_response("500 Oops" if broken else "200 OK", [("Content-Type", "application/json")])
        return [b'{"items": [1, 2]}']

    if __name__ == "__main__":
        from wsgiref.simple_server import WSGIRequestHandler, make_server
        WSGIRequestHandler.log_message = lambda *_: None
        make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""
FAULTS: Final = """\
perfkit: 1
target: {base_url: "http://127.0.0.1:9"}
flows:
  browse:
    wait: 3
    steps:
      - get: /
        expect: {status: 200, under: 3}
      - think: 2 parsecs
load:
  open:
    - {rate: 5o/s, for: 3s}
slo:
  all: [p95 < fast]
"""


@pytest.fixture
def perfkit(tmp_path: Path) -> Iterator[Command]:
    (tmp_path / "app.py").write_text(textwrap.dedent(APPLICATION))
    command = Command(tmp_path)
    yield command
    command.end()


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
        return free


def a_scenario(folder: Path, port: int, *, mood: str = "", path: str = "/items", ready: float = 15.0, **parts: Any) -> Path:
    """30 requests a second for 3 seconds at a small gunicorn; the file is JSON, which is YAML."""
    command = ["gunicorn", "app:application", "-w", "1", "--threads", "2", "-b", f"127.0.0.1:{port}", "--no-control-socket"]
    launch = {
        "command": command, "cwd": ".", "env": {"APP": mood}, "ready": {"http": "/healthz", "timeout": f"{ready}s"},
        "stop": {"grace": "1s"},
    }  # fmt: skip
    content = {
        "perfkit": 1,
        "name": "small",
        "target": {"base_url": f"http://127.0.0.1:{port}", "launch": launch},
        "flows": {"browse": [{"get": path}]},
        "load": {"open": [{"rate": "30/s", "for": "3s"}]},
        "slo": {"all": ["errors < 1%", "p95 < 5s"], "min_samples": 20},
        "profiling": {"for": "2s"},
    }
    scenario = folder / "small.yaml"
    scenario.write_text(json.dumps(content | parts, indent=1))
    return scenario


def alone(port: int, **launch: Any) -> dict[str, Any]:
    """A target of one process, which nobody starts again when it dies."""
    command = [sys.executable, "app.py", str(port)]
    known = {"command": command, "cwd": ".", "ready": {"http": "/healthz", "timeout": "15s"}, "stop": {"grace": "1s"}}
    return {"base_url": f"http://127.0.0.1:{port}", "launch": known | launch}


# --- before anything starts ----------------------------------------------------------------------------------------------


def test_five_faults_are_told_at_once_with_their_lines(perfkit: Command) -> None:
    scenario = perfkit.folder / "faulty.yaml"
    scenario.write_text(FAULTS)

    done = perfkit.run(scenario)

    assert_told(done, 2, f"{scenario} has 5 faults", "line 5: ", "line 8: ", "line 9: ", "line 12: ", "line 14: ")
    assert not perfkit.reports.exists()


def test_a_missing_file_of_data_is_told_with_its_line(perfkit: Command, port: int) -> None:
    scenario = a_scenario(perfkit.folder, port, data={"users": {"csv": "users.csv"}})

    done = perfkit.run(scenario)

    assert_told(done, 2, "line ", "users.csv")
    assert not perfkit.reports.exists()


def test_a_host_that_the_guard_does_not_allow_is_refused_before_it_is_looked_up(perfkit: Command) -> None:
    with listening_outside_loopback() as (port, accepted):
        scenario = a_scenario(perfkit.folder, port, target=f"http://perfkit-guard-test.example:{port}")
        asked = str(perfkit.folder / "looked-up")
        (perfkit.folder / "sitecustomize.py").write_text(LOOKING_ON.format(asked=asked))

        done = perfkit.run(scenario, PYTHONPATH=os.pathsep.join([str(REPOSITORY), str(perfkit.folder)]))

        assert_told(done, 2, "perfkit-guard-test.example is neither loopback nor a private address", "guard.allow_hosts")
        assert "perfkit-guard-test" not in Path(asked).read_text()
        assert accepted() == 0
    assert not perfkit.reports.exists()


# Every interpreter that starts there writes down that it did, and each name that it looks up.
LOOKING_ON = """
import sys

def look(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        with open({asked!r}, "a") as file:
            file.write(repr((event, arguments)))

sys.addaudithook(look)
open({asked!r}, "a").write("started")
"""


@contextmanager
def listening_outside_loopback() -> Generator[tuple[int, Callable[[], int]]]:
    """A socket on every address of this machine, and how many have come."""
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()
        listener.setblocking(False)

        def accepted() -> int:
            count = 0
            while True:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    return count
                count += 1

        yield listener.getsockname()[1], accepted


@pytest.mark.parametrize(("name", "text"), [("nothing.yaml", None), ("empty.yaml", ""), ("blank.yaml", "# later\n")])
def test_a_file_that_is_not_there_or_says_nothing_is_told_as_that(perfkit: Command, name: str, text: str | None) -> None:
    if text is not None:
        (perfkit.folder / name).write_text(text)

    done = perfkit.run(perfkit.folder / name)

    assert_told(done, 2, name)
    assert not perfkit.reports.exists()


def test_setting_a_key_that_does_not_exist_is_a_fault(perfkit: Command, port: int) -> None:
    done = perfkit.run(a_scenario(perfkit.folder, port), "--set", "load.opne.0.rate=5/s")

    assert_told(done, 2, "opne")
    assert not perfkit.reports.exists()


def test_a_run_of_an_older_format_is_refused_with_both_numbers(perfkit: Command) -> None:
    (perfkit.folder / "old").mkdir()
    (perfkit.folder / "old" / "run.json").write_text('{"format": 0, "id": "x"}')

    assert_told(perfkit("analyze", perfkit.folder / "old"), 5, "format 0", "format 1", "run the scenario again")


# --- a target that does not come up --------------------------------------------------------------------------------------


def test_a_target_that_never_becomes_ready_is_told_with_its_last_answer(perfkit: Command, port: int) -> None:
    done = perfkit.run(a_scenario(perfkit.folder, port, mood="unready", ready=2.0))

    assert_told(done, 3, "did not answer with a status below 500 within 2 s", "status 500", "target.launch.ready")
    assert done.out == ""
    assert "Listening at" in (perfkit.latest / "target.log").read_text()
    assert_says_why(perfkit)


def test_a_port_in_use_names_who_is_there(perfkit: Command, port: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()

        done = perfkit.run(a_scenario(perfkit.folder, port))

    assert_told(done, 3, f"127.0.0.1:{port} is in use by pid {os.getpid()}", f"kill {os.getpid()}")


def test_attaching_to_nothing_says_how_to_start_something(perfkit: Command, port: int) -> None:
    done = perfkit.run(a_scenario(perfkit.folder, port, target=f"http://127.0.0.1:{port}"))

    assert_told(done, 3, f"127.0.0.1:{port} cannot be reached", "target.launch.command")


def assert_says_why(perfkit: Command) -> None:
    """A run that recorded nothing can be analyzed all the same, and says what ended it."""
    done = perfkit("analyze", perfkit.latest)

    assert done.code == 6, str(done)
    assert "not one request was recorded" in done.out


# --- a target that misbehaves --------------------------------------------------------------------------------------------


def test_a_target_that_dies_under_load_is_named_and_the_report_still_written(perfkit: Command, port: int) -> None:
    done = perfkit.run(a_scenario(perfkit.folder, port, target=alone(port, env={"APP": "mortal"})))

    assert_told(done, 3, "the target died while it was under load", "out of [bold]heap[/bold]", "target.log")
    assert "the run ended early: the target died" in (perfkit.latest / "summary.md").read_text()
    assert "the target died while it was under load" in (perfkit.latest / "report.html").read_text()
    said = perfkit.findings()
    assert said["run"]["state"] == "died"
    assert said["total"]["requests"] >= 30
    assert said["endpoints"][0]["traced"] >= 20


def test_a_target_that_only_fails_misses_its_objective(perfkit: Command, port: int) -> None:
    done = perfkit.run(a_scenario(perfkit.folder, port, mood="broken"))

    assert done.code == 1, str(done)
    assert "all: errors < 1% is missed: it was 100 %" in done.out
    assert "errors 100 %" in done.out
    said = perfkit.findings()
    assert said["total"]["errors"] == said["total"]["requests"] > 50
    assert set(said["endpoints"][0]["response_time"].values()) == {None}
    assert said["failed"] == []


def test_a_profiler_that_may_not_look_leaves_a_report_that_says_so(perfkit: Command, port: int) -> None:
    # Root may look at everything; without this one capability it is as anybody else.
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root can look at everything, and there is no setpriv to give that up")
        before = (setpriv, "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")

    done = perfkit.run(a_scenario(perfkit.folder, port, mood="untraceable"), before=before)

    assert done.code == 0, str(done)
    run = runfile.read(RunDirectory(perfkit.latest))
    assert "py-spy may not trace pid" in run.observers["stacks"]
    assert "CAP_SYS_PTRACE" in run.observers["stacks"] or "ptrace_scope" in run.observers["stacks"]
    assert run.observers["traces"] == "ok"
    report = (perfkit.latest / "report.html").read_text()
    assert "No flames on the processor (py-spy): py-spy may not trace pid" in report
    skipped = {one["rule"]: one["why"] for one in perfkit.findings()["skipped"]}
    assert "py-spy may not trace" in skipped["hot-function"]
    assert perfkit.findings()["endpoints"][0]["traced"] > 50


def test_a_service_that_runs_already_is_measured_from_outside_and_says_so(perfkit: Command, port: int) -> None:
    service = subprocess.Popen([sys.executable, "app.py", str(port)], cwd=perfkit.folder)
    try:
        until(lambda: connects(port), 10)
        done = perfkit.run(a_scenario(perfkit.folder, port, target=f"http://127.0.0.1:{port}"))
        assert service.poll() is None
    finally:
        service.kill()
        service.wait()

    assert done.code == 0, str(done)
    said = perfkit.findings()
    assert said["endpoints"][0]["breakdown"] is None
    assert said["endpoints"][0]["statements"] is None
    assert said["failed"] == []
    skipped = {one["rule"]: one["why"] for one in said["skipped"]}
    assert len(skipped) >= 10
    assert {why for why in skipped.values() if "perfkit did not start the target" not in why} == set()
    assert "perfkit did not start the target" in (perfkit.latest / "report.html").read_text()


def connects(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


# --- a run that is ended from outside ------------------------------------------------------------------------------------


def under_load(perfkit: Command, scenario: Path, phase: str = "measure") -> "subprocess.Popen[str]":
    """A run that has been in its measure phase for more than a second."""
    process = perfkit.start("run", scenario, "--no-calibrate", "--out", perfkit.reports, "--duration", "30s")
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == f"· {phase}":
            break
    time.sleep(1.5)
    assert process.poll() is None, "it did not live to be disturbed"
    return process


def test_a_killed_run_leaves_nothing_running_and_can_be_judged(perfkit: Command, port: int) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, port))
    assert len(perfkit.left()) >= 4

    process.kill()

    until(lambda: perfkit.left() == [], 5)
    perfkit.finish(process)
    done = perfkit("analyze", perfkit.latest)
    assert done.code in (0, 7), str(done)
    assert "perfkit was killed while it ran" in done.out
    assert "perfkit was killed while it ran" in (perfkit.latest / "report.html").read_text()
    said = perfkit.findings()
    assert said["validity"]["state"] == "suspect"
    assert said["total"]["requests"] >= 10
    assert said["endpoints"][0]["traced"] >= 10
    assert said["endpoints"][0]["achieved_rate"] > 5


def test_an_interrupt_drains_and_writes_the_report(perfkit: Command, port: int) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, port))

    os.killpg(process.pid, signal.SIGINT)

    done = perfkit.finish(process)
    assert done.code == 130, str(done)
    assert done.seconds < 15
    assert "the run was interrupted" in done.out
    assert "Traceback" not in done.err
    said = perfkit.findings()
    assert said["run"]["state"] == "interrupted"
    assert said["total"]["requests"] >= 20
    assert said["total"]["errors"] == 0
    assert (perfkit.latest / "report.html").exists()
    assert perfkit.left() == []


def test_a_second_interrupt_stops_at_once(perfkit: Command, port: int) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, port, path="/slow"))

    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1.5)
    assert process.poll() is None, "nothing was in flight: a second interrupt has nothing to cut short"
    os.killpg(process.pid, signal.SIGINT)

    done = perfkit.finish(process)
    assert done.code == 130, str(done)
    assert done.seconds < 6
    assert "Traceback" not in done.err, str(done)
    assert perfkit.left() == []
    assert runfile.read(RunDirectory(perfkit.latest)).state == "interrupted"


def test_an_interrupt_while_the_target_starts_leaves_nothing(perfkit: Command, port: int) -> None:
    process = perfkit.start("run", a_scenario(perfkit.folder, port, mood="unready"), "--no-calibrate", "--out", perfkit.reports)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("· starting the target"):
            break
    time.sleep(1.0)

    os.killpg(process.pid, signal.SIGINT)

    done = perfkit.finish(process)
    assert done.code == 130, str(done)
    assert "Traceback" not in done.err, str(done)
    assert perfkit.left() == []


def test_the_tests_themselves_see_what_is_left(perfkit: Command) -> None:
    sleeper = subprocess.Popen(["sleep", "30"], env={**os.environ, MARK: perfkit.mark})
    try:
        until(lambda: perfkit.left() == ["sleep 30 "], 5)
        assert psutil.pid_exists(sleeper.pid)
    finally:
        sleeper.kill()
        sleeper.wait()
