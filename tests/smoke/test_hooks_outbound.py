"""The hooks of urllib3, requests and httpx against a real server on this machine."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import requests
import urllib3

from perfkit.probe.hooks import httpx_, urllib3_
from perfkit.probe.records import CALL_FAILED
from tests.probe.hooks.recording import Probe

PAUSE = 0.03


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("location", "/there?secret=1")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        time.sleep(PAUSE)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    probe = Probe(tmp_path)
    yield probe
    probe.stop()


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_requests_leaves_one_call_however_often_it_is_redirected(probe: Probe, host: str) -> None:
    probe.hook(urllib3_)

    with probe.request(), requests.Session() as session:
        for _ in range(3):
            session.get(f"http://{host}/there?secret=1")

    calls = probe.calls("outbound")
    assert [call["name"] for call in calls] == [host] * 3
    assert all(call["wall"] > PAUSE * 1e9 for call in calls)
    assert [call["name"] for call in probe.calls("connect")] == [host]


def test_urllib3_counts_a_redirect_it_follows_itself_once(probe: Probe, host: str) -> None:
    probe.hook(urllib3_)

    with probe.request(), urllib3.PoolManager() as pool:
        pool.connection_from_url(f"http://{host}").request("GET", "/away")

    (call,) = probe.calls("outbound")
    assert call["name"] == host
    assert call["site"].endswith("in test_urllib3_counts_a_redirect_it_follows_itself_once")


def test_a_refused_connection_is_a_failed_call(probe: Probe) -> None:
    probe.hook(urllib3_)

    with probe.request(), pytest.raises(urllib3.exceptions.MaxRetryError), urllib3.PoolManager(retries=1) as pool:
        pool.request("GET", "http://127.0.0.1:9/")

    (call,) = probe.calls("outbound")
    assert call["flags"] & CALL_FAILED


def test_httpx_leaves_one_call_with_its_redirects(probe: Probe, host: str) -> None:
    probe.hook(httpx_)

    with probe.request(), httpx.Client(follow_redirects=True) as client:
        assert client.get(f"http://{host}/away").text == "ok"
        client.get(f"http://{host}/there")

    calls = probe.calls("outbound")
    assert [call["name"] for call in calls] == [host] * 2
    assert all(call["wall"] > PAUSE * 1e9 for call in calls)
    assert [call["name"] for call in probe.calls("connect")] == [host]


def test_asynchronous_calls_side_by_side_are_one_record_each(probe: Probe, host: str) -> None:
    probe.hook(httpx_)

    async def ask() -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(f"http://{host}/there") for _ in range(4)))

    with probe.request():
        asyncio.run(ask())

    calls = probe.calls("outbound")
    assert [call["name"] for call in calls] == [host] * 4
    assert len(probe.calls("connect")) == 4


def test_a_client_that_calls_an_application_in_this_process_leaves_none(probe: Probe) -> None:
    probe.hook(httpx_)
    transport = httpx.MockTransport(lambda _request: httpx.Response(200))

    with probe.request(), httpx.Client(transport=transport) as client:
        client.get("http://example.org/")

    assert probe.calls("outbound") == []


def test_undo_puts_the_clients_back(probe: Probe) -> None:
    before = (httpx.Client.send, urllib3.HTTPConnectionPool.urlopen)

    for hook in (httpx_, urllib3_):
        undo = hook.install(probe.recorder)
        undo()

    assert (httpx.Client.send, urllib3.HTTPConnectionPool.urlopen) == before
