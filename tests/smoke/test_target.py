"""The target as real processes: started, awaited, identified, stopped; and nothing is left behind, whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from perfkit.errors import TargetError
from perfkit.evidence import RunDirectory
from perfkit.probe import records
from perfkit.scenario.model import Launch, Ready, Stop, TargetSpec
from perfkit.target import control, identify, start

REPOSITORY = Path(__file__).parents[2]
APPLICATION = """
    from flask import Flask

    app = Flask(__name__)


    @app.get("/")
    def home():
        return "ok"


    @app.get("/missing")
    def missing():
        return "no", 404


    if __name__ == "__main__":
        import sys
        app.run(port=int(sys.argv[1]))
"""


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    path = tmp_path / "run"
    path.mkdir()
    return RunDirectory(path)


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
        return free


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(textwrap.dedent(APPLICATION))
    return tmp_path


@pytest.fixture
def bystander(port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], stderr=subprocess.DEVNULL)
    until(lambda: _connects(port))
    yield process
    process.kill()
    process.wait()


def until(holds: Callable[[], bool], limit: float = 15.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def spec(folder: Path, port: int, *command: str, ready: Ready | None = None, **launch: object) -> TargetSpec:
    line = command or ("gunicorn", "shop:app", "-w", "2", "-b", f"127.0.0.1:{port}")
    described = {"command": line, "cwd": str(folder), "ready": ready or Ready(), "stop": Stop(grace=5), **launch}
    return TargetSpec(base_url=f"http://127.0.0.1:{port}", launch=Launch.model_validate(described))


def _connects(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _marked(mark: str) -> list[int]:
    """Processes whose environment carries a mark: also those that left their family."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PERFKIT_TEST") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_gunicorn_with_two_workers_starts_answers_and_leaves_nothing(directory: RunDirectory, folder: Path, port: int) -> None:
    with start.running(spec(folder, port), directory, os.environ) as target:
        family = identify.descendants(target)
        assert len(family) == 3
        assert target.root_pid in family
        assert start.alive(target)
        assert control.mode(target) == records.MEASURE
        control.set_mode(target, records.PROFILE)
        assert control.mode(target) == records.PROFILE

    assert not any(psutil.pid_exists(pid) for pid in family)
    assert not _connects(port)
    assert not start.alive(target)
    assert "Booting worker" in directory.target_log.read_text()


def test_every_worker_is_identified_and_the_master_is_not(directory: RunDirectory, folder: Path, port: int) -> None:
    with start.running(spec(folder, port), directory, os.environ) as target:
        workers = identify.serving(target)

        assert len(workers) == 2
        assert target.root_pid not in [worker.pid for worker in workers]
        assert {worker.ppid for worker in workers} == {target.root_pid}
        assert all(worker.server.startswith("gunicorn") for worker in workers)
        assert target.python == ".".join(map(str, sys.version_info[:3]))


def test_before_commands_run_first_and_a_daemon_of_theirs_lives_as_long_as_the_target(
    directory: RunDirectory, folder: Path, port: int
) -> None:
    daemon = "import subprocess, sys; subprocess.Popen(['sleep', '300'], start_new_session=True); print('seeded')"

    with start.running(
        spec(folder, port, before=[["python", "-c", daemon]], env={"PERFKIT_TEST": str(folder)}), directory, os.environ
    ):
        assert any(psutil.Process(pid).name() == "sleep" for pid in _marked(str(folder)))
        assert "seeded" in directory.target_log.read_text()

    assert _marked(str(folder)) == []


def test_a_before_command_that_fails_is_told_with_its_last_words(directory: RunDirectory, folder: Path, port: int) -> None:
    seed = "import sys; sys.exit('no such table: orders')"

    with (
        pytest.raises(TargetError, match="ended with exit code 1") as raised,
        start.running(spec(folder, port, before=[["python", "-c", seed]]), directory, os.environ),
    ):
        pass

    assert "no such table: orders" in raised.value.message
    assert "target.launch.before" in raised.value.hint


def test_a_target_that_never_gets_ready_is_given_up_and_stopped(directory: RunDirectory, folder: Path, port: int) -> None:
    impatient = Ready(http="/missing", status=200, timeout=2)

    with (
        pytest.raises(TargetError, match="within 2 s; the last answer was status 404"),
        start.running(spec(folder, port, ready=impatient), directory, os.environ),
    ):
        pass

    assert not _connects(port)


def test_a_target_that_dies_before_it_is_ready_is_told_at_once(directory: RunDirectory, folder: Path, port: int) -> None:
    began = time.monotonic()

    with (
        pytest.raises(TargetError, match="ended with exit code 3 before it was ready") as raised,
        start.running(spec(folder, port, "python", "-c", "print('no DATABASE_URL'); raise SystemExit(3)"), directory, os.environ),
    ):
        pass

    assert "no DATABASE_URL" in raised.value.message
    assert time.monotonic() - began < 10


def test_a_port_in_use_names_who_is_in_the_way(
    directory: RunDirectory, folder: Path, port: int, bystander: subprocess.Popen[bytes]
) -> None:
    with (
        pytest.raises(TargetError, match=f"127.0.0.1:{port} is in use by pid {bystander.pid}") as raised,
        start.running(spec(folder, port), directory, os.environ),
    ):
        pass

    assert f"kill {bystander.pid}" in raised.value.hint


