"""Makes tests/golden/run out of a run directory: tables and run.json, without a trace of the machine that it was made on.

perfkit run scenarios/shop.yaml --set load.open.1.rate=5/s --set profiling.for=8s --duration 30s --no-analyze --out OUT
python -m tests.golden.trim OUT/latest
make golden
"""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import polars as pl

RUN: Final = Path(__file__).with_name("run")
SOURCE: Final = Path(sys.argv[1]).resolve()
# A virtual environment may lie inside the checkout, so it comes first; the run may have had its files beside its reports.
PLACES: Final = (
    (str(SOURCE.parents[1]), "/srv/data"),
    (sys.prefix, "/srv/venv"),
    (sys.base_prefix, "/usr"),
    (str(Path(__file__).parents[2]), "/srv/perfkit"),
)
MACHINE: Final = {
    "cores": 2, "cpu": "a processor", "memory": 8 * 1024**3, "kernel": "6.1.0", "system": "Linux", "architecture": "x86_64",
    "python": "3.11.7", "tools": {"perfkit": "0.1.0"}, "noise": {"grade": "quiet", "steal": 0.0, "load": 0.1, "jitter": 0.01},
}  # fmt: skip
STRANGE: Final = re.compile(r"/(home|root|work|tmp|Users)/\S*")


def main(source: Path) -> None:
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir()
    content = json.loads(moved((source / "run.json").read_text()))
    content |= {"id": "20261123-101500-shop-4f2c1e", "started_at": "2026-11-23T10:15:00+00:00", "machine": MACHINE}
    content |= {"commit": "4f2c1e" + "0" * 34, "parent": "3a1b2c" + "0" * 34}
    write(RUN / "run.json", json.dumps(content, indent=1))
    write(RUN / "observers.jsonl", moved((source / "observers.jsonl").read_text()))
    for path in sorted(source.glob("*.parquet")):
        table = pl.read_parquet(path)
        anonymous(table).write_parquet(RUN / path.name, compression="zstd", compression_level=19)


def anonymous(table: pl.DataFrame) -> pl.DataFrame:
    """Every text and list of texts of the table with its places moved."""
    columns: list[pl.Series] = []
    for column in table:
        if column.dtype == pl.String or column.dtype == pl.Categorical:  # noqa: PLR1714 - polars compares types to classes
            told: list[Any] = [text if text is None else moved(text) for text in column.to_list()]
            columns.append(pl.Series(column.name, told, dtype=column.dtype))
        elif column.dtype == pl.List(pl.String):
            columns.append(
                pl.Series(column.name, [[moved(text) for text in row] for row in column.to_list()], dtype=column.dtype)
            )
        else:
            columns.append(column)
    return pl.DataFrame(columns)


def moved(text: str) -> str:
    for place, other in PLACES:
        text = text.replace(place, other)
    strange = STRANGE.search(text)
    if strange:
        raise SystemExit(f"{strange[0]} is a place of this machine: add it to PLACES")
    return text


def write(path: Path, text: str) -> None:
    path.write_text(text + ("" if text.endswith("\n") else "\n"))


if __name__ == "__main__":
    main(SOURCE)
