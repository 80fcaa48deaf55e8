"""Where a frame lies, as the reader of a report would say it: relative to the folder that the target was started in."""

from pathlib import Path
from typing import Any

import polars as pl

from perfkit.evidence import Missing, Run, Table


def relative(table: Table, run: Run) -> Table:
    """The table with the target's own folder taken off the files of its `stack` column, as call sites have it already."""
    folder = home(run)
    if isinstance(table, Missing) or table.is_empty() or not folder:
        return table
    return table.with_columns(stack=pl.col("stack").list.eval(pl.element().str.replace(f"({folder}/", "(", literal=True)))


def home(run: Run) -> str:
    """The folder that perfkit started the target in; empty when it did not."""
    target: Any = run.resolved.get("target")
    launch = target.get("launch") if isinstance(target, dict) else None
    folder = launch.get("cwd") if isinstance(launch, dict) else None
    return str(Path(folder)) if isinstance(folder, str) and folder not in ("", "/") else ""
