"""`perfkit compare` through the command that everybody uses, and what it leaves, as short as a ledger can keep it."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from perfkit.compare.compare import EXIT_CODES

ANSWERS = frozenset(EXIT_CODES.values())
# No comparison of these benches plans for half as long.
LIMIT = 3600.0
FAILED = "failed"
# Of what a failure said; paths of this machine are taken out of it.
LONGEST = 300
PATH = re.compile(r"(?<![\w.…])/[\w.+@-]+(?:/[\w.+@-]+)+/?")


@dataclass(frozen=True, slots=True)
class Asked:
    """Of a repository at `top`, whose scenario is `scenario`."""

    top: Path
    scenario: Path
    base: str
    head: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison's folder while it is there; `seconds` by the wall."""

    folder: Path | None
    code: int
    seconds: float
    complaint: str

    @property
    def has_answer(self) -> bool:
        return self.folder is not None and self.code in ANSWERS and (self.folder / "comparison.json").exists()

    @property
    def said(self) -> dict[str, Any]:
        """comparison.json."""
        assert self.folder is not None
        content: dict[str, Any] = json.loads((self.folder / "comparison.json").read_text())
        return content

    def table(self, name: str) -> pl.DataFrame | None:
        """pairs, bursts or counters; None of a tier that was not run."""
        path = self.folder / f"{name}.parquet" if self.folder is not None else None
        return pl.read_parquet(path) if path is not None and path.exists() else None


@contextmanager
def compared(asked: Asked) -> Generator[Compared]:
    """Its folder is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as out:
        line = [
            sys.executable,
            "-m",
            "perfkit",
            "compare",
            asked.base,
            asked.head,
            "--scenario",
            str(asked.scenario),
            "--out",
            out,
            "--no-why",  # a minute of profiles after each regression says nothing about how it was found
        ]
        began = time.monotonic()
        try:
            ended = subprocess.run(
                [*line, *asked.options], cwd=asked.top, capture_output=True, text=True, timeout=LIMIT, check=False
            )
            code, said = ended.returncode, ended.stderr
        except subprocess.TimeoutExpired:
            code, said = -1, "it did not end"
        seconds = time.monotonic() - began
        folders = [path for path in Path(out).iterdir() if path.is_dir()]
        yield Compared(folders[0] if folders else None, code, seconds, complaint(said))


def complaint(said: str) -> str:
    """The last that it said, for a run that did not come to an answer."""
    return " ".join(PATH.sub("…", said).split())[-LONGEST:].replace("|", "/")


def told(one: Compared) -> dict[str, Any]:
    """What a ledger keeps of any comparison: the answer, what each figure came to, and what was counted."""
    if not one.has_answer:
        return {"outcome": FAILED, "code": one.code, "seconds": round(one.seconds, 1), "complaint": one.complaint}
    said = one.said
    return {
        "outcome": said["answer"],
        "code": one.code,
        "seconds": round(one.seconds, 1),
        "noise": said["noise"],
        "more_time": _short(said["more_time"]),
        "more_time_range": [_short(end) for end in said["more_time_range"]],
        "stopped_early": said["stopped_early"],
        "unstable": len(said["unstable"]),
        "tests": [_test(test) for test in said["tests"] if test["gated"]],
        "counters": [_counter(counter) for counter in said["counters"]],
    }


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    names = ("endpoint", "metric", "outcome", "blocks")
    figures = ("change", "p", "detectable", "more_time")
    return {name: test[name] for name in names} | {name: _short(test[name]) for name in figures}


def _counter(counter: Mapping[str, Any]) -> dict[str, Any]:
    return {name: counter[name] for name in ("endpoint", "counter", "base", "head", "outcome", "gated")}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def changed(found: Mapping[str, Any], outcome: str) -> list[str]:
    """Everything gated that came out so, as `order: server_time +3.1 %` or `order: statements 2 → 3`."""
    times = [
        f"{one['endpoint']}: {one['metric']} {one['change']:+.1%}" for one in found.get("tests", ()) if one["outcome"] == outcome
    ]
    counts = [
        f"{one['endpoint']}: {one['counter']} {one['base']} → {one['head']}"
        for one in found.get("counters", ())
        if one["gated"] and one["outcome"] == outcome
    ]
    return [*counts, *times]
