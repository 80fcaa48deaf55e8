"""<worker>.clock, beside the samples of a worker on another machine: how far its monotonic clock is ahead of ours."""

import json
from pathlib import Path

SUFFIX = ".clock"


def write(folder: Path, worker: int, seconds: float, error: float) -> None:
    (folder / f"{worker}{SUFFIX}").write_text(json.dumps({"offset": seconds, "error": error}) + "\n")


def offset(beside: Path) -> float:
    """For the times of a file of that worker; 0 of a worker that went by our own clock."""
    path = beside.with_suffix(SUFFIX)
    return float(json.loads(path.read_text())["offset"]) if path.exists() else 0.0
