"""What the run was made on, and how quiet it was there: two runs on unlike or noisy machines cannot be compared."""

import importlib.metadata
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

Grade: TypeAlias = Literal["quiet", "fair", "noisy"]

TOOLS: Final = ("perfkit", "locust", "py-spy", "pyinstrument", "polars", "psutil")
SPIN: Final = 0.3
SPIN_ROUNDS: Final = 20_000  # about a millisecond: shorter than a scheduler's slice, longer than a clock's error
# A guest that loses 1 % of its time shows it in p99; from 5 % on also in the median.
FAIR_STEAL, NOISY_STEAL = 0.01, 0.05
# Runnable tasks per core before perfkit started anything.
FAIR_LOAD, NOISY_LOAD = 0.25, 0.75
# Coefficient of variation of equal pieces of work; a quiet machine stays at 1 to 3 %.
FAIR_JITTER, NOISY_JITTER = 0.05, 0.15


def fingerprint() -> dict[str, Any]:
    """Everything that must be alike for two runs to be comparable, and a noise grade."""
    return {
        **identity(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "tools": tools(),
        "noise": noise(),
    }


def identity() -> dict[str, Any]:
    """What tells machines apart that differ in speed; an update of the kernel makes no other machine."""
    return {
        "cores": cores(),
        "cpu": cpu_model(Path("/proc/cpuinfo")),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def cores() -> int:
    """Cores that this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0))


def cpu_model(cpuinfo: Path) -> str:
    """The name of the first processor, or the architecture where the kernel gives none (ARM)."""
    if not cpuinfo.exists():
        return platform.machine()
    for line in cpuinfo.read_text(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def tools() -> dict[str, str]:
    """Versions of what made the numbers; "" for what is not installed."""
    versions: dict[str, str] = {}
    for name in TOOLS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    return versions


def noise() -> dict[str, Any]:
    """How much the machine disturbs: steal, load, and the spread of equal pieces of work over a third of a second."""
    before = steal_and_total()
    jitter = spin_jitter()
    after = steal_and_total()
    steal = (after[0] - before[0]) / max(after[1] - before[1], 1)
    load = os.getloadavg()[0] / cores()
    return {"grade": grade(steal, load, jitter), "steal": steal, "load": load, "jitter": jitter}


def grade(steal: float, load: float, jitter: float) -> Grade:
    """The worst of the three decides."""
    if steal >= NOISY_STEAL or load >= NOISY_LOAD or jitter >= NOISY_JITTER:
        return "noisy"
    if steal >= FAIR_STEAL or load >= FAIR_LOAD or jitter >= FAIR_JITTER:
        return "fair"
    return "quiet"


def spin_jitter() -> float:
    """Coefficient of variation of equal pieces of work."""
    until = time.perf_counter() + SPIN
    pieces: list[float] = []
    while (started := time.perf_counter()) < until:
        for _ in range(SPIN_ROUNDS):
            pass
        pieces.append(time.perf_counter() - started)
    return statistics.stdev(pieces) / statistics.fmean(pieces) if len(pieces) > 1 else 0.0


def steal_and_total() -> tuple[int, int]:
    """Ticks that the hypervisor took, and all ticks, of all cores since boot."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    # user nice system idle iowait irq softirq steal; guest time is already in user time
    *used, steal = (int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9])
    return steal, sum(used) + steal
