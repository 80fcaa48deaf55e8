"""How much memory the generator needs for a long run, and what judging so many requests takes.

    python -m bench.memory [--requests 10000000] [--users 20] [--limit 3600] [--look]

One generator process sends so many requests at nginx, as fast as it can; its resident memory is read every second. Then the run
is compacted and judged in processes of their own, as `perfkit run --no-analyze` and `perfkit analyze` do it: what those two need
grows with the run, and is shown beside it. Every run is a row of docs/results/memory.md. A generator that needs 300 MB or more
ends the bench with exit code 1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import psutil

from bench.nginx import nginx
from bench.results import Results

MOST = 300e6  # bytes
EVERY = 1.0  # seconds
COLUMNS = (
    *("requests", "users", "seconds", "generator: peak", "at a tenth", "at half", "at the end", "below 300 MB"),
    *("perfkit run: peak", "perfkit analyze: peak", "perfkit analyze: seconds", "requests judged"),
)


@dataclass(slots=True)
class Watch:
    """Resident memory of the generator, read beside the run."""

    root: int
    readings: list[int] = field(default_factory=list[int])
    _ended: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        generator: psutil.Process | None = None
        while not self._ended.wait(EVERY):
            try:
                generator = generator or _generator_of(self.root)
                if generator is not None:
                    self.readings.append(int(generator.memory_info().rss))
            except psutil.NoSuchProcess:
                return

    def end(self) -> None:
        self._ended.set()

    def at(self, share: float) -> int:
        return self.readings[min(int(share * len(self.readings)), len(self.readings) - 1)]


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended: what it took."""

    code: int
    seconds: float
    peak: int
    said: str


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=10_000_000)
    options.add_argument("--users", type=int, default=20)
    options.add_argument("--limit", type=float, default=3600.0, help="seconds after which the run is given up")
    options.add_argument("--look", action="store_true", help="show, and write nothing down")
    given = options.parse_args()
    results = Results("memory", "Memory of a long run", COLUMNS, keeps=not given.look)
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as url:
        if not measure(Path(folder), url, given.requests, given.users, given.limit, results):
            sys.exit(f"the generator needed {MOST / 1e6:.0f} MB or more, or requests are missing")


def measure(folder: Path, url: str, requests: int, users: int, limit: float, results: Results) -> bool:
    """One run, compacted and judged; whether it stayed within bounds."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(scenario(url, requests // users, users)))
    perfkit = [sys.executable, "-m", "perfkit"]
    watch_of: list[Watch] = []
    ran = carry_out([*perfkit, "run", str(file), "--out", str(folder), "--no-profile", "--no-analyze"], limit, watch_of)
    (watch,) = watch_of
    if ran.code != 0 or not watch.readings:
        sys.exit(ran.said or "the run was over before its memory could be read")
    latest = (folder / "latest").resolve()
    judged = carry_out([*perfkit, "analyze", str(latest)], limit, [])
    sent = pl.scan_parquet(latest / "samples.parquet").select(pl.len()).collect().item()
    found = latest / "findings.json"
    counted = json.loads(found.read_text())["total"]["requests"] if found.exists() else 0
    peak = max(watch.readings)
    fits = peak < MOST and sent == requests // users * users
    results.row(
        *(f"{sent:,}", str(users), f"{ran.seconds:.0f}", show(peak), *(show(watch.at(share)) for share in (0.1, 0.5, 1.0))),
        *("yes" if fits else "**no**", show(ran.peak)),
        *(show(judged.peak), f"{judged.seconds:.0f}", f"{counted:,}" if counted else f"none: {judged.said.strip()}"),
    )
    return fits


def carry_out(command: Sequence[str], limit: float, watch_of: list[Watch]) -> Ended:
    """Runs a command, and hands over what was read of the generator that it started."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        watch = Watch(process.pid)
        watching = threading.Thread(target=watch.follow)
        watching.start()
        killing = threading.Timer(limit, process.kill)
        killing.start()
        # Of this process alone: the largest of all children would be somebody else's.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        killing.cancel()
        watch.end()
        watching.join()
        watch_of.append(watch)
        errors.seek(0)
        return Ended(process.returncode, time.monotonic() - began, usage.ru_maxrss * 1024, errors.read())


def scenario(url: str, iterations: int, users: int) -> Mapping[str, object]:
    return {
        "perfkit": 1,
        "name": "memory",
        "target": url,
        "flows": {"visit": [{"get": "/items/${rand.int(1, 1000)}"}]},
        "load": {"main": [{"users": users, "iterations": iterations}]},
    }


def show(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _generator_of(root: int) -> psutil.Process | None:
    for child in psutil.Process(root).children(recursive=True):
        if "perfkit.load.locustfile" in child.cmdline():
            return child
    return None


if __name__ == "__main__":
    main()
