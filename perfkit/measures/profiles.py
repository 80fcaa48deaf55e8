"""Stacks of a profiler per endpoint, and what a frame's text says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

import polars as pl

from perfkit.evidence import Table
from perfkit.measures import endpoints, frames
from perfkit.schemas import PROFILE

FRAME = re.compile(r"(?P<function>.*?) \((?P<file>.*?)(?::(?P<line>\d+))?\)", re.DOTALL)
CALL_SITE = re.compile(r"(?P<file>.*):(?P<line>\d+) in (?P<function>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A function and where it stands; line 0 when unknown."""

    function: str
    file: str
    line: int


def by_endpoint(table: Table, final_names: Mapping[str, str]) -> Mapping[str, pl.DataFrame]:
    """The rows of each endpoint under its final name; what no endpoint owns is under ""."""
    rows = endpoints.renamed(frames.present(table, PROFILE), final_names)
    rows = rows.with_columns(pl.col("endpoint").fill_null(""))
    return frames.slices(rows.sort("endpoint", maintain_order=True))


@lru_cache(maxsize=65536)
def read_frame(text: str) -> Place:
    """`order_lines (shop/orders.py:41)`; a text of another form is a function without a file."""
    match = FRAME.fullmatch(text)
    return Place(text, "", 0) if match is None else Place(match["function"], match["file"], int(match["line"] or 0))


@lru_cache(maxsize=4096)
def read_call_site(text: str) -> Place:
    """`shop/orders.py:41 in order_lines`."""
    match = CALL_SITE.fullmatch(text)
    return Place(text, "", 0) if match is None else Place(match["function"], match["file"], int(match["line"]))


def is_same_function(one: Place, other: Place) -> bool:
    """Equal names (without their classes, which not every tool tells), and one path is the tail of the other."""
    if one.function.rpartition(".")[2] != other.function.rpartition(".")[2]:
        return False
    shorter, longer = sorted((_parts(one.file), _parts(other.file)), key=len)
    return len(shorter) > 0 and longer[len(longer) - len(shorter) :] == shorter


def holding(profile: pl.DataFrame, place: Place) -> pl.DataFrame:
    """The rows in whose stack the function stands."""
    texts = profile["stack"].explode().drop_nulls().unique()
    matching = [text for text in texts if is_same_function(read_frame(text), place)]
    return profile.filter(pl.col("stack").list.eval(pl.element().is_in(matching)).list.any())


@lru_cache(maxsize=65536)
def _parts(file: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(file).parts if part not in {".", "/"})
