"""Targets whose bottleneck is known: six of one kind, and six in which two limits bind at nearly the same rate."""

import importlib
import socket
import sys
import tempfile
import warnings
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bench import command

ROOT: Final = Path(__file__).parents[2]
DEPENDENCY: Final = "bench.capacity.targets.dependency"
SYNC, THREADED, ON_LOOP = "sync", "gthread", "uvicorn"


@dataclass(frozen=True, slots=True)
class Case:
    """What a request does, who serves it, and which resources limit it."""

    name: str
    parts: str  # see targets/parts.py
    limits: tuple[str, ...]  # names of measures.utilisation, the true bottlenecks
    rate: float  # requests per second at which the first of them is full; what the parts come to, without overheads
    server: str = THREADED
    workers: int = 1
    threads: int = 12
    pool: int = 0
    dependency: tuple[float, int] | None = None  # seconds an answer, answers at once

    @property
    def needs_database(self) -> bool:
        return self.pool > 0


PLAIN: Final = (
    Case("sleep-bound", "sleep:0.02", ("worker slots",), 100, SYNC, workers=2),
    Case("CPU-bound", "compute:0.01", ("worker CPU",), 100, SYNC),
    Case("pool", "pool:0.02", ("database pool",), 100, pool=2),
    Case("lock", "lock:0.01", ("lock",), 100),
    Case("dependency", "call:0", ("outbound dependency",), 100, dependency=(0.01, 1)),
    Case("event loop", "compute:0.01", ("event loop",), 100, ON_LOOP),
)
MIXED: Final = (
    Case("lock and pool", "lock:0.01 pool:0.02", ("lock", "database pool"), 100, threads=24, pool=2),
    Case("pool and dependency", "pool:0.02 call:0", ("database pool", "outbound dependency"), 100,
         threads=24, pool=2, dependency=(0.01, 1)),
    # Behind the lock calls would come one after another, and nobody could see whether the other service takes two at once.
    Case("lock and dependency", "call:0 lock:0.01", ("lock", "outbound dependency"), 100, threads=24, dependency=(0.009, 1)),
    # Who slept with the lock has to get the interpreter back before it can let go: that is time of the lock too.
    Case("GIL and lock", "compute:0.0115 lock:0.0075", ("GIL", "lock"), 78, threads=24),
    Case("slots and dependency", "sleep:0.11 call:0", ("worker slots", "outbound dependency"), 100, dependency=(0.01, 1)),
    # A connection is given back in a turn of the loop: held for long, so that the turns are the small part of it.
    Case("event loop and pool", "compute:0.0105 pool:0.1", ("event loop", "database pool"), 80, ON_LOOP, pool=10),
)  # fmt: skip
CASES: Final = {case.name: case for case in (*PLAIN, *MIXED)}


def relaxed(case: Case, limit: str) -> Case:
    """The case with twice as much of one resource, by what requests take of it or by how many there are."""
    if limit == "worker slots":
        return replace(case, threads=2 * case.threads)
    if limit == "database pool":
        return replace(case, pool=2 * case.pool)
    if limit == "outbound dependency" and case.dependency is not None:
        took, at_once = case.dependency
        return replace(case, dependency=(took, 2 * at_once))
    name = "lock" if limit == "lock" else "compute"
    parts = (part.partition(":") for part in case.parts.split())
    return replace(case, parts=" ".join(f"{own}:{float(took) / 2 if own == name else float(took):g}" for own, _, took in parts))


@contextmanager
def scenario(
    case: Case, load: list[Mapping[str, Any]], slo: Mapping[str, Any] | None = None, kind: str = "open"
) -> Generator[dict[str, Any]]:
    """The case's scenario, with its dependency and its database up; perfkit starts the target itself."""
    with ExitStack() as stack:
        environment = {"PARTS": case.parts, "PYTHONPATH": str(ROOT), "SIZE": str(max(case.pool, 1))}
        if case.dependency is not None:
            took, at_once = case.dependency
            environment["DEPENDENCY"] = stack.enter_context(command.serving(DEPENDENCY, "--took", took, "--at-once", at_once))
        if case.needs_database:
            environment["DATABASE"] = stack.enter_context(database())
        port = free_port()
        launch = {"command": launched(case, port), "env": environment, "cwd": str(ROOT), "ready": {"http": "/ready"}}
        yield {
            "perfkit": 1,
            "name": case.name.replace(" ", "-").lower(),
            "target": {"base_url": f"http://127.0.0.1:{port}", "launch": launch},
            "flows": {"visit": [{"get": "/"}]},
            "load": {kind: load},
            **({"slo": slo} if slo else {}),
        }


def launched(case: Case, port: int) -> list[str]:
    place = f"127.0.0.1:{port}"
    if case.server == ON_LOOP:
        return [sys.executable, "-m", "uvicorn", "bench.capacity.targets.on_loop:application", "--port", str(port)]
    kind = ["--threads", str(case.threads)] if case.server == THREADED else []
    options = ["-w", str(case.workers), "-k", case.server, *kind, "-b", place, "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", *options, "bench.capacity.targets.threaded:application"]


@contextmanager
def database() -> Generator[str]:
    """A PostgreSQL of its own, gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains about a run-time folder that it does not use
        pgserver = importlib.import_module("pgserver")
    with tempfile.TemporaryDirectory(prefix="perfkit-bench-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
