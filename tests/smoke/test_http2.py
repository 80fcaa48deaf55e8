"""HTTP/2 against real servers, and against one that does what it should not: both sides count alike."""

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived, StreamEnded
from hypercorn.asyncio import serve
from hypercorn.config import Config

from perfkit.errors import LoadError
from perfkit.load.dry import play_once
from perfkit.scenario.model import Scenario
from tests.smoke.test_load_faults import run

HTTP2 = {"version": 2, "timeout": "10s"}
BIG = 3_000_000


@dataclass
class Seen:
    requests: list[dict[str, str]] = field(default_factory=list)
    uploaded: list[int] = field(default_factory=list)
    clients: set[tuple[str, int]] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)


def an_application(seen: Seen) -> Callable[..., Any]:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        seen.requests.append({name.decode(): value.decode() for name, value in scope["headers"]} | {"path": scope["path"]})
        seen.uploaded.append(size)
        seen.clients.add(tuple(scope["client"]))
        seen.versions.add(scope["http_version"])
        body = b"x" * BIG if scope["path"] == "/big" else b'{"id": 7}'
        status = 404 if scope["path"] == "/nothing" else 200
        head = [(b"content-type", b"application/json"), (b"set-cookie", b"session=s1; Path=/")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return answer


@contextmanager
def hypercorn(
    certificate: tuple[Path, Path] | None = None, alpn: tuple[str, ...] = ("h2", "http/1.1")
) -> Generator[tuple[str, Seen]]:
    seen, config, stop = Seen(), Config(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    config.bind = [f"fd://{listener.fileno()}"]
    config.alpn_protocols = list(alpn)
    config.loglevel = "CRITICAL"
    if certificate is not None:
        config.certfile, config.keyfile = map(str, certificate)

    async def live() -> None:
        await serve(an_application(seen), config, shutdown_trigger=lambda: asyncio.to_thread(stop.wait))

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    scheme = "http" if certificate is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl")
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run(
        [*making, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True, capture_output=True
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_scenario_of_version_2_is_played_over_one_connection_per_user(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"get": "/a?x=1", "extract": {"id": "$.id"}},
        {"post": "/b/${id}", "name": "post b", "json": {"a": 1}},
        {"head": "/c"},
        {"get": "/nothing"},
    ]
    with hypercorn() as (url, seen):
        ran = run(url, tmp_path, *steps, load={"users": 3, "iterations": 5}, http=HTTP2)

    assert ran.errors == {None: 45, "status": 15}
    assert Counter(request["path"] for request in seen.requests) == {"/a": 15, "/b/7": 15, "/c": 15, "/nothing": 15}
    assert len(seen.clients) == 3
    assert seen.versions == {"2"}
    assert {int(request["x-perfkit-id"], 16) for request in seen.requests} == set(ran.samples["id"])
    assert {request["x-perfkit-step"] for request in seen.requests if request["path"] == "/b/7"} == {"post%20b"}
    assert sum("cookie" not in request for request in seen.requests) == 3
    assert ran.samples["reconnect"].sum() == 0
    assert (ran.samples["connect_time"] > 0).sum() == 3
    assert ran.samples.filter(endpoint="GET /a")["bytes"].unique().to_list() == [9]
    assert (ran.samples["first_byte_at"] <= ran.samples["finished_at"]).all()


def test_bodies_larger_than_every_window_come_through_both_ways(tmp_path: Path) -> None:
    with hypercorn() as (url, seen):
        steps: list[dict[str, Any]] = [
            {"post": "/up", "body": "y" * BIG},
            {"get": "/big"},
            {"get": "/big", "expect": {"contains": "xxx"}},
        ]
        ran = run(url, tmp_path, *steps, load={"users": 2, "iterations": 4}, http=HTTP2)

    assert ran.errors == {None: 24}
    assert sorted(seen.uploaded)[-8:] == [BIG] * 8
    assert set(ran.samples.filter(endpoint="GET /big")["bytes"]) == {BIG}
    assert len(seen.clients) == 2


def test_over_tls_the_protocol_is_agreed_upon_in_the_handshake(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    with hypercorn(certificate) as (url, seen):
        http = {**HTTP2, "tls": {"ca": str(certificate[0])}}
        ran = run(url, tmp_path, load={"users": 2, "iterations": 5}, http=http)

    assert ran.errors == {None: 10}
    assert (len(seen.requests), seen.versions, len(seen.clients)) == (10, {"2"}, 2)


def test_a_target_that_speaks_only_http_1_ends_the_run_with_one_clear_error(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    with old_fashioned() as url, pytest.raises(LoadError, match="does not speak HTTP/2"):
        run(url, tmp_path / "clear", http=HTTP2)

    with hypercorn(certificate, alpn=("http/1.1",)) as (url, seen):
        http = {**HTTP2, "tls": {"verify": False}}
        with pytest.raises(LoadError, match=r"does not speak HTTP/2: its TLS chose http/1\.1"):
            run(url, tmp_path / "tls", http=http)
    assert seen.requests == []


def test_an_unspoken_protocol_is_one_error_of_a_dry_run_too() -> None:
    with old_fashioned() as url, pytest.raises(LoadError, match="it answered in HTTP/1") as raised:
        play_once(Scenario.model_validate({**a_scenario(url), "http": HTTP2}), {})

    assert raised.value.hint == "Set http.version to 1.1, or turn HTTP/2 on at the target."


def test_a_dry_run_speaks_http_2() -> None:
    with hypercorn() as (url, seen):
        (exchange,) = play_once(Scenario.model_validate({**a_scenario(url), "http": HTTP2}), {})

    assert (exchange.status, exchange.bytes, exchange.problem, seen.versions) == (200, 9, "", {"2"})


@contextmanager
def old_fashioned() -> Generator[str]:
    """A server of HTTP/1.1, to whom the first words of HTTP/2 are a bad request."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def a_scenario(url: str) -> dict[str, Any]:
    return {"perfkit": 1, "target": url, "flows": {"f": [{"get": "/"}]}, "load": [{"users": 1, "iterations": 1}]}


# A server that does what the case says with the nth stream of a connection

Behaving = Callable[[H2Connection, socket.socket, int, int], bool]  # stream id, its number from 0; False ends the connection
GOAWAY = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00"


def respond(session: H2Connection, stream: int, body: bytes = b"ok", *, whole: bool = True) -> None:
    session.send_headers(stream, [(":status", "200"), ("content-length", str(len(body) + (not whole)))])
    session.send_data(stream, body, end_stream=whole)


def answering(session: H2Connection, _connection: socket.socket, stream: int, _number: int) -> bool:
    respond(session, stream)
    return True


def silent(_session: H2Connection, _connection: socket.socket, _stream: int, _number: int) -> bool:
    return True


def closing(_session: H2Connection, _connection: socket.socket, _stream: int, _number: int) -> bool:
    return False


def half(session: H2Connection, _connection: socket.socket, stream: int, _number: int) -> bool:
    respond(session, stream, whole=False)
    return False


def resetting_streams(session: H2Connection, _connection: socket.socket, stream: int, number: int) -> bool:
    if number % 2:
        respond(session, stream)
    else:
        session.reset_stream(stream, 7)
    return True


def going_away_before(_session: H2Connection, connection: socket.socket, _stream: int, _number: int) -> bool:
    connection.sendall(GOAWAY + b"\0\0\0\0" + b"\0\0\0\0")
    return False


def going_away_gracefully(session: H2Connection, connection: socket.socket, stream: int, number: int) -> bool:
    """Says after every third request that it was the last one, and answers it all the same, in pieces."""
    if number % 3 == 2:
        connection.sendall(GOAWAY + stream.to_bytes(4, "big") + b"\0\0\0\0")
        time.sleep(0.01)
        session.send_headers(stream, [(":status", "200")])
        connection.sendall(session.data_to_send())
        time.sleep(0.01)
        session.send_data(stream, b"ok", end_stream=True)
        connection.sendall(session.data_to_send())
        return False
    respond(session, stream)
    return True


def sending_garbage(_session: H2Connection, connection: socket.socket, _stream: int, _number: int) -> bool:
    connection.sendall(b"\x00\x00\x04\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff")
    return True


def sending_too_much(session: H2Connection, connection: socket.socket, stream: int, _number: int) -> bool:
    session.send_headers(stream, [(":status", "200"), ("content-length", "1")])
    connection.sendall(session.data_to_send())
    connection.sendall(b"\x00\x00\x02\x00\x01" + stream.to_bytes(4, "big") + b"ok")
    return True


def informing_first(session: H2Connection, connection: socket.socket, stream: int, _number: int) -> bool:
    session.send_headers(stream, [(":status", "103"), ("link", "</a>")])
    connection.sendall(session.data_to_send())
    session.ping(b"12345678")
    respond(session, stream)
    return True


# what it does: how the 20 requests end, and over how many connections
CASES: dict[str, tuple[Behaving, dict[str | None, int], int]] = {
    "answers": (answering, {None: 20}, 2),
    "closes without an answer": (closing, {"reset": 20}, 20),
    "sends half a body": (half, {"reset": 20}, 20),
    "resets every other stream": (resetting_streams, {None: 10, "reset": 10}, 2),
    "goes away before it has taken the request up": (going_away_before, {"reset": 20}, 20),
    "goes away after it has answered": (going_away_gracefully, {None: 20}, 8),
    "sends garbage": (sending_garbage, {"protocol": 20}, 20),
    "sends more than it said": (sending_too_much, {"protocol": 20}, 20),
    "sends an interim answer and a ping": (informing_first, {None: 20}, 2),
}


@dataclass
class Met:
    requests: int = 0
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def behaving(behave: Behaving) -> Generator[tuple[str, Met]]:
    met = Met()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with met.lock:
                met.connections += 1
            threading.Thread(target=converse, args=(connection, behave, met), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", met
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def converse(connection: socket.socket, behave: Behaving, met: Met) -> None:
    session = H2Connection(H2Configuration(client_side=False, validate_outbound_headers=False))
    session.initiate_connection()
    count = iter(range(1 << 30))
    with connection, suppress(OSError):
        connection.sendall(session.data_to_send())
        while data := connection.recv(65536):
            for event in session.receive_data(data):
                if isinstance(event, RequestReceived):
                    with met.lock:
                        met.requests += 1
                if isinstance(event, StreamEnded) and not behave(session, connection, event.stream_id or 0, next(count)):
                    connection.sendall(session.data_to_send())
                    return
            connection.sendall(session.data_to_send())


@pytest.mark.parametrize("case", CASES)
def test_every_request_is_on_record_once_when_the_server(case: str, tmp_path: Path) -> None:
    behave, errors, connections = CASES[case]
    with behaving(behave) as (url, met):
        ran = run(url, tmp_path, http=HTTP2)

    assert ran.errors == errors
    assert (met.requests, met.connections) == (20, connections)
    assert ran.samples["id"].n_unique() == 20
    assert ran.samples["reconnect"].sum() == connections - 2


def test_a_server_that_never_answers_is_a_timeout(tmp_path: Path) -> None:
    with behaving(silent) as (url, met):
        ran = run(url, tmp_path, load={"users": 2, "iterations": 2}, http={"version": 2, "timeout": "300ms"})

    assert ran.errors == {"timeout": 4}
    assert met.requests == 4


def test_without_keepalive_every_request_has_a_connection_of_its_own(tmp_path: Path) -> None:
    with behaving(answering) as (url, met):
        ran = run(url, tmp_path, http={**HTTP2, "keepalive": False})

    assert ran.errors == {None: 20}
    assert (met.requests, met.connections) == (20, 20)


NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder}; keepalive_requests 7;
  server {{
    listen 127.0.0.1:{port} ssl http2; ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{ return 200 "hello"; }}
  }}
}}
"""


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs Debian's nginx")
def test_nginx_says_goaway_after_its_keepalive_requests_and_nothing_fails(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    port = _free_port()
    settings = tmp_path / "nginx.conf"
    settings.write_text(NGINX.format(folder=tmp_path, port=port, certificate=certificate[0], key=certificate[1]))
    server = subprocess.Popen([str(shutil.which("nginx")), "-c", str(settings), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        _await_port(port)
        http = {**HTTP2, "tls": {"ca": str(certificate[0])}}
        ran = run(f"https://127.0.0.1:{port}", tmp_path / "run", load={"users": 2, "iterations": 50}, http=http)
    finally:
        server.terminate()
        server.wait()

    assert ran.errors == {None: 100}
    assert ran.samples["reconnect"].sum() > 10
    assert sum('"GET / HTTP/2.0" 200' in line for line in (tmp_path / "access.log").read_text().splitlines()) == 100


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _await_port(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("nginx did not start")
