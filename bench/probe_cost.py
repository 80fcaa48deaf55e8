"""What the probe costs in the measure phase: CPU of the target per request, with and without it, side by side.

    python -m bench.probe_cost [--rounds 30]

Two copies of a service are up at once on the same core, one with the probe staged; blocks of the same requests alternate
between them in random order. The figure is the CPU time of the service over a block, divided by its requests: a busy
machine does not move it much, and what is left cancels in the pair. Medians of the paired differences with a 95 % bootstrap
interval. The services: the bundled shop, and a bare WSGI function with 0, 10 and 100 sqlite3 statements a request, whose
differences give the cost of a request and of a statement.
"""

import argparse
import http.client
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from numpy.typing import NDArray

from perfkit.evidence import RunDirectory
from perfkit.scenario.model import TargetSpec
from perfkit.target import ready, start
from perfkit.target.process import Supervised

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "perfkit" / "demo"
WARM_UP = 3
# Of clockid_t: the clock of all threads of a process, as clock_getcpuclockid(3) makes it.
CPU_CLOCK = 2
BLOCK = 200
# The shop's requests differ by a factor of ten: each block is one of each, and many blocks average the machine out.
SHOP_ROUNDS = 8
SHOP = (
    "/",
    "/categories/7/products",
    "/products/77",
    "/products/9000",
    "/suggest?q=lamp",
    "/search?q=oak%20brass",
    "/orders",
    "/orders/27",
)
BARE = """
import sqlite3
connection = sqlite3.connect("numbers.db", check_same_thread=False)
def app(environ, start_response):
    for n in range(int(environ["PATH_INFO"].strip("/") or 0)):
        connection.execute("SELECT name FROM numbers WHERE id = ?", (n,)).fetchall()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One copy of the service: its processes and a kept connection."""

    connection: http.client.HTTPConnection
    processes: tuple[psutil.Process, ...]

    def cpu(self) -> float:
        # The process's own CPU clock, in nanoseconds: what /proc shows moves in steps of 10 ms.
        return sum(time.clock_gettime_ns((~process.pid << 3) | CPU_CLOCK) for process in self.processes) * 1e-9

    def block(self, paths: Sequence[str]) -> float:
        """CPU seconds of the service per request."""
        before = self.cpu()
        for number, path in enumerate(paths, 1):
            headers = {"Authorization": "Bearer customer-7", "x-perfkit-id": f"{number:016x}", "x-perfkit-step": "step"}
            self.connection.request("GET", path, headers=headers)
            answer = self.connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                sys.exit(f"{path}: {answer.status} {body[:200]!r}")
        return (self.cpu() - before) / len(paths)


@contextmanager
def up(command: str, port: int, cwd: Path, environment: dict[str, str], *, probed: bool) -> Generator[Side]:
    """The service on one core, with or without the probe."""
    launch = {"command": command.format(port=port).split(), "cwd": str(cwd), "env": environment}
    spec = TargetSpec.model_validate({"base_url": f"http://127.0.0.1:{port}", "launch": launch})
    with ExitStack() as stack:
        directory = RunDirectory(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        if probed:
            root = stack.enter_context(start.running(spec, directory, os.environ)).root_pid
        else:
            root = stack.enter_context(bare(spec, directory)).root_pid
        assert root is not None
        top = psutil.Process(root)
        processes = (top, *top.children(recursive=True))
        for process in processes:
            process.cpu_affinity([0])
        place = urlsplit(spec.base_url)
        yield Side(http.client.HTTPConnection(place.hostname or "", place.port), processes)


@contextmanager
def bare(spec: TargetSpec, directory: RunDirectory) -> Generator[Supervised]:
    """The same start without a stage on its path."""
    assert spec.launch is not None
    with directory.target_log.open("ab", buffering=0) as log:
        environment = {**start.with_our_programs(os.environ), **spec.launch.env}
        supervised = start.start(spec.launch, spec.launch.command, environment, log)
        try:
            ready.await_answer(spec.base_url, spec.launch.ready, supervised, directory.target_log)
            yield supervised
        finally:
            supervised.stop()


def compare(
    sides: tuple[Side, Side], deck: Sequence[str], rounds: int, dice: random.Random
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """CPU seconds per request of both sides, a pair a round."""
    pairs: list[tuple[float, float]] = []
    for index in range(rounds + WARM_UP):
        taken = {which: sides[which].block(deck) for which in dice.sample((0, 1), 2)}
        if index >= WARM_UP:
            pairs.append((taken[0], taken[1]))
    table = np.array(pairs)
    return table[:, 0], table[:, 1]


def interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The median with its 95 % bootstrap interval."""
    medians = np.median(np.random.default_rng(1).choice(values, (4000, len(values))), axis=1)
    return float(np.median(values)), float(np.quantile(medians, 0.025)), float(np.quantile(medians, 0.975))


def report(name: str, without: NDArray[np.float64], with_: NDArray[np.float64]) -> float:
    added, low, high = interval((with_ - without) * 1e6)
    share, share_low, share_high = interval(with_ / without - 1)
    print(
        f"| {name} | {np.median(without) * 1e6:,.0f} | {added:+.1f} [{low:+.1f}, {high:+.1f}] "
        f"| {share:+.1%} [{share_low:+.1%}, {share_high:+.1%}] |",
        flush=True,
    )
    return added


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=30)
    rounds = options.parse_args().rounds
    dice = random.Random(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print("| service | without, µs CPU a request | the probe adds, µs | share |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        added = {count: bare_service(Path(folder), count, rounds, dice) for count in (0, 10, 100)}
        shop_service(Path(folder), rounds, dice)
    print(f"\na request: {added[0]:.1f} µs; a statement: {(added[100] - added[0]) / 100:.2f} µs")


def bare_service(folder: Path, count: int, rounds: int, dice: random.Random) -> float:
    (folder / "bare.py").write_text(BARE)
    with sqlite3.connect(folder / "numbers.db") as database:
        database.execute("CREATE TABLE IF NOT EXISTS numbers (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT OR IGNORE INTO numbers VALUES (?, ?)", [(n, f"number {n}") for n in range(100)])
    command = "gunicorn bare:app --workers 1 --threads 1 --worker-class gthread --keep-alive 75 --bind 127.0.0.1:{port}"
    with up(command, 8371, folder, {}, probed=False) as without, up(command, 8372, folder, {}, probed=True) as with_:
        deck = [f"/{count}"] * (BLOCK if count < 100 else BLOCK // 4)
        return report(f"bare WSGI, {count} statements", *compare((without, with_), deck, rounds, dice))


def shop_service(folder: Path, rounds: int, dice: random.Random) -> None:
    command = "gunicorn shop.app:create_app() --workers 1 --threads 4 --keep-alive 75 --bind 127.0.0.1:{port}"
    environment = {"PYTHONPATH": str(DEMO), "DATABASE_URL": f"sqlite:///{folder}/shop.db"}
    seed = [sys.executable, "-m", "store.seed", environment["DATABASE_URL"]]
    subprocess.run(seed, check=True, cwd=DEMO)
    with (
        up(command, 8373, folder, environment, probed=False) as without,
        up(command, 8374, folder, environment, probed=True) as with_,
    ):
        report("the shop, eight endpoints", *compare((without, with_), SHOP, rounds * SHOP_ROUNDS, dice))


if __name__ == "__main__":
    main()
