"""Where a comparison lies on disk, and how far it has come: a state that is true at every moment, the verdicts at its end."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from perfkit import folders
from perfkit.errors import ComparisonError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one comparison."""

    path: Path

    @classmethod
    def new(cls, out: Path, scenario: str, versions: tuple[str, str], at: datetime, kind: str = "compare") -> "Place":
        """Makes `<yyyymmdd-hhmmss>-<kind>-<scenario>-<base>-<head>/`; two in one second get a suffix."""
        name = folders.named(at.strftime("%Y%m%d-%H%M%S"), kind, scenario, *versions)
        return cls(folders.made(out, name, "comparisons", ComparisonError))

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def keep(self, name: str, table: pl.DataFrame) -> None:
        """A table as soon as there is all of it: a comparison that is interrupted keeps what it has."""
        table.write_parquet(self.path / f"{name}.parquet")

    def state(self, state: str, **more: Any) -> None:
        """`running`, `finished`, `interrupted` or `failed`, with what goes on."""
        self.write("state.json", json.dumps({"format": FORMAT, "state": state, **more}, indent=1))

    def write(self, name: str, text: str) -> None:
        folders.write(self.path / name, text, ComparisonError)
