"""py-spy's raw files as stacks per endpoint: cut below the endpoint's trampoline, without the probe's own frames."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from perfkit.collectors import speedscope
from perfkit.evidence import Missing, RunDirectory, Table
from perfkit.probe import records
from perfkit.schemas import PROFILE
from perfkit.target import stage

DEFAULT_RATE: Final = 100.0
TRAMPOLINE: Final = re.compile(rf"\(<{re.escape(records.SERVICE_PREFIX)}(\d+)>(?::\d+)?\)$")
# The probe's wrappers are on every stack; they would only push the user's frames out of sight.
OWN_FRAMES: Final = (f"/{stage.PACKAGE}/", f"({stage.PACKAGE}/")


def read(directory: RunDirectory, labels: Mapping[tuple[int, int], str]) -> Table:
    """One row per worker, endpoint and stack; endpoint "" is what no trampoline stands in."""
    files = sorted(directory.stacks.glob("*.raw"))
    if not files:
        return Missing(directory.notes().get("stacks", "py-spy wrote nothing"))
    rows: list[tuple[int, str, list[str], int, float]] = []
    for path in files:
        pid = int(path.stem)
        rate = rate_of(path)
        counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for stack, samples in lines(path):
            number, frames = split(stack)
            if number is None and not frames:
                continue  # a thread of the probe's own
            if number is None and is_own(stack[0]):
                continue  # a thread of the probe: no work of the target's
            counts[labels.get((pid, number), "") if number is not None else "", frames] += samples
        rows += [(pid, endpoint, list(frames), samples, samples / rate) for (endpoint, frames), samples in counts.items()]
    return pl.DataFrame(rows, schema=PROFILE, orient="row")


def write_speedscope(profile: pl.DataFrame, folder: Path) -> None:
    """A file per endpoint, of all workers together."""
    for endpoint in profile["endpoint"].unique().to_list():
        merged = profile.filter(pl.col("endpoint") == endpoint).group_by("stack").agg(pl.col("time").sum())
        speedscope.write(folder, endpoint, merged.sort("time", descending=True).iter_rows())


def lines(path: Path) -> Iterator[tuple[list[str], int]]:
    """The stacks of a raw file, root first, with their numbers of samples; what is no such line is left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            stack, _, count = line.rstrip("\n").rpartition(" ")
            if stack and count.isdecimal():
                yield stack.split(";"), int(count)


def split(stack: list[str]) -> tuple[int | None, tuple[str, ...]]:
    """The number of the innermost trampoline, and the frames below it; None and the whole stack when there is none."""
    number: int | None = None
    below = 0
    for depth, frame in enumerate(stack, 1):
        match = TRAMPOLINE.search(frame)
        if match is not None:
            number, below = int(match[1]), depth
    return number, tuple(frame for frame in stack[below:] if not is_own(frame))


def is_own(frame: str) -> bool:
    """The frame is the probe's."""
    return any(own in frame for own in OWN_FRAMES)


def rate_of(path: Path) -> float:
    """Samples per second of a recording, as the collector noted it beside the file."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return DEFAULT_RATE
    return float(json.loads(beside.read_text()).get("rate", DEFAULT_RATE))
