"""The second server that a target calls: so long per answer, so many answers at once.

    python -m bench.capacity.targets.dependency --took 0.01 [--at-once 1]

It prints its URL, and ends at SIGTERM.
"""

import argparse
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

ANSWER: Final = b"ok"


def serve(took: float, at_once: int) -> None:
    places = threading.Semaphore(at_once)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with places:
                time.sleep(took)
            # In one piece: two would meet Nagle and the other side's delayed acknowledgement.
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the base class has it
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
        server.serve_forever()


def end(*_: object) -> None:
    sys.exit(0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--took", type=float, required=True, help="seconds")
    options.add_argument("--at-once", type=int, default=1)
    given = options.parse_args()
    signal.signal(signal.SIGTERM, end)
    serve(given.took, given.at_once)


if __name__ == "__main__":
    main()
