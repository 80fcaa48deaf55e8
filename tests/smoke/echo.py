"""A target whose behaviour a test changes while it is under load, and that says back everything it is told."""

import contextlib
import json
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from perfkit.probe.records import ID_HEADER


class Target:
    """What it saw, and how it answers from now on."""

    def __init__(self) -> None:
        self.url = ""
        self.ids: list[str] = []
        self.arrivals: list[float] = []
        self.lock = threading.Lock()
        self.status = 200
        self.delay = 0.0

    @property
    def count(self) -> int:
        with self.lock:
            return len(self.ids)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    target: Target

    def do_GET(self) -> None:
        target = self.target
        with target.lock:
            target.ids.append(self.headers[ID_HEADER])
            target.arrivals.append(time.monotonic())
        told = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        pause = self.path.removeprefix("/slow/") if self.path.startswith("/slow/") else "0"
        time.sleep(max(float(pause), target.delay))
        said = {"path": self.path, "headers": dict(self.headers.items()), "body": told}
        body = json.dumps(said).encode()
        self.send_response(404 if self.path.startswith("/missing") else target.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  the name is http.server's

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  the name is http.server's


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are part of these tests."""


@contextlib.contextmanager
def listening() -> Generator[Target]:
    target = Target()
    server = Server(("127.0.0.1", 0), type("EchoHandler", (Handler,), {"target": target}))
    target.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
