"""How long judging a large run takes, what it needs, and how heavy its report is.

    python -m bench.analysis_speed [--requests 1000000]

Makes a run directory of that many requests (twelve endpoints, a trace each, three statements each), judges it in a process of its
own, and opens the report in Debian's headless chromium.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import sync_playwright

from perfkit import schemas
from perfkit.evidence import GeneratorHealth, Interval, Run, RunDirectory
from perfkit.run import runfile
from perfkit.scenario.model import Slo

ENDPOINTS = 12
WORKERS = 4
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=1_000_000)
    count = options.parse_args().requests
    with tempfile.TemporaryDirectory() as folder:
        directory = RunDirectory(Path(folder))
        make(directory, count)
        started = time.perf_counter()
        judged = subprocess.run([sys.executable, "-m", "perfkit", "analyze", folder], check=False, capture_output=True, text=True)
        taken = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        report = directory.path / "report.html"
        if not report.exists():
            sys.exit(judged.stderr)
        found = json.loads((directory.path / "findings.json").read_text())
        size = report.stat().st_size
        readable, drawn = open_in_browser(report)
    print(
        "| requests | judged in | peak memory | report | opens in | first chart | endpoints | requests counted |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    print(
        f"| {count:,} | {taken:.1f} s | {peak / 2**20:,.0f} MiB | {size / 2**20:.1f} MiB | {readable:.2f} s | {drawn:.2f} s "
        f"| {len(found['endpoints'])} | {found['total']['requests']:,} |"
    )


def open_in_browser(report: Path) -> tuple[float, float]:
    """Seconds from navigation to the page's load event, and until the first chart is drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        started = time.perf_counter()
        page.goto(report.as_uri(), wait_until="load")
        readable = time.perf_counter() - started
        # Charts are drawn when they come into view: the first one, asked for at once.
        page.locator(".chart").first.scroll_into_view_if_needed()
        page.locator(".chart svg.main-svg").first.wait_for(state="visible")
        drawn = time.perf_counter() - started
        browser.close()
    return readable, drawn


def make(directory: RunDirectory, count: int) -> None:
    """A run of ten minutes: exponential service times, Poisson arrivals."""
    dice = np.random.default_rng(20261123)
    duration = 600.0
    intended = np.sort(dice.uniform(0, duration, count))
    endpoint = dice.integers(0, ENDPOINTS, count)
    wall = dice.gamma(2.0, 0.004, count) * (1 + endpoint)
    names = pl.Series([f"GET /things{n}/{{id}}" for n in range(ENDPOINTS)])
    ids = np.arange(1, count + 1, dtype=np.uint64)
    write_samples(directory, ids, endpoint, names, intended, wall)
    write_traces(directory, ids, endpoint, intended, wall, dice)
    write_statements(directory, ids, endpoint, intended, wall, dice)
    write_machine(directory, duration)
    runfile.write(directory, a_run(directory, count, duration))


def write_samples(
    directory: RunDirectory, ids: np.ndarray, endpoint: np.ndarray, names: pl.Series, intended: np.ndarray, wall: np.ndarray
) -> None:
    count = len(ids)
    frame = pl.DataFrame(
        {
            "id": ids,
            "worker": 0,
            "virtual_user": 0,
            "flow": "browse",
            "step": "browse[0]",
            "endpoint": names.gather(endpoint),
            "named": False,
            "phase": "measure",
            "intended_at": intended,
            "sent_at": intended + 2e-4,
            "first_byte_at": intended + wall,
            "finished_at": intended + wall + 4e-4,
            "connect_time": 0.0,
            "tls_time": 0.0,
            "reconnect": False,
            "status": 200,
            "bytes": 2000,
            "error": pl.Series([None] * count, dtype=pl.String),
        }
    )
    frame.cast(dict(schemas.SAMPLES)).write_parquet(directory.table("samples"))  # type: ignore[arg-type]
    pl.DataFrame(schema=schemas.RESPONSES).write_parquet(directory.table("responses"))


