"""The data plane against servers that misbehave: every request is on record once, and the server has seen as many."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import polars as pl
import pytest
import zstandard

from perfkit.evidence import GeneratorHealth, RunDirectory
from perfkit.load.driver import driving
from perfkit.load.dry import play_once
from perfkit.load.recorder import read
from perfkit.scenario.model import Scenario

Answering = Callable[[socket.socket, int], bool]  # answers the nth request of a connection; False ends the connection
Encode = Callable[[bytes], bytes]
CURRENT = threading.local()  # the request that this thread answers
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Seen:
    """What the server has seen."""

    requests: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serving(
    answer: Answering, *, tls: ssl.SSLContext | None = None, listener: socket.socket | None = None
) -> Generator[tuple[str, Seen]]:
    """One thread per connection; requests without bodies."""
    seen = Seen()
    listener = listener or socket.create_server(("127.0.0.1", 0), backlog=2048)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with seen.lock:
                seen.connections += 1
            threading.Thread(target=converse, args=(connection, answer, seen, tls), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield url_of(listener, "https" if tls else "http"), seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def converse(connection: socket.socket, answer: Answering, seen: Seen, tls: ssl.SSLContext | None) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        if tls is not None:
            try:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            except OSError:
                return
        for number in range(1 << 30):
            request = receive(connection)
            if not request:
                return
            with seen.lock:
                seen.requests.append(request.decode("latin-1"))
            CURRENT.request = request.decode("latin-1")
            if not answer(connection, number):
                return


def url_of(listener: socket.socket, scheme: str) -> str:
    address = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"http+unix://{quote(address, safe='')}"
    return f"{scheme}://[::1]:{address[1]}" if listener.family == socket.AF_INET6 else f"{scheme}://127.0.0.1:{address[1]}"


def receive(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        try:
            piece = connection.recv(65536)
        except OSError:
            return b""
        if not piece:
            return b""
        head += piece
    return head


def saying(text: bytes, *, stays: bool = True) -> Answering:
    def answer(connection: socket.socket, _number: int) -> bool:
        connection.sendall(text)
        return stays

    return answer


def in_pieces(*pieces: bytes, stays: bool = True) -> Answering:
    def answer(connection: socket.socket, _number: int) -> bool:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        return stays

    return answer


def resetting(connection: socket.socket, _number: int) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    return False


@dataclass
class Ran:
    samples: pl.DataFrame
    health: GeneratorHealth

    @property
    def errors(self) -> dict[str | None, int]:
        return dict(self.samples.group_by("error").len().iter_rows())


def run(url: str, path: Path, *steps: dict[str, Any], load: dict[str, Any] | None = None, **parts: Any) -> Ran:
    whole = {
        "perfkit": 1,
        "target": url,
        "flows": {"f": list(steps or ({"get": "/"},))},
        "load": [load or {"users": 2, "iterations": 10}],
    }
    directory, epoch = RunDirectory(path), time.monotonic()
    with driving(Scenario.model_validate({**whole, **parts}), "default", directory, "run", 0.0, epoch) as drive:
        list(drive.phases())
    samples, _ = read(directory, epoch)
    assert drive.health is not None
    assert drive.health.sent == drive.health.finished == samples.height
    return Ran(samples, drive.health)


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


CASES: dict[str, tuple[Answering, str | None, int]] = {
    "closes after its answer and says so": (saying(head("Connection: close", "Content-Length: 2") + b"ok", stays=False), None, 2),
    "ends its answer with the connection": (saying(head() + b"ok", stays=False), None, 2),
    "ends a long answer with the connection": (in_pieces(head(), b"o" * 5000, b"k" * 5000, stays=False), None, 10_000),
    "is of version 1.0": (saying(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", stays=False), None, 2),
    "resets": (resetting, "reset", 0),
    "closes without an answer": (lambda _connection, _number: False, "reset", 0),
    "sends half a body": (saying(head("Content-Length: 10") + b"half", stays=False), "reset", 0),
    "sends half a head": (saying(b"HTTP/1.1 200 OK\r\nContent-", stays=False), "reset", 0),
    "sends half a chunk": (saying(head("Transfer-Encoding: chunked") + b"a\r\nhalf", stays=False), "reset", 0),
    "sends a body that is no text with an error": (
        saying(head("Content-Length: 3", status="500 x") + b"\xff\xfe\xfd"),
        "status",
        3,
    ),
    "sends more than it said": (saying(head("Content-Length: 2") + b"ok and more"), None, 2),
    "sends garbage": (saying(b"\x00\x01 this is no answer\r\n\r\n"), "protocol", 0),
    "sends a wrong length": (saying(head("Content-Length: two") + b"ok"), "protocol", 0),
    "speaks another protocol": (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol", 0),
    "sends chunks": (in_pieces(head("Transfer-Encoding: chunked"), b"2\r\nok\r\n", b"0\r\n\r\n"), None, 2),
    "sends its head in pieces": (in_pieces(b"HTTP/1.1 200 OK\r\nContent-", b"Length: 2\r\n\r\n", b"ok"), None, 2),
    "sends an interim answer first": (in_pieces(head("Link: </a>", status="103 Early Hints"), OK), None, 2),
    "sends an interim answer together with its own": (saying(head(status="100 Continue") + OK), None, 2),
    "has nothing to say": (saying(head(status="204 No Content")), None, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_every_request_is_on_record_once_when_the_server(case: str, tmp_path: Path) -> None:
    answer, error, size = CASES[case]
    with serving(answer) as (url, seen):
        ran = run(url, tmp_path)

    assert ran.errors == {error: 20}
    assert len(seen.requests) == 20
    assert set(ran.samples["bytes"]) == {size}
    assert ran.samples["id"].n_unique() == 20


def test_connections_are_kept_through_pieces_chunks_interim_answers_and_cookies(tmp_path: Path) -> None:
    for number, case in enumerate(
        ("sends chunks", "sends its head in pieces", "sends an interim answer first", "has nothing to say")
    ):
        with serving(CASES[case][0]) as (url, seen):
            run(url, tmp_path / str(number))
        assert seen.connections == 2, case


def test_a_connection_that_is_closed_while_nobody_uses_it_is_opened_anew_and_no_request_is_lost(tmp_path: Path) -> None:
    with serving(saying(OK, stays=False)) as (url, seen):
        ran = run(url, tmp_path, {"get": "/"}, {"think": "20ms"})

    assert ran.errors == {None: 20}
    assert len(seen.requests) == seen.connections == 20
    assert ran.samples["reconnect"].sum() == 18


def test_a_request_that_met_a_closing_connection_is_a_failure_and_is_not_sent_again(tmp_path: Path) -> None:
    def closing(connection: socket.socket, number: int) -> bool:
        if number == 0:
            connection.sendall(OK)
        return number == 0  # the second request is read, and not answered

    with serving(closing) as (url, seen):
        ran = run(url, tmp_path)

    assert ran.errors == {None: 10, "reset": 10}
    assert len(seen.requests) == 20


def test_cookies_of_answers_that_nobody_reads_are_sent_back(tmp_path: Path) -> None:
    body = b"x" * 100_000
    text = head("set-cookie: session=s1; Path=/", f"Content-Length: {len(body)}")
    with serving(saying(text + body)) as (url, seen):
        ran = run(url, tmp_path, load={"users": 1, "iterations": 6})

    assert [("session=s1" in request) for request in seen.requests] == [False, True, True, True, True, True]
    assert seen.connections == 1
    assert set(ran.samples["bytes"]) == {100_000}


def test_head_requests_have_no_body_however_long_it_would_be(tmp_path: Path) -> None:
    with serving(saying(head("Content-Length: 1000"))) as (url, seen):
        ran = run(url, tmp_path, {"head": "/"}, {"head": "/other"})

    assert ran.errors == {None: 40}
    assert seen.connections == 2
    assert set(ran.samples["bytes"]) == {0}


def test_a_server_that_never_answers_is_a_timeout_of_about_that_time(tmp_path: Path) -> None:
    with serving(lambda _connection, _number: True) as (url, seen):
        ran = run(url, tmp_path, load={"users": 3, "iterations": 2}, http={"timeout": "300ms"})

    assert ran.errors == {"timeout": 6}
    assert len(seen.requests) == 6
    times = ran.samples["finished_at"] - ran.samples["sent_at"]
    assert 0.3 <= times.min() <= times.max() < 0.4  # type: ignore[operator]


def test_fifteen_hundred_users_keep_fifteen_hundred_connections(tmp_path: Path) -> None:
    with serving(saying(OK)) as (url, seen):
        ran = run(url, tmp_path, load={"users": 1500, "iterations": 4})

    assert ran.errors == {None: 6000}
    assert len(seen.requests) == 6000
    assert seen.connections == 1500
    assert ran.samples["reconnect"].sum() == 0


def test_iterations_of_an_open_load_without_rows_left_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id\n" + "\n".join(map(str, range(30))) + "\n")
    data = {"ids": {"csv": str(rows), "pick": "sequential", "on_exhausted": "stop_user"}}
    load = {"rate": "200/s", "for": "500ms", "arrivals": "even"}
    with serving(saying(OK)) as (url, seen):
        ran = run(url, tmp_path / "run", {"get": "/${data.ids.id}"}, load=load, data=data)

    assert len(seen.requests) == ran.samples.height == 30
    assert (ran.health.offered, ran.health.dropped) == (100, 70)


def test_a_dry_run_reads_what_a_run_reads() -> None:
    with serving(in_pieces(head("Content-Length: 9"), b'{"id"', b": 7}")) as (url, _):
        scenario = {
            "perfkit": 1,
            "target": f"{url}/api",
            "flows": {"f": [{"get": "/a", "extract": {"x": "$.id"}}]},
            "load": [{"users": 1, "iterations": 1}],
        }
        (exchange,) = play_once(Scenario.model_validate(scenario), {})

    assert exchange.url == f"{url}/api/a"
    assert (exchange.status, exchange.bytes, exchange.extracted, exchange.problem) == (200, 9, {"x": 7}, "")


def test_nothing_is_sent_after_the_end(tmp_path: Path) -> None:
    load = {"users": 3, "for": "300ms"}
    with serving(saying(OK)) as (url, seen):
        started = time.monotonic()
        ran = run(url, tmp_path, {"get": "/a"}, {"think": "20s"}, {"get": "/b"}, load=load)

    assert time.monotonic() - started < 15
    assert len(seen.requests) == ran.samples.height == 3
    assert all("GET /a" in request for request in seen.requests)


def test_ipv6_is_spoken(tmp_path: Path) -> None:
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with serving(saying(OK), listener=listener) as (url, seen):
        ran = run(f"{url}/api", tmp_path, {"get": "/items"})

    assert ran.errors == {None: 20}
    assert (len(seen.requests), seen.connections) == (20, 2)
    assert f"Host: {url.removeprefix('http://')}\r\n" in seen.requests[0]


@pytest.mark.parametrize(("encoding", "encode"), [("br", brotli.compress), ("zstd", zstandard.compress), ("gzip", gzip.compress)])
def test_a_body_is_decoded_for_the_step_and_counted_as_it_came(encoding: str, encode: Encode, tmp_path: Path) -> None:
    body = encode(b'{"id": 7, "text": "' + b"x" * 5000 + b'"}')
    answer = head(f"Content-Length: {len(body)}", f"Content-Encoding: {encoding}") + body
    step = {"get": "/", "expect": {"json": {"$.id": 7}}}
    with serving(saying(answer)) as (url, seen):
        ran = run(url, tmp_path, step, http={"headers": {"Accept-Encoding": encoding}})

    assert ran.errors == {None: 20}
    assert set(ran.samples["bytes"]) == {len(body)}
    assert all(f"Accept-Encoding: {encoding}\r\n" in request for request in seen.requests)


@pytest.mark.parametrize(("encoding", "encode"), [("br", brotli.compress), ("zstd", zstandard.compress), ("gzip", gzip.compress)])
def test_a_broken_body_fails_the_step_that_reads_it_and_no_other(encoding: str, encode: Encode, tmp_path: Path) -> None:
    body = encode(b'{"id": 7}')[:-4]
    answer = head(f"Content-Length: {len(body)}", f"Content-Encoding: {encoding}") + body
    with serving(saying(answer)) as (url, seen):
        ran = run(url, tmp_path, {"get": "/read", "expect": {"json": {"$.id": 7}}}, {"get": "/counted"})

    assert ran.errors == {None: 20, "expectation": 20}
    assert (len(seen.requests), seen.connections) == (40, 2)


def test_a_protocol_that_is_switched_without_being_asked_for_is_no_answer(tmp_path: Path) -> None:
    with serving(saying(head("Upgrade: h2c", "Connection: Upgrade", status="101 Switching Protocols"))) as (url, seen):
        ran = run(url, tmp_path)

    assert ran.errors == {"protocol": 20}
    assert len(seen.requests) == 20
