"""Rows for virtual users: CSV files, read once, handed out one row at a time."""

import bisect
import csv
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from perfkit.scenario.model import Feeder

Row = Mapping[str, JsonValue]
_WEIGHT_EXAMPLE: Final = "a number, 0 or more"


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: its columns and its rows, all values texts."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, JsonValue], ...]


class Exhausted(Exception):  # noqa: N818 - not an error: the user stops because its feeder says so
    """A feeder with `on_exhausted: stop_user` has no row left."""


def read_table(path: Path) -> Table:
    """The table of a CSV file with a header line; ValueError says what is wrong with it."""
    try:
        # Excel writes a byte order mark; it is no part of the first column's name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file, strict=True) if line]
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is not a CSV file in UTF-8: {error}") from error
    if len(lines) < 2:  # noqa: PLR2004 - a header and one row
        raise ValueError(f"{path.name} has no rows (a header line and at least one row)")
    columns = tuple(name.strip() for name in lines[0])
    if len(set(columns)) < len(columns):
        raise ValueError(f"{path.name} names a column twice: {', '.join(columns)}")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(columns):
            raise ValueError(f"{path.name} has {len(line)} values in row {number}, but {len(columns)} columns")
    return Table(columns, tuple(dict[str, JsonValue](zip(columns, line, strict=True)) for line in lines[1:]))


def weights_of(table: Table, column: str) -> tuple[float, ...]:
    """The weight of each row; ValueError when the column is missing or not made of numbers."""
    if column not in table.columns:
        raise ValueError(f"there is no column {column!r} (columns: {', '.join(table.columns)})")
    weights: list[float] = []
    for number, row in enumerate(table.rows, 2):
        try:
            weight = float(str(row[column]))
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{column} is {row[column]!r} in row {number}, not {_WEIGHT_EXAMPLE}")
        weights.append(weight)
    if sum(weights) <= 0:
        raise ValueError(f"every {column} is 0: no row would ever come")
    return tuple(weights)


class Feed:
    """Hands out the rows of one feeder to all virtual users of one process: of several, each takes every `step`-th row."""

    def __init__(self, feeder: Feeder, table: Table, first: int = 0, step: int = 1) -> None:
        self._feeder = feeder
        self._rows = table.rows
        self._next = first
        self._step = step
        self._owned: dict[int, int] = {}
        self._cumulative = list(itertools.accumulate(weights_of(table, feeder.weight))) if feeder.weight else None

    def row(self, user: int, source: random.Random) -> Row:
        """The row of this user's next iteration; Exhausted when there is none and the user shall stop."""
        if self._feeder.pick == "random":
            return self._rows[self._pick(source)]
        if self._feeder.pick == "sequential":
            return self._take()
        if user not in self._owned:
            self._owned[user] = self._advance()
        return self._rows[self._owned[user]]

    def _pick(self, source: random.Random) -> int:
        if self._cumulative is None:
            return source.randrange(len(self._rows))
        # bisect_right: a row of weight 0 has the same sum as the one before it and never comes.
        return bisect.bisect_right(self._cumulative, source.random() * self._cumulative[-1], hi=len(self._rows) - 1)

    def _take(self) -> Row:
        return self._rows[self._advance()]

    def _advance(self) -> int:
        if self._next >= len(self._rows) and self._feeder.on_exhausted == "stop_user":
            raise Exhausted
        index = self._next % len(self._rows)
        self._next += self._step
        return index


def open_feed(feeder: Feeder, first: int = 0, step: int = 1) -> Feed:
    """The feed of a feeder's file, from row `first` on every `step`-th."""
    return Feed(feeder, read_table(Path(feeder.csv)), first, step)
