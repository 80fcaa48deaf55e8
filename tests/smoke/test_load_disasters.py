"""What nobody plans for: killed processes, a full disk, a clock that jumps. Each leaves a run that can be judged, and says so."""

import ctypes
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl
import psutil
import pytest

from perfkit.evidence import Evidence
from perfkit.run.read import read
from tests.smoke.person import MARK, Command, assert_told, until
from tests.smoke.scenarios import free_port

RATE: Final = 200  # a second
SERVICE: Final = """
    import asyncio, sys

    async def converse(reader, writer):
        try:
            while await reader.readuntil(b"\\r\\n\\r\\n"):
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main():
        server = await asyncio.start_server(converse, "127.0.0.1", int(sys.argv[1]))
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(main())
"""
APPLICATION: Final = """
    import sys
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
        return [b"ok"]

    WSGIRequestHandler.log_message = lambda *_: None
    make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""


@pytest.fixture
def perfkit(tmp_path: Path) -> Iterator[Command]:
    (tmp_path / "service.py").write_text(textwrap.dedent(SERVICE))
    command = Command(tmp_path)
    yield command
    command.end()


@pytest.fixture
def service(perfkit: Command) -> Iterator["Service"]:
    process = subprocess.Popen([sys.executable, "service.py", "0"], cwd=perfkit.folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield Service(process, int(process.stdout.readline()))
    process.kill()
    process.wait()
    process.stdout.close()


class Service:
    """A target that perfkit did not start."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"


def a_scenario(folder: Path, target: object, *, seconds: float = 20.0) -> Path:
    content = {
        "perfkit": 1,
        "name": "disaster",
        "target": target,
        "flows": {"browse": [{"get": "/"}]},
        "load": {"open": [{"rate": f"{RATE}/s", "for": f"{seconds}s", "arrivals": "even"}]},
        "slo": {"all": ["errors < 1%"], "min_samples": 20},
    }
    scenario = folder / "disaster.yaml"
    scenario.write_text(json.dumps(content))
    return scenario


def under_load(perfkit: Command, scenario: Path, name: str = "reports", **environment: str) -> "subprocess.Popen[str]":
    """A run that has samples on record."""
    out = perfkit.folder / name
    process = perfkit.start("run", scenario, "--no-calibrate", "--out", out, "--no-profile", **environment)
    until(lambda: any(path.stat().st_size for path in out.glob("*/samples/*.samples")), 60)
    time.sleep(1.0)
    assert process.poll() is None, "it did not live to be disturbed"
    return process


def child(perfkit: Command, words: str) -> int:
    """The process that descends from it and whose command line holds these words."""
    mark = f"{MARK}={perfkit.mark}"
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        environment: Mapping[str, str] = process.info["environ"] or {}
        if words in " ".join(process.info["cmdline"] or ()) and f"{MARK}={environment.get(MARK)}" == mark:
            return int(process.info["pid"])
    raise AssertionError(f"nothing of {words!r} runs")


def judged_again(perfkit: Command, directory: Path | None = None) -> dict[str, Any]:
    """What `perfkit analyze` says of the directory that was left."""
    done = perfkit("analyze", directory or perfkit.latest)
    assert done.code in (0, 1, 6, 7), str(done)
    assert "Traceback" not in done.err
    said: dict[str, Any] = json.loads(((directory or perfkit.latest) / "findings.json").read_text())
    return said


def assert_each_request_once(evidence: Evidence) -> None:
    assert evidence.samples.height > RATE / 2
    assert evidence.samples["id"].n_unique() == evidence.samples.height
    assert evidence.samples["finished_at"].is_not_nan().all()


# --- kill -9 -------------------------------------------------------------------------------------------------------------


def test_a_target_that_is_killed_in_mid_run_ends_the_run_as_its_death(perfkit: Command, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "service.py", str(port)]
    launch = {"command": command, "cwd": ".", "ready": {"http": "/", "timeout": "20s"}, "stop": {"grace": "1s"}}
    scenario = a_scenario(tmp_path, {"base_url": f"http://127.0.0.1:{port}", "launch": launch})
    process = under_load(perfkit, scenario)

    os.kill(child(perfkit, f"service.py {port}"), signal.SIGKILL)
    done = perfkit.finish(process)

    assert_told(done, 3, "the target died while it was under load")
    assert perfkit.left() == []
    said = judged_again(perfkit)
    assert said["run"]["state"] == "died"
    assert said["validity"]["state"] == "suspect"
    assert_each_request_once(read(perfkit.latest))


