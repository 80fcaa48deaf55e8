"""What a request costs the generator: CPU of everything that generates, perfkit beside its peers.

    python -m bench.generator_cost [--rounds 3] [--seconds 4]

nginx answers on one core, the generator runs on another; rounds alternate between the generators. The figure is user + system
time of all processes of a generator over the requests that nginx counted (stub_status); each generator runs for a short and
for a long time, and the difference of the two leaves out its start. `K6` and `WRK2` name further binaries to run.
The lateness of sends is perfkit's own account of an open load; it means something only on an otherwise idle core.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from perfkit.errors import LoadError
from perfkit.evidence import RunDirectory
from perfkit.load.driver import driving
from perfkit.load.recorder import read
from perfkit.scenario.model import Scenario

USERS = 20
SHORT = 1.0  # seconds of the run that is subtracted
SHARE_OF_FLOOR = 0.8
CORES = sorted(os.sched_getaffinity(0))
NGINX = """
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
LOCUST = """
import random
from locust import {user}, task

class Visitor({user}):
    @task
    def visit(self):
        if {is_read}:
            with self.client.get("/list", catch_response=True) as answer:
                body = answer.json()
                if body["items"][0]["id"] != 0 or answer.status_code != 200:
                    answer.failure("not as expected")
        else:
            self.client.get(f"/items/{{random.randint(1, 1000)}}", name="/items/[id]")
"""
K6 = """
import http from "k6/http";
export const options = {{vus: {users}, duration: "{seconds}s", discardResponseBodies: true}};
export default () => http.get(`{url}/items/${{Math.floor(Math.random() * 1000)}}`, {{tags: {{name: "item"}}}});
"""
PLAIN = {"get": "/items/${rand.int(1, 1000)}"}
READ = {"get": "/list", "extract": {"item": "$.items[0].id"}, "expect": {"status": 200, "json": {"$.items[0].id": 0}}}

