"""Rows that are appended while the run goes on, one JSON object a line: a killed run loses its last one at most."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from perfkit.evidence import Missing, Table


def append(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One write per call, so that a reader never meets the first half of a row before the second."""
    text = "".join(json.dumps(row) + "\n" for row in rows)
    with path.open("a") as file:
        file.write(text)


def read(path: Path, schema: pl.Schema, why: str) -> Table:
    """The rows of a file; Missing(why) when there is none."""
    if not path.exists():
        return Missing(why)
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            row = _parse(line)
            if row is not None:
                rows.append({name: row.get(name) for name in schema})
    return pl.DataFrame(rows, schema=schema) if rows else Missing(why)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
