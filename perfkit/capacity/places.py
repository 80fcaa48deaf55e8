"""Where a search for capacity lies on disk: its own results, the target's log, and a run directory for every step."""

from dataclasses import dataclass
from pathlib import Path

from perfkit.errors import EvidenceError
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
        """In one step, so that a reader never meets half of it."""
        path = self.path / name
        fresh = path.with_name(f".{name}")
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise EvidenceError(f"{path} cannot be written: {error.strerror}", hint="Make room there.") from error