Run = Callable[[float], object]  # drives for so many seconds


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and requests of one generator."""

    cpu: float
    requests: int
    rate: float

    @property
    def per_request(self) -> float:
        return self.cpu / self.requests * 1e6


class Bench:
    """One target, and what generators cost against it."""

    def __init__(self, url: str, folder: Path, seconds: float) -> None:
        self.url = url
        self.folder = folder
        self.seconds = seconds

    def served(self) -> int:
        with urllib.request.urlopen(f"{self.url}/status") as answer:
            return int(answer.read().split()[9])

    def cost(self, run: Run) -> Cost:
        short, long = self._spent(run, SHORT), self._spent(run, SHORT + self.seconds)
        requests = long[1] - short[1]
        return Cost(long[0] - short[0], requests, requests / self.seconds)

    def _spent(self, run: Run, seconds: float) -> tuple[float, int]:
        before, served = _children(), self.served()
        run(seconds)
        # One of them asked how many there were.
        return _children() - before, self.served() - served - 1

    def perfkit(self, load: dict[str, Any], step: dict[str, Any]) -> Run:
        def run(seconds: float) -> None:
            scenario = {"perfkit": 1, "target": self.url, "flows": {"visit": [step]}, "load": [{**load, "for": f"{seconds}s"}]}
            command = [sys.executable, "-m", "bench.generator_cost", "--drive", json.dumps(scenario)]
            subprocess.run(command, check=True, preexec_fn=_on_first_core)

        return run

    def program(self, command: Callable[[float], Sequence[str]]) -> Run:
        def run(seconds: float) -> None:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(command(seconds), check=False, preexec_fn=_on_first_core, **quiet)  # type: ignore[call-overload]

        return run

    def locust(self, user: str, *, is_read: bool = False) -> Run:
        file = self.folder / f"{user}{is_read}.py"
        file.write_text(LOCUST.format(user=user, is_read=is_read))
        base = [sys.executable, "-m", "locust", "-f", str(file), "--headless", "--host", self.url, "--only-summary"]
        return self.program(lambda seconds: [*base, "-u", str(USERS), "-r", str(USERS), "-t", f"{round(seconds)}s"])

    def k6(self, binary: str) -> Run:
        file = self.folder / "k6.js"

        def command(seconds: float) -> Sequence[str]:
            file.write_text(K6.format(users=USERS, seconds=seconds, url=self.url))
            return [binary, "run", "--quiet", str(file)]

        return self.program(command)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--drive", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.drive:
        drive(json.loads(given.drive))
        return
    with tempfile.TemporaryDirectory() as root, nginx(Path(root)) as url:
        bench = Bench(url, Path(root), given.seconds)
        compare(bench, given.rounds)
        lateness(bench)


def drive(scenario: dict[str, Any]) -> None:
    """Makes the load and writes everything down, as `perfkit run` does; nothing is observed or judged."""
    with tempfile.TemporaryDirectory() as folder:
        load = driving(Scenario.model_validate(scenario), "default", RunDirectory(Path(folder)), "bench", 0.0, time.monotonic())
        with load as under_way:
            list(under_way.phases())


def compare(bench: Bench, rounds: int) -> None:
    runs = peers(bench)
    floor = bench.cost(runs["perfkit, 20 users"]).rate
    open_load = {"rate": f"{round(floor * SHARE_OF_FLOOR)}/s"}
    runs[f"perfkit, open at {SHARE_OF_FLOOR:.0%} of its floor"] = bench.perfkit(open_load, PLAIN)
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            costs[name].append(bench.cost(run))
    print("| generator | µs CPU a request | requests/s |\n|---|---|---|")
    for name, found in costs.items():
        print(f"| {name} | {median(cost.per_request for cost in found):.1f} | {median(cost.rate for cost in found):,.0f} |")


def peers(bench: Bench) -> dict[str, Run]:
    users = {"users": USERS}
    item = f"{bench.url}/items/7"
    runs = {
        "perfkit, 20 users": bench.perfkit(users, PLAIN),
        "perfkit, 2 KiB of JSON extracted and checked": bench.perfkit(users, READ),
        "Locust FastHttpUser": bench.locust("FastHttpUser"),
        "Locust FastHttpUser, the same JSON": bench.locust("FastHttpUser", is_read=True),
        "Locust HttpUser": bench.locust("HttpUser"),
    }
    if wrk := shutil.which("wrk"):
        runs["wrk"] = bench.program(lambda seconds: [wrk, "-t1", f"-c{USERS}", f"-d{round(seconds)}", item])
    if hey := shutil.which("hey"):
        runs["hey"] = bench.program(lambda seconds: [hey, "-cpus", "1", "-c", str(USERS), "-z", f"{seconds}s", item])
    if k6 := os.environ.get("K6"):
        runs["k6"] = bench.k6(k6)
    if wrk2 := os.environ.get("WRK2"):
        runs["wrk2"] = bench.program(lambda seconds: [wrk2, "-t1", f"-c{USERS}", f"-d{round(seconds)}", "-R1000000", item])
    return runs


def lateness(bench: Bench) -> None:
    print("\n| perfkit, open | late in the median | late at p99 | achieved of offered |\n|---|---|---|---|")
    for rate in (1000, 10_000):
        load = [{"rate": f"{rate}/s", "for": f"{bench.seconds}s", "arrivals": "even"}]
        scenario = {"perfkit": 1, "target": bench.url, "flows": {"visit": [PLAIN]}, "load": load}
        with tempfile.TemporaryDirectory() as folder:
            directory, epoch = RunDirectory(Path(folder)), time.monotonic()
            with driving(Scenario.model_validate(scenario), "default", directory, "bench", 0.0, epoch) as drive_of:
                _pin(drive_of.pid)
                list(drive_of.phases())
            samples, _ = read(directory, epoch)
        health = drive_of.health
        if health is None:
            raise LoadError("the generator gave no account of itself", hint="Run the bench again.")
        achieved = samples.height / (rate * bench.seconds)
        print(f"| {rate:,}/s | {health.lag_p50 * 1e3:.3f} ms | {health.lag_p99 * 1e3:.3f} ms | {achieved:.2%} |")


@contextmanager
def nginx(root: Path) -> Generator[str]:
    """The target on the last core."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    items = [{"id": number, "name": f"chair number {number}", "price": 9.5, "tags": ["red", "oak"]} for number in range(28)]
    (root / "list.json").write_text(json.dumps({"items": items}))
    (root / "conf").write_text(NGINX.format(root=root, port=port, mask=1 << CORES[-1]))
    process = subprocess.Popen(["nginx", "-p", str(root), "-c", str(root / "conf"), "-e", str(root / "error")])
    try:
        _await_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("nginx does not start: is it installed?")


def _on_first_core() -> None:
    os.sched_setaffinity(0, {CORES[0]})


def _pin(pid: int) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {CORES[0]})


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