def write_traces(
    directory: RunDirectory,
    ids: np.ndarray,
    endpoint: np.ndarray,
    intended: np.ndarray,
    wall: np.ndarray,
    dice: np.random.Generator,
) -> None:
    routes = pl.Series([f"/things{n}/{{id}}" for n in range(ENDPOINTS)])
    frame = pl.DataFrame(
        {
            "trace": ids,
            "id": ids,
            "pid": 100 + dice.integers(0, WORKERS, len(ids)),
            "thread": 1,
            "method": "GET",
            "route": routes.gather(endpoint),
            "step": "",
            "status": 200,
            "phase": "measure",
            "profiled": False,
            "asynchronous": False,
            "raised": False,
            "in_flight": 1,
            "statements": 3,
            "started_at": intended + 3e-4,
            "wall_time": wall,
            "first_byte_time": wall,
            "cpu_time": wall * 0.4,
            "loop_time": float("nan"),
            "max_step": float("nan"),
            "gc_time": 0.0,
            "bytes": 2000,
        }
    )
    frame.cast(dict(schemas.TRACES)).write_parquet(directory.table("traces"))  # type: ignore[arg-type]


def write_statements(
    directory: RunDirectory,
    ids: np.ndarray,
    endpoint: np.ndarray,
    intended: np.ndarray,
    wall: np.ndarray,
    dice: np.random.Generator,
) -> None:
    parts = [
        pl.DataFrame(
            {
                "trace": ids,
                "phase": "measure",
                "shape": endpoint * 3 + part + 1,
                "call_site": "app/things.py:41 in things",
                "parameters": dice.integers(1, 50_000, len(ids)),
                "result": 0,
                "rows": 3,
                "failed": False,
                "in_transaction": False,
                "started_at": intended + 3e-4 + wall * 0.25 * part,
                "wall_time": wall * 0.15,
                "cpu_time": float("nan"),
            }
        ).cast(dict(schemas.STATEMENTS))  # type: ignore[arg-type]
        for part in range(3)
    ]
    pl.concat(parts).write_parquet(directory.table("statements"))
    texts = [f"SELECT a, b, c FROM things{n // 3} WHERE key{n % 3} = ?" for n in range(ENDPOINTS * 3)]
    shapes = pl.DataFrame({"shape": range(1, len(texts) + 1), "text": texts}).cast(dict(schemas.SHAPES))  # type: ignore[arg-type]
    shapes.write_parquet(directory.table("shapes"))
    for name, schema in (
        ("waits", schemas.WAITS),
        ("plans", schemas.PLANS),
        ("blockers", schemas.BLOCKERS),
        ("call_trees", schemas.PROFILE),
    ):
        pl.DataFrame(schema=schema).write_parquet(directory.table(name))
    stacks = [
        ["serve (server.py:1)", f"things (app/things.py:{n % 90})", f"step{n % 7} (app/steps.py:{n})"] for n in range(3_000)
    ]
    profile = {
        "pid": 100,
        "endpoint": [f"GET /things{n % ENDPOINTS}/{{id}}" for n in range(3_000)],
        "stack": stacks,
        "samples": 2,
        "time": 0.02,
    }
    pl.DataFrame(profile).cast(dict(schemas.PROFILE)).write_parquet(directory.table("stacks"))  # type: ignore[arg-type]


def write_machine(directory: RunDirectory, duration: float) -> None:
    seconds = np.arange(0, duration)
    host = {
        "at": seconds,
        "target_cpu": seconds * 1.2,
        "generator_cpu": seconds * 0.3,
        "profiler_cpu": 0.0,
        "perfkit_cpu": seconds * 0.01,
        "busy": 0.7,
        "steal": 0.0,
        "load": 1.5,
    }
    pl.DataFrame(host).cast(dict(schemas.HOST)).write_parquet(directory.table("host"))  # type: ignore[arg-type]
    memory = [
        pl.DataFrame(
            {
                "at": seconds,
                "pid": 100 + worker,
                "serving": True,
                "rss": 90_000_000,
                "pss": 60_000_000,
                "uss": 50_000_000,
                "threads": 8,
                "files": 30,
            }
        )
        for worker in range(WORKERS)
    ]
    pl.concat(memory).cast(dict(schemas.MEMORY)).write_parquet(directory.table("memory"))  # type: ignore[arg-type]


def a_run(directory: RunDirectory, count: int, duration: float) -> Run:
    return Run(
        id=directory.path.name,
        scenario="large",
        started_at="2026-11-23T10:15:00+00:00",
        state="finished",
        commit="",
        parent="",
        dirty=False,
        load="open",
        resolved={"slo": Slo.model_validate({"all": ["p95 < 1s"]}).model_dump(mode="json")},
        machine={"cores": 2},
        intervals=(Interval("measure", 0.0, duration),),
        serving=(),
        observers={},
        hooks=(),
        generator=GeneratorHealth(count, count, count, 0, 0.0002, 0.001, 0.3, open_loop=True),
    )


if __name__ == "__main__":
    main()
