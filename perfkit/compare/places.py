"""Where a comparison lies on disk, and how far it has come: a state that is true at every moment, the verdicts at its end."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from perfkit.errors import ComparisonError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one comparison."""

    path: Path

    @classmethod
    def new(cls, out: Path, scenario: str, versions: tuple[str, str], at: datetime, kind: str = "compare") -> "Place":
        """Makes `<yyyymmdd-hhmmss>-<kind>-<scenario>-<base>-<head>/`; two in one second get a suffix."""
        slug = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in scenario)
        name = f"{at.strftime('%Y%m%d-%H%M%S')}-{kind}-{slug}-{'-'.join(versions)}"
        try:
            out.mkdir(parents=True, exist_ok=True)
            return cls(_first_free(out, name))
        except OSError as error:
            raise ComparisonError(
                f"{out} cannot hold comparisons: {error.strerror}", hint="Give another folder with --out."
            ) from error

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
        """In one step, so that a reader never meets half of it."""
        path = self.path / name
        fresh = path.with_name(f".{name}")
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise ComparisonError(f"{path} cannot be written: {error.strerror}", hint="Make room there.") from error


def _first_free(out: Path, name: str) -> Path:
    attempt = 1
    while True:
        path = out / (name if attempt == 1 else f"{name}-{attempt}")
        # Made and not only looked for: two comparisons may begin at once.
        try:
            path.mkdir()
        except FileExistsError:
            attempt += 1
        else:
            return path
