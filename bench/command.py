"""`perfkit run` of a scenario made on the spot, through the command that everybody uses."""

import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Ran:
    """A run directory that was judged."""

    directory: Path
    code: int

    @property
    def samples(self) -> pl.DataFrame:
        return pl.read_parquet(self.directory / "samples.parquet")

    @property
    def run(self) -> dict[str, Any]:
        return _read(self.directory / "run.json")

    @property
    def findings(self) -> dict[str, Any]:
        return _read(self.directory / "findings.json")


def run(folder: Path, scenario: Mapping[str, Any], *options: str) -> Ran:
    """Runs and judges; the exit codes of verdicts are answers, any other ends the bench with what perfkit said."""
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(scenario))  # JSON is YAML
    command = [sys.executable, "-m", "perfkit", "run", str(file), "--out", str(folder), "--no-profile", *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    latest = (folder / "latest").resolve()
    if ended.returncode not in (0, 1, 6, 7) or not (latest / "findings.json").exists():
        sys.exit(ended.stderr)
    return Ran(latest, ended.returncode)


@contextmanager
def serving(module: str, *arguments: object) -> Generator[str]:
    """A server of the bench's own in a process of its own, which prints its URL when it listens and ends at SIGTERM."""
    process = subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            sys.exit(f"{module} did not start")
        yield url
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content
