"""The generator's floor: two seconds of the scenario's own requests against a server that does nothing but answer."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from perfkit.errors import LoadError
from perfkit.evidence import Floor, Interval, Missing, RunDirectory
from perfkit.load import driver
from perfkit.load.compile import compile_plan
from perfkit.load.demand import peak, requests_per_start
from perfkit.load.responder import BODY
from perfkit.scenario.model import Scenario, Slo

RUN_ID: Final = "calibration"
# Fewer requests than this say more about the machine's other work than about a request.
LEAST: Final = 100
RESPONDER_SPEAKS: Final = "1.1"


def floor(scenario: Scenario, profile: str, processes: int = 1) -> Floor | Missing:
    """Measured with one process, told of so many; raises what compiling the scenario raises, as the run itself would."""
    plan = compile_plan(scenario, profile, 0.0, RUN_ID)
    if all(segment.iterations is not None for segment in plan.segments):
        return Missing("a load of iterations takes what time it needs")
    if scenario.http.version != RESPONDER_SPEAKS:
        return Missing(f"the server that it is calibrated against speaks HTTP/{RESPONDER_SPEAKS} only")
    if not requests_per_start(plan):
        return Missing("the scenario has no plain request to calibrate with")
    alone = scenario.model_copy(
        update={
            "generator": scenario.generator.model_copy(update={"processes": 1}),
            # What ends a load early is about the target.
            "slo": Slo(),
            "guard": scenario.guard.model_copy(update={"stop_if": ()}),
        }
    )
    with tempfile.TemporaryDirectory(prefix="perfkit-calibrate-") as folder, responding() as port:
        directory = RunDirectory(Path(folder))
        with driver.driving(alone, profile, directory, RUN_ID, 0.0, time.monotonic(), responder=port) as drive:
            for _ in drive.phases():
                continue
    health = drive.health
    measured = next((interval for interval in drive.intervals if interval.phase == "measure"), Interval("measure", 0.0, 0.0))
    if health is None or health.finished < LEAST or health.cpu_share <= 0 or measured.duration <= 0:
        return Missing("the calibration came to too few requests")
    return Floor(
        requests=health.finished,
        duration=measured.duration,
        cpu_per_request=health.cpu_share * measured.duration / health.finished,
        achieved_rate=health.finished / measured.duration,
        processes=processes,
        needed_rate=peak(plan),
        answer=len(BODY),
    )


@contextmanager
def responding() -> Generator[int]:
    """The port of a null responder of its own process; it does not outlive the block, nor perfkit."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(driver.PACKAGES), *_inherited()])}
    command = [sys.executable, "-m", "perfkit.load.responder", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment) as process:
        try:
            yield _port(process.stdout)
        finally:
            process.kill()


def _inherited() -> list[str]:
    return list(filter(None, [os.environ.get("PYTHONPATH")]))


def _port(pipe: IO[bytes] | None) -> int:
    text = pipe.readline() if pipe is not None else b""
    if not text.strip().isdigit():
        raise LoadError(
            "the null responder that the generator is calibrated against did not start",
            hint="Try `python -m perfkit.load.responder` by hand, or run with --no-calibrate.",
        )
    return int(text)
