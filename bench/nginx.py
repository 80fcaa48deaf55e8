"""nginx on loopback and on the last core: it answers at once, and counts what it has answered."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
CONFIGURATION = """
worker_processes 1; worker_cpu_affinity {mask:b}; daemon off; pid {root}/pid; error_log {root}/error crit;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type application/json;
  client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root}; uwsgi_temp_path {root}; scgi_temp_path {root};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /items/ {{ return 200 '{{"id": 7, "name": "red chair", "n": 1}}'; }}
    location = /list {{ alias {root}/list.json; }}
    location = /status {{ stub_status; }}
  }}
}}
"""


@contextmanager
def nginx(root: Path) -> Generator[str]:
    """Its URL; /items/ has 38 bytes, /list 2 KiB of JSON."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    items = [{"id": number, "name": f"chair number {number}", "price": 9.5, "tags": ["red", "oak"]} for number in range(28)]
    (root / "list.json").write_text(json.dumps({"items": items}))
    (root / "conf").write_text(CONFIGURATION.format(root=root, port=port, mask=1 << CORES[-1]))
    process = subprocess.Popen(["nginx", "-p", str(root), "-c", str(root / "conf"), "-e", str(root / "error")])
    try:
        _await_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def served(url: str) -> int:
    """How many requests it has served, this one among them."""
    with urllib.request.urlopen(f"{url}/status") as answer:
        return int(answer.read().split()[9])


def _await_port(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("nginx does not start: is it installed?")
