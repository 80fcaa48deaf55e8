"""WebSockets and server-sent events against real servers, and against some that do what they should not."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import uvicorn
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, CloseConnection, Ping, Pong, Request, TextMessage

from perfkit.load.dry import play_once
from perfkit.scenario.model import Scenario
from tests.smoke.test_load_faults import Ran, run, saying, serving

LOAD = {"users": 2, "iterations": 5}


@dataclass
class Seen:
    """What the application has seen."""

    handshakes: list[dict[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    streams: list[dict[str, str]] = field(default_factory=list)


def an_application(seen: Seen) -> Callable[..., Any]:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
        if scope["type"] == "websocket":
            seen.handshakes.append(headers | {"path": scope["path"], "offered": ",".join(scope["subprotocols"])})
            await talk(scope, receive, send, seen)
        elif scope["type"] == "http":
            seen.streams.append(headers | {"path": scope["path"], "method": scope["method"]})
            await stream(scope["path"], send)

    return answer


async def talk(scope: Any, receive: Any, send: Any, seen: Seen) -> None:
    await receive()
    if scope["path"] == "/closed":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
    while (message := await receive())["type"] != "websocket.disconnect":
        seen.messages.append(message["text"])
        await send({"type": "websocket.send", "text": json.dumps({"echo": message["text"], "n": len(seen.messages)})})
        if message["text"] == "bye":
            await send({"type": "websocket.close", "code": 4001})
    seen.codes.append(message["code"])


async def stream(path: str, send: Any) -> None:
    kind = b"application/json" if path == "/plain" else b"text/event-stream; charset=utf-8"
    status = 503 if path == "/down" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    with suppress(OSError):
        for number in range(3 if path == "/short" else 100):
            event = f': hello\nretry: 10\nevent: tick\nid: {number}\ndata: {{"n":\r\ndata: {number}}}\n\n'
            text = event + "event: other\ndata: x\n\n"
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
            await asyncio.sleep(0.005)
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def uvicorn_with(protocol: Any) -> Generator[tuple[str, Seen]]:
    seen = Seen()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(an_application(seen), ws=protocol, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        server.should_exit = True
        thread.join()


def by_endpoint(ran: Ran) -> dict[str, int]:
    return dict(ran.samples.group_by("endpoint").len().iter_rows())


def test_a_websocket_is_opened_talked_on_and_closed(tmp_path: Path) -> None:
    step = {
        "websocket": {
            "url": "/ws/${user.id}?x=1",
            "headers": {"X-Mine": "yes"},
            "subprotocols": ["chat.v1", "chat.v2"],
            "steps": [
                {"send": "hello ${iteration}", "expect": {"json": {"$.echo": "hello ${iteration}"}}, "extract": {"n": "$.n"}},
                {"think": "10ms"},
                {"repeat": 3, "steps": [{"send": {"last": "${n}"}, "expect": {"contains": "last"}, "name": "again"}]},
                {"send": "no answer wanted"},
                {"expect": {"contains": "no answer wanted"}},
                {"close": 3001},
            ],
        }
    }
    with uvicorn_with("wsproto") as (url, seen):
        ran = run(url, tmp_path, step, {"get": "/short"}, load=LOAD)

    assert ran.errors == {None: 70}
    assert by_endpoint(ran) == {"GET /ws/{id}": 10, "MESSAGE /ws/{id}": 20, "again": 30, "GET /short": 10}
    assert len(seen.handshakes) == len(seen.codes) == 10
    assert Counter(seen.codes) == {3001: 10}
    assert len(seen.messages) == 50
    assert {handshake["offered"] for handshake in seen.handshakes} == {"chat.v1,chat.v2"}
    assert {handshake["x-mine"] for handshake in seen.handshakes} == {"yes"}
    opened = ran.samples.filter(pl.col("endpoint") == "GET /ws/{id}")
    assert set(opened["status"]) == {101}
    assert {int(handshake["x-perfkit-id"], 16) for handshake in seen.handshakes} == set(opened["id"])
    assert (opened["connect_time"] > 0).all()
    assert ran.samples["reconnect"].sum() == 0
    talked = ran.samples.filter(pl.col("endpoint") == "again")
    assert set(talked["status"]) == {101}
    assert (talked["first_byte_at"] >= talked["sent_at"]).all()
    assert ran.samples["id"].n_unique() == 70


def test_another_server_understands_it_as_well(tmp_path: Path) -> None:
    steps = [{"send": "x" * 100_000, "expect": {"contains": "xxx"}}, {"send": "é", "expect": {"json": {"$.echo": "é"}}}]
    with uvicorn_with("websockets-sansio") as (url, seen):
        ran = run(url, tmp_path, {"websocket": {"url": "/ws", "steps": steps}}, load=LOAD)

    assert ran.errors == {None: 30}
    assert Counter(map(len, seen.messages)) == {100_000: 10, 1: 10}
    assert Counter(seen.codes) == {1000: 10}


def test_a_refused_handshake_is_a_status_and_ends_the_iteration_unless_it_is_expected(tmp_path: Path) -> None:
    talk = {"url": "/closed", "steps": [{"send": "hello", "expect": {}}]}
    with uvicorn_with("wsproto") as (url, seen):
        refused = run(url, tmp_path / "refused", {"websocket": talk}, {"get": "/short"}, load=LOAD)
        expected = run(
            url, tmp_path / "expected", {"websocket": {**talk, "expect": {"status": 403}}}, {"get": "/short"}, load=LOAD
        )

    assert refused.errors == {"status": 10}
    assert set(refused.samples["status"]) == {403}
    assert expected.errors == {None: 20}
    assert len(seen.handshakes) == 20
    assert seen.messages == []


def test_a_conversation_that_the_target_ends_is_one_failure_of_the_next_turn(tmp_path: Path) -> None:
    steps = [
        {"send": "bye", "expect": {}},
        {"think": "100ms"},
        {"send": "still there?", "expect": {}},
        {"send": "again", "expect": {}},
    ]
    with uvicorn_with("wsproto") as (url, seen):
        ran = run(url, tmp_path, {"websocket": {"url": "/ws", "steps": steps}}, {"get": "/short"}, load=LOAD)

    assert ran.errors == {None: 20, "reset": 10}
    assert Counter(seen.messages) == {"bye": 10}
    assert Counter(seen.codes) == {4001: 10}


def test_a_word_that_nobody_hears_any_more_is_a_failure_on_record(tmp_path: Path) -> None:
    steps = [{"send": "bye", "expect": {}}, {"think": "100ms"}, {"send": "still there?"}]
    with uvicorn_with("wsproto") as (url, seen):
        whole = {"perfkit": 1, "target": url, "flows": {"f": [{"websocket": {"url": "/ws", "steps": steps}}]}}
        exchanges = play_once(Scenario.model_validate({**whole, "load": [{"users": 1, "iterations": 1}]}), {})
    assert [exchange.problem for exchange in exchanges][:2] == ["", ""]
    assert seen.messages[0] == "bye"


def test_events_are_read_one_by_one_and_then_the_stream_is_hung_up_on(tmp_path: Path) -> None:
    step = {
        "sse": {
            "post": "/events",
            "json": {"ask": 1},
            "read": 4,
            "event": "tick",
            "expect": {"status": 200, "header": {"Content-Type": "text/event-stream"}, "json": {"$.n": 3}},
            "extract": {"n": "$.n"},
        }
    }
    with uvicorn_with("none") as (url, seen):
        ran = run(url, tmp_path, step, {"get": "/short?n=${n}", "name": "after"}, load=LOAD)

    assert ran.errors == {None: 50}
    assert by_endpoint(ran) == {"POST /events": 10, "EVENT /events": 30, "after": 10}
    streams = [stream for stream in seen.streams if stream["path"] == "/events"]
    assert len(streams) == 10
    assert {(stream["method"], stream["accept"], stream["accept-encoding"]) for stream in streams} == {
        ("POST", "text/event-stream", "identity")
    }
    events = ran.samples.filter(endpoint="EVENT /events").with_columns(took=pl.col("finished_at") - pl.col("intended_at"))
    assert events["took"].min() >= 0  # type: ignore[operator]
    assert 0.002 < events["took"].median() < 1  # type: ignore[operator]
    assert ran.samples["reconnect"].sum() == 0


def test_what_is_no_stream_and_a_stream_that_is_too_short_are_failures_of_their_class(tmp_path: Path) -> None:
    with uvicorn_with("none") as (url, _):
        down = run(url, tmp_path / "down", {"sse": {"get": "/down", "read": 2}}, load=LOAD)
        plain = run(url, tmp_path / "plain", {"sse": {"get": "/plain", "read": 2}}, load=LOAD)
        short = run(url, tmp_path / "short", {"sse": {"get": "/short", "read": 5, "event": "tick"}}, load=LOAD)

    assert down.errors == {"status": 10}
    assert plain.errors == {"protocol": 10}
    assert short.errors == {None: 30, "expectation": 10}


def test_an_event_that_does_not_come_in_time_is_a_timeout(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
    with serving(saying(head)) as (url, seen):
        ran = run(url, tmp_path, {"sse": {"get": "/", "read": 2, "timeout": "200ms"}}, load=LOAD)

    assert ran.errors == {None: 10, "timeout": 10}
    assert len(seen.requests) == 10
    late = ran.samples.filter(error="timeout")
    assert 0.2 <= (late["finished_at"] - late["sent_at"]).min() < 2  # type: ignore[operator]


def test_a_dry_run_shows_the_turns_of_a_conversation_without_what_was_said() -> None:
    steps = [{"send": {"password": "${secret.WORD}"}, "expect": {"contains": "password"}}, {"expect": {}, "timeout": "100ms"}]
    whole = {
        "perfkit": 1,
        "flows": {
            "a": [{"websocket": {"url": "/ws?t=${secret.WORD}", "steps": steps}}],
            "b": [{"sse": {"get": "/short", "read": 2}}],
        },
        "load": [{"users": 1, "iterations": 1}],
    }
    with uvicorn_with("wsproto") as (url, seen):
        exchanges = play_once(Scenario.model_validate({**whole, "target": url}), {"WORD": "s3cret-word"})

    assert [(exchange.flow, exchange.method, exchange.status) for exchange in exchanges] == [
        ("a", "GET", 101),
        ("a", "MESSAGE", 101),
        ("a", "MESSAGE", 0),
        ("b", "GET", 200),
        ("b", "EVENT", 200),
    ]
    assert [exchange.problem.partition(":")[0] for exchange in exchanges] == ["", "", "timeout", "", ""]
    assert exchanges[1].url == f"{url}/ws?t=***"
    assert "s3cret-word" in seen.messages[0]
    assert "s3cret-word" not in repr(exchanges)


# A server that does what the case says once the handshake is done

Behaving = Callable[[WSConnection, socket.socket, str], bool]


@dataclass
class Met:
    handshakes: int = 0
    messages: int = 0
    pongs: int = 0
    codes: list[int] = field(default_factory=list)


@contextmanager
def behaving(behave: Behaving) -> Generator[tuple[str, Met]]:
    """Calls `behave` with each message; it says whether the connection goes on."""
    met = Met()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
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
    protocol = WSConnection(ConnectionType.SERVER)
    with connection, suppress(OSError):
        while data := connection.recv(65536):
            protocol.receive_data(data)
            for event in protocol.events():
                if not react(event, protocol, connection, behave, met):
                    return


def react(event: Any, protocol: WSConnection, connection: socket.socket, behave: Any, met: Met) -> bool:
    if isinstance(event, Request):
        met.handshakes += 1
        connection.sendall(protocol.send(AcceptConnection()))
    elif isinstance(event, TextMessage):
        met.messages += 1
        return bool(behave(protocol, connection, event.data))
    elif isinstance(event, Pong):
        met.pongs += 1
    elif isinstance(event, CloseConnection):
        met.codes.append(event.code)
        if protocol.state is ConnectionState.REMOTE_CLOSING:
            connection.sendall(protocol.send(event.response()))
        return False
    return True


def answering(protocol: WSConnection, connection: socket.socket, text: str) -> bool:
    connection.sendall(protocol.send(TextMessage(data=text)))
    return True


def in_fragments(protocol: WSConnection, connection: socket.socket, text: str) -> bool:
    """A ping between the fragments of a message, and each byte on its own."""
    fragments = (TextMessage(data=text[:2], message_finished=False), Ping(payload=b"p"), TextMessage(data=text[2:]))
    for byte in b"".join(protocol.send(fragment) for fragment in fragments):
        connection.sendall(bytes([byte]))
    return True


def resetting(_protocol: WSConnection, connection: socket.socket, _text: str) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    return False


def closing(protocol: WSConnection, connection: socket.socket, _text: str) -> bool:
    connection.sendall(protocol.send(CloseConnection(code=1011)))
    return True


def hanging_up(_protocol: WSConnection, _connection: socket.socket, _text: str) -> bool:
    return False


def half(protocol: WSConnection, connection: socket.socket, text: str) -> bool:
    connection.sendall(protocol.send(TextMessage(data=text))[:-1])
    return False


def garbling(_protocol: WSConnection, connection: socket.socket, _text: str) -> bool:
    connection.sendall(b"\xff\xff\xff\xff\xff")
    return True


def no_text(_protocol: WSConnection, connection: socket.socket, _text: str) -> bool:
    connection.sendall(b"\x81\x03\xff\xfe\xfd")
    return True


# what it does: how the ten handshakes and their messages end, and how often the target hears a farewell
CASES: dict[str, tuple[Any, dict[str | None, int], int]] = {
    "answers": (answering, {None: 20}, 10),
    "sends fragments, byte by byte, with a ping between them": (in_fragments, {None: 20}, 10),
    "resets": (resetting, {None: 10, "reset": 10}, 0),
    "says goodbye": (closing, {None: 10, "reset": 10}, 10),
    "hangs up": (hanging_up, {None: 10, "reset": 10}, 0),
    "sends half a message": (half, {None: 10, "reset": 10}, 0),
    "sends garbage": (garbling, {None: 10, "protocol": 10}, 10),
    "sends text that is none": (no_text, {None: 10, "protocol": 10}, 10),
}


@pytest.mark.parametrize("case", CASES)
def test_every_turn_is_on_record_once_when_the_target(case: str, tmp_path: Path) -> None:
    behave, errors, farewells = CASES[case]
    talk = {"url": "/ws", "steps": [{"send": "hello", "expect": {"contains": "hello"}}]}
    with behaving(behave) as (url, met):
        ran = run(url, tmp_path, {"websocket": talk}, load=LOAD)
        time.sleep(0.1)

    assert ran.errors == errors
    assert (met.handshakes, met.messages) == (10, 10)
    assert len(met.codes) == farewells
    assert met.pongs == (10 if behave is in_fragments else 0)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "protocol",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "status"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "status"),
        (b"\x00\x01garbage\r\n\r\n", "protocol"),
        (b"HTTP/1.1 500 x\r\nContent-Length: 10\r\n\r\nhalf", "reset"),
    ],
)
def test_a_handshake_that_goes_wrong_is_one_failure(answer: bytes, error: str, tmp_path: Path) -> None:
    talk = {"url": "/ws", "steps": [{"send": "hello", "expect": {}}]}
    with serving(saying(answer, stays=False)) as (url, seen):
        ran = run(url, tmp_path, {"websocket": talk}, load=LOAD)

    assert ran.errors == {error: 10}
    assert len(seen.requests) == 10


def test_messages_in_between_are_passed_over_where_the_step_says_so(tmp_path: Path) -> None:
    def chatty(protocol: WSConnection, connection: socket.socket, text: str) -> bool:
        for word in ("noise", "more noise", f"answer to {text}"):
            connection.sendall(protocol.send(TextMessage(data=word)))
        return True

    strict = {"url": "/ws", "steps": [{"send": "7", "expect": {"contains": "answer to 7"}}]}
    skipping = {"url": "/ws", "steps": [{**strict["steps"][0], "others": "skip"}]}  # type: ignore[dict-item]
    with behaving(chatty) as (url, _):
        assert run(url, tmp_path / "strict", {"websocket": strict}, load=LOAD).errors == {None: 10, "expectation": 10}
        assert run(url, tmp_path / "skipping", {"websocket": skipping}, load=LOAD).errors == {None: 20}


def test_thousands_of_messages_that_wait_already_are_taken_one_by_one(tmp_path: Path) -> None:
    def flooding(protocol: WSConnection, connection: socket.socket, _text: str) -> bool:
        connection.sendall(b"".join(protocol.send(TextMessage(data=f"m{number}")) for number in range(5000)))
        return True

    steps = [{"send": "go"}, {"think": "300ms"}, {"repeat": 5000, "steps": [{"expect": {"contains": "m"}}]}]
    with behaving(flooding) as (url, met):
        ran = run(url, tmp_path, {"websocket": {"url": "/ws", "steps": steps}}, load={"users": 1, "iterations": 1})

    assert ran.errors == {None: 5001}
    assert met.codes == [1000]


def test_open_load_holds_conversations_too_and_a_silent_target_is_a_timeout(tmp_path: Path) -> None:
    silent = {"url": "/ws", "timeout": "200ms", "steps": [{"send": "hello", "expect": {}}]}
    load = {"rate": "20/s", "for": "500ms", "arrivals": "even"}
    with behaving(lambda _protocol, _connection, _text: True) as (url, met):
        ran = run(url, tmp_path, {"websocket": silent}, load=load)

    assert ran.errors == {None: met.handshakes, "timeout": met.messages}
    assert met.handshakes == 10
    assert 8 <= met.messages <= 10  # those that open as the load ends say nothing more
