"""What is read of processes and of listening sockets: exact parsing, and a reason wherever nothing can be seen."""

import os
import socket
import struct
from pathlib import Path

import pytest

from perfkit.collectors import accept_queue, host, listening, processes
from perfkit.collectors.base import Observation
from perfkit.evidence import Missing, RunDirectory
from perfkit.scenario.model import Profiling
from perfkit.target.target import Target

STAT = "41 (python) S 7 1 1 0 -1 0 0 0 0 0 100 50 20 30 20 0 2 0 5 0 0"


def a_process(proc: Path, delays: dict[str, str]) -> None:
    place = proc / "41"
    place.mkdir()
    (place / "stat").write_text(STAT)
    (place / "schedstat").write_text("1 2 3")
    for thread, text in delays.items():
        (place / "task" / thread).mkdir(parents=True)
        (place / "task" / thread / "schedstat").write_text(text)


def test_the_waits_of_all_threads_for_a_core_are_added(tmp_path: Path) -> None:
    a_process(tmp_path, {"41": "9 500000000 1\n", "42": "9 250000000 1\n"})

    row = processes.row(41, 3.0, tmp_path)

    assert row == {"at": 3.0, "pid": 41, "cpu": 150 * host.TICK, "delay": 0.75, "threads": 2}


def test_a_kernel_that_counts_no_waits_leaves_them_unknown(tmp_path: Path) -> None:
    a_process(tmp_path, {"41": ""})
    (tmp_path / "41" / "schedstat").unlink()
    (tmp_path / "41" / "task" / "41" / "schedstat").unlink()

    row = processes.row(41, 3.0, tmp_path)

    assert row is not None
    assert row["delay"] is None


def test_a_process_that_has_ended_has_no_row(tmp_path: Path) -> None:
    assert processes.row(41, 3.0, tmp_path) is None


def test_this_process_can_be_read() -> None:
    row = processes.row(os.getpid(), 0.0, Path("/proc"))

    assert row is not None
    assert row["cpu"] > 0


def test_connections_that_nobody_accepts_are_counted_against_the_backlog() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=7) as listener:
        port = listener.getsockname()[1]
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]

        found = listening.on(port)

        assert found == listening.Queue(3, 7)
        for client in clients:
            client.close()


def test_a_port_on_which_nothing_listens_has_no_queue() -> None:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        assert listening.on(asked.getsockname()[1]) is None


def test_messages_are_told_apart_with_their_padding() -> None:
    data = struct.pack("=IHHII", 18, 20, 0, 1, 0) + b"ab" + bytes(2) + struct.pack("=IHHII", 16, 3, 0, 1, 0)

    assert list(listening.messages(data)) == [(20, b"ab"), (3, b"")]


def test_counters_are_found_by_their_names(tmp_path: Path) -> None:
    netstat = tmp_path / "netstat"
    netstat.write_text("TcpExt: A ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: X\nIpExt: 9\n")

    assert listening.overflows(netstat) == (22, 333)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http+unix://%2Frun%2Fapp.sock", "the target listens on a Unix socket, of which nobody tells how many wait"),
        ("http://10.0.0.9:80", "the target is on another machine"),
        ("http://127.0.0.1:1", "no process here listens on port 1: something stands between"),
    ],
)
def test_a_queue_that_cannot_be_seen_is_missing_with_its_reason(tmp_path: Path, url: str, why: str) -> None:
    target = Target(url, launched=False, root_pid=None, probe_directory=None, python=None)
    observation = Observation(target, RunDirectory(tmp_path), "measure", Profiling(), 0.0, None)

    with accept_queue.observe(observation):
        pass

    found = accept_queue.read(observation.directory)
    assert isinstance(found, Missing)
    assert found.why == why


def test_the_queue_is_looked_at_while_a_phase_lasts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=5) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        target = Target(url, launched=False, root_pid=None, probe_directory=None, python=None)
        observation = Observation(target, RunDirectory(tmp_path), "measure", Profiling(), 0.0, None)

        with accept_queue.observe(observation):
            pass

    table = accept_queue.read(observation.directory)
    assert not isinstance(table, Missing)
    assert set(table["backlog"]) == {5}


def test_only_loopback_is_certain_to_be_here() -> None:
    assert accept_queue.is_here("127.0.0.1")
    assert accept_queue.is_here("::1")
    assert accept_queue.is_here("localhost")
    assert not accept_queue.is_here("example.org")
