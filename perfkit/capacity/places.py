"""Where a search for capacity lies on disk: its own results, the target's log, and a run directory for every step."""

from dataclasses import dataclass
from pathlib import Path

from perfkit import folders
from perfkit.evidence import RunDirectory


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one search."""

    path: Path

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def home(self, number: int) -> RunDirectory:
        """Of a setting's target: its log, and the probe's files."""
        return RunDirectory(self.path / f"target-{number}")

    def steps(self, number: int) -> Path:
        return self.path / f"steps-{number}"

    def write(self, name: str, text: str) -> None:
        folders.write(self.path / name, text)