def test_a_program_that_does_not_exist_is_a_target_error(directory: RunDirectory, folder: Path, port: int) -> None:
    with (
        pytest.raises(TargetError, match="there is no program `gunicorm`"),
        start.running(spec(folder, port, "gunicorm", "shop:app"), directory, os.environ),
    ):
        pass


def test_a_file_that_cannot_be_executed_is_a_target_error(directory: RunDirectory, folder: Path, port: int) -> None:
    with (
        pytest.raises(TargetError, match="could not be started: Permission denied"),
        start.running(spec(folder, port, "./shop.py"), directory, os.environ),
    ):
        pass


def test_a_target_that_dies_in_mid_run_is_noticed_with_its_last_words(directory: RunDirectory, folder: Path, port: int) -> None:
    with start.running(spec(folder, port, "python", "shop.py", str(port)), directory, os.environ) as target:
        assert start.alive(target)
        assert target.root_pid is not None

        os.kill(target.root_pid, signal.SIGKILL)

        until(lambda: not start.alive(target))
        assert "Running on" in start.last_words(directory)


def test_a_target_that_ignores_its_signal_is_killed_after_its_grace(directory: RunDirectory, folder: Path, port: int) -> None:
    stubborn = "import signal, shop, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); shop.app.run(port=int(sys.argv[1]))"

    with start.running(
        spec(folder, port, "python", "-c", stubborn, str(port), stop=Stop(grace=0.3)), directory, os.environ
    ) as target:
        began = time.monotonic()

    assert time.monotonic() - began < 8
    assert not start.alive(target)


def test_secrets_reach_the_target_and_are_masked_in_its_log(directory: RunDirectory, folder: Path, port: int) -> None:
    talkative = "import os, sys, shop; print(os.environ['KEY'], flush=True); shop.app.run(port=int(sys.argv[1]))"
    environment = {**os.environ, "PERFKIT_SECRET_KEY": "hunter2hunter2"}

    with start.running(
        spec(folder, port, "python", "-c", talkative, str(port), env={"KEY": "key-${secret.KEY}"}), directory, environment
    ):
        assert "hunter2" not in start.last_words(directory)

    said = directory.target_log.read_text()
    assert "key-***" in said
    assert "hunter2" not in said


def test_a_variable_that_is_not_set_is_named(directory: RunDirectory, folder: Path, port: int) -> None:
    with (
        pytest.raises(TargetError, match=r"secret\.NOBODY_SET_THIS"),
        start.running(spec(folder, port, env={"KEY": "${secret.NOBODY_SET_THIS}"}), directory, {"PATH": os.environ["PATH"]}),
    ):
        pass


def test_attaching_needs_somebody_who_listens_and_sees_no_processes(
    directory: RunDirectory, port: int, bystander: subprocess.Popen[bytes]
) -> None:
    with start.running(TargetSpec(base_url=f"http://127.0.0.1:{port}"), directory, os.environ) as target:
        assert not target.launched
        assert identify.serving(target) == ()
        assert identify.descendants(target) == []
        assert start.alive(target)
        control.set_mode(target, records.PROFILE)

    assert bystander.poll() is None


def test_attaching_to_nobody_says_how_to_start_it(directory: RunDirectory, port: int) -> None:
    with (
        pytest.raises(TargetError, match="cannot be reached: Connection refused") as raised,
        start.running(TargetSpec(base_url=f"http://127.0.0.1:{port}"), directory, os.environ),
    ):
        pass

    assert "target.launch.command" in raised.value.hint


HOLDER = """
    import os, sys, time
    from pathlib import Path
    from perfkit.evidence import RunDirectory
    from perfkit.scenario.model import TargetSpec
    from perfkit.target import start

    spec = TargetSpec.model_validate_json(sys.argv[1])
    with start.running(spec, RunDirectory(Path(sys.argv[2])), os.environ) as target:
        print("up", flush=True)
        time.sleep(300)
"""
DAEMONISING = """
    import os, subprocess, sys, shop
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "300"])
        os._exit(0)
    shop.app.run(port=int(sys.argv[1]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_perfkit_that_is_killed_leaves_nothing_running(
    directory: RunDirectory, folder: Path, port: int, number: signal.Signals
) -> None:
    (folder / "daemonising.py").write_text(textwrap.dedent(DAEMONISING))
    described = spec(folder, port, "python", "daemonising.py", str(port), env={"PERFKIT_TEST": str(folder)})
    line = [sys.executable, "-c", textwrap.dedent(HOLDER), described.model_dump_json(by_alias=True), str(directory.path)]
    holder = subprocess.Popen(line, stdout=subprocess.PIPE, cwd=REPOSITORY)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"up\n"
    assert {psutil.Process(pid).name() for pid in _marked(str(folder))} > {"sleep"}

    holder.send_signal(number)
    holder.wait()
    holder.stdout.close()

    until(lambda: not _marked(str(folder)))
    assert not _connects(port)


def test_a_supervisor_that_is_killed_takes_its_command_along(directory: RunDirectory, folder: Path, port: int) -> None:
    with start.running(spec(folder, port, "python", "shop.py", str(port)), directory, os.environ) as target:
        assert target.supervisor_pid is not None

        os.kill(target.supervisor_pid, signal.SIGKILL)

        until(lambda: not _connects(port))
        assert not start.alive(target)