def test_a_target_that_is_killed_and_is_not_ours_leaves_failures_that_miss_the_objective(
    perfkit: Command, service: Service
) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, service.url, seconds=4))

    service.process.kill()
    done = perfkit.finish(process)

    assert done.code == 1, str(done)
    said = judged_again(perfkit)
    assert said["total"]["requests"] == 4 * RATE
    assert said["total"]["errors"] > RATE / 2
    evidence = read(perfkit.latest)
    assert_each_request_once(evidence)
    assert set(evidence.samples["error"].drop_nulls()) <= {"connect", "reset"}


def test_a_generator_that_is_killed_is_named_and_its_samples_are_judged(perfkit: Command, service: Service) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, service.url))

    os.kill(child(perfkit, "perfkit.load.locustfile"), signal.SIGKILL)
    done = perfkit.finish(process)

    assert_told(done, 4, "the generator process died (exit status -9)")
    assert perfkit.left() == []
    said = judged_again(perfkit)
    assert said["run"]["state"] == "died"
    assert said["validity"]["state"] == "suspect"
    assert any("the generator process died" in reason for reason in said["validity"]["reasons"])
    assert_each_request_once(read(perfkit.latest))


def test_a_perfkit_that_is_killed_takes_its_load_along_and_leaves_what_it_wrote(perfkit: Command, service: Service) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, service.url))

    process.kill()
    until(lambda: perfkit.left() == [], 10)
    perfkit.finish(process)

    said = judged_again(perfkit)
    assert said["run"]["state"] == "running"
    assert said["validity"]["state"] == "suspect"
    assert any("perfkit was killed" in reason for reason in said["validity"]["reasons"])
    assert_each_request_once(read(perfkit.latest))


def test_a_generator_that_stood_still_makes_the_run_invalid_and_says_how_late_it_was(perfkit: Command, service: Service) -> None:
    process = under_load(perfkit, a_scenario(perfkit.folder, service.url, seconds=5))
    generator = child(perfkit, "perfkit.load.locustfile")

    os.kill(generator, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(generator, signal.SIGCONT)
    done = perfkit.finish(process)

    assert done.code == 6, str(done)
    said = judged_again(perfkit)
    assert said["validity"]["state"] == "invalid"
    assert any("after their time" in reason for reason in said["validity"]["reasons"])
    evidence = read(perfkit.latest)
    assert_each_request_once(evidence)
    assert evidence.samples.height == 5 * RATE
    # What could not leave counts as waiting, from when it was meant to leave.
    waited = evidence.samples.filter(pl.col("finished_at") - pl.col("intended_at") > 0.5)
    assert waited.height >= 0.9 * RATE


# --- a full disk ---------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(path: Path, size: int) -> Generator[Path]:
    """A file system of its own with so many bytes."""
    library = ctypes.CDLL(None, use_errno=True)
    path.mkdir()
    if library.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, f"size={size}".encode()) != 0:
        pytest.skip(f"this needs a small tmpfs, and mounting one is not allowed here: {os.strerror(ctypes.get_errno())}")
    try:
        yield path
    finally:
        assert library.umount2(os.fsencode(path), 2) == 0  # MNT_DETACH


def test_a_disk_that_is_full_in_mid_run_ends_the_run_and_keeps_what_was_written(perfkit: Command, service: Service) -> None:
    with small_disk(perfkit.folder / "disk", 4 << 20) as disk:
        process = under_load(perfkit, a_scenario(perfkit.folder, service.url), disk.name)
        fill(disk)
        done = perfkit.finish(process)

        assert_told(done, 4, "No space left on device")
        (directory,) = (path for path in disk.glob("*-disaster-*") if path.is_dir())
        fill(disk)  # the room that was kept back is free now
        assert_told(perfkit("analyze", directory), 5, "No space left on device", "analyze a copy")
        copy = shutil.copytree(directory, perfkit.folder / "copy")
    said = judged_again(perfkit, copy)
    assert said["run"]["state"] == "died"
    assert said["validity"]["state"] == "suspect"
    assert any("No space left on device" in reason for reason in said["validity"]["reasons"])
    assert_each_request_once(read(copy))


