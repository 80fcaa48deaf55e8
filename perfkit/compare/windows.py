"""A short window of plain open load to each version at the scenario's rate: what a request computes there, and a check of sizes.

Windows are forty times noisier than bursts (research for comparisons, 8), so one pair of them decides nothing; but a simulation
that is out by an order of magnitude would be seen. The generator is the one that `perfkit run` has, one version after the other.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from perfkit.collectors import host
from perfkit.compare.pairs import WINDOWS
from perfkit.compare.side import Pair, Side
from perfkit.errors import LoadError
from perfkit.evidence import Missing, RunDirectory, Table
from perfkit.load import driver, recorder
from perfkit.scenario.model import Scenario, Slo
from perfkit.scenario.stages import Ramp, Stage

# Of the tier's budget, for each version.
SHARE: Final = 0.05
SHORTEST, LONGEST = 1.0, 10.0
# Before what is measured: connections are opened, and the first users are under way.
FILLING: Final = 1.0
PROFILE: Final = "window"


def length(budget: float) -> float:
    """Of one window, in a tier of so many seconds."""
    return max(SHORTEST, min(LONGEST, SHARE * budget))


def run(pair: Pair, duration: float, folder: Path, on_progress: Callable[[float], None]) -> Table:
    """windows.parquet; Missing when the generator could not do it, since nothing hangs on it."""
    found = [WINDOWS.to_frame()]
    for done, side in enumerate((pair.base, pair.head), 1):
        directory = RunDirectory(folder / f"window-{side.name}")
        directory.path.mkdir()
        try:
            found.append(_window(side, duration, directory, pair.epoch))
        except LoadError as error:
            return Missing(f"the generator could not: {error.message}")
        finally:
            shutil.rmtree(directory.path, ignore_errors=True)
        on_progress(done / 2)
    return pl.concat(found)


def at_peak(scenario: Scenario, duration: float) -> Scenario:
    """With the highest level of its open load as all that there is."""
    stages = [stage for stage in scenario.load[scenario.default_load()] if stage.rate is not None]
    highest = max(stages, key=_level)
    level = Ramp(_level(highest), _level(highest))
    filling = highest.model_copy(update={"rate": level, "duration": FILLING, "warmup": True})
    measured = highest.model_copy(update={"rate": level, "duration": duration, "warmup": False})
    return scenario.model_copy(update={"load": {PROFILE: (filling, measured)}, "slo": Slo()})


def _level(stage: Stage) -> float:
    return max(stage.rate.start, stage.rate.end) if stage.rate is not None else 0.0


def _window(side: Side, duration: float, directory: RunDirectory, epoch: float) -> pl.DataFrame:
    with driver.driving(at_peak(side.scenario, duration), PROFILE, directory, directory.path.name, 0.0, epoch) as drive:
        before = _computed(side)
        for _ in drive.phases():
            continue
        after = _computed(side)
    samples, _ = recorder.read(directory, epoch)
    # Less than before: a process is gone with what it had computed.
    each = (after - before) / max(1, samples.height) if before is not None and after is not None and after > before else None
    return samples.filter(pl.col("phase").cast(pl.String) == "measure").select(
        pl.lit(side.name).cast(WINDOWS["side"]).alias("side"),
        pl.col("endpoint"),
        (pl.col("finished_at") - pl.col("intended_at")).alias("response_time"),
        pl.col("error"),
        pl.lit(each, pl.Float64).alias("cpu"),
    )


def _computed(side: Side) -> float | None:
    """CPU seconds of its processes until now; None when somebody else started them."""
    root = side.target.supervisor_pid or side.target.root_pid
    return host.by_role(host.processes(Path("/proc")), root, None, own=os.getpid())["target_cpu"]