def test_a_target_on_a_full_disk_goes_on_answering_although_the_probe_can_write_nothing(perfkit: Command) -> None:
    port = free_port()
    (perfkit.folder / "app.py").write_text(textwrap.dedent(APPLICATION))
    launch = {"command": [sys.executable, "app.py", str(port)], "cwd": ".", "ready": {"http": "/", "timeout": "20s"}}
    target = {"base_url": f"http://127.0.0.1:{port}", "launch": {**launch, "stop": {"grace": "1s"}}}
    with small_disk(perfkit.folder / "disk", 4 << 20) as disk:
        process = under_load(perfkit, a_scenario(perfkit.folder, target), disk.name)
        fill(disk)
        done = perfkit.finish(process)

        assert_told(done, 4, "No space left on device")
        assert perfkit.left() == []
        (directory,) = (path for path in disk.glob("*-disaster-*") if path.is_dir())
        copy = shutil.copytree(directory, perfkit.folder / "copy")
    said = judged_again(perfkit, copy)
    assert said["run"]["state"] == "died"
    assert said["total"]["errors"] == 0
    assert said["endpoints"][0]["traced"] > 0


def test_a_disk_that_is_full_before_the_run_is_told_before_a_request_is_sent(perfkit: Command, service: Service) -> None:
    with small_disk(perfkit.folder / "disk", 1 << 20) as disk:
        fill(disk)
        done = perfkit("run", a_scenario(perfkit.folder, service.url), "--out", disk)

    assert_told(done, 5, "cannot", "No space left on device", "--out")


def fill(disk: Path) -> None:
    with (disk / "filling").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


# --- a stepped clock -----------------------------------------------------------------------------------------------------


# libfaketime would do if it left the other clock alone: its clock_nanosleep and timerfd_settime move absolute times of
# CLOCK_MONOTONIC as well, so that Python's own sleep fails (docs/decisions/0019). This moves what is asked of the wall clock and
# nothing else, by the seconds in a shared file.
WALL_CLOCK: Final = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <sys/syscall.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>

    static volatile long none, *step = &none;

    __attribute__((constructor)) static void share(void) {
        int file = open(getenv("WALL_CLOCK_STEP"), O_RDONLY);
        void *shared = mmap(NULL, sizeof *step, PROT_READ, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED) step = shared;
        close(file);
    }

    int clock_gettime(clockid_t clock, struct timespec *now) {
        int failed = syscall(SYS_clock_gettime, clock, now);
        if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *step;
        return failed;
    }

    int gettimeofday(struct timeval *now, void *zone) {
        int failed = syscall(SYS_gettimeofday, now, zone);
        if (!failed && now) now->tv_sec += *step;
        return failed;
    }

    time_t time(time_t *now) {
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        if (now) *now = at.tv_sec;
        return at.tv_sec;
    }
"""


class WallClock:
    """A wall clock that whoever has its environment goes by; the machine's own is not touched."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("this needs a C compiler, cc, for a wall clock of its own")
        (folder / "wall_clock.c").write_text(textwrap.dedent(WALL_CLOCK))
        library = folder / "wall_clock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "wall_clock.c"], check=True)
        self._step = folder / "step"
        self._step.write_bytes(struct.pack("@l", 0))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_STEP": str(self._step)}

    def set(self, step: int) -> None:
        with self._step.open("r+b", buffering=0) as file:
            file.write(struct.pack("@l", step))

    def ahead(self) -> float:
        """As a process sees it that has it."""
        ask = [sys.executable, "-c", "import time; print(time.time())"]
        asked = subprocess.run(ask, check=True, capture_output=True, text=True, env={**os.environ, **self.environment})
        return float(asked.stdout) - time.time()


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_wall_clock_that_is_set_in_mid_run_changes_no_figure(perfkit: Command, service: Service, step: int) -> None:
    clock = WallClock(perfkit.folder)
    process = under_load(perfkit, a_scenario(perfkit.folder, service.url, seconds=5), "reports", **clock.environment)

    clock.set(step)
    assert clock.ahead() == pytest.approx(step, abs=60)
    done = perfkit.finish(process)

    # A machine that is busy with something else may make it late, which it says; but not by an hour.
    assert done.code in (0, 6), str(done)
    assert "perfkit: " not in done.err, str(done)
    evidence = read(perfkit.latest)
    assert_each_request_once(evidence)
    assert evidence.samples.height == 5 * RATE
    (measured,) = evidence.run.intervals
    assert measured.duration == pytest.approx(5.0)
    times = evidence.samples.select(
        response=pl.col("finished_at") - pl.col("intended_at"), service=pl.col("finished_at") - pl.col("sent_at")
    )
    assert times["service"].min() >= 0  # type: ignore[operator]
    assert times["response"].max() < 60  # type: ignore[operator]
    intended = evidence.samples["intended_at"].sort().diff().drop_nulls()
    assert intended.min() == pytest.approx(1 / RATE)
    assert intended.max() == pytest.approx(1 / RATE)
    said = perfkit.findings()
    assert said["total"]["offered_rate"] == pytest.approx(RATE, rel=0.01)
