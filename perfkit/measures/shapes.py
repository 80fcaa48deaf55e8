"""What a statement's text says: its verb and its tables, read once per shape."""

import logging
import re
from collections.abc import Iterator
from functools import lru_cache

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from perfkit.evidence import Table
from perfkit.measures import frames
from perfkit.schemas import SHAPES

# %s and %(name)s, as drivers write parameters, are not SQL; inside quotes they are text.
QUOTED_OR_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|`[^`]*`|(?P<parameter>%\(\w+\)s|%[sbt])""")
FIRST_WORD = re.compile(r"[A-Za-z]+")
# A text of this length is a bulk insert, which is slow to parse and says nothing more.
LONGEST_PARSED = 20_000

# sqlglot warns of what it cannot parse; an unparsable shape is a case that we handle.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


def parse(table: Table) -> pl.DataFrame:
    """One row per shape: shape, text, verb, tables."""
    rows = frames.present(table, SHAPES).unique("shape", keep="first", maintain_order=True)
    texts = rows["text"].to_list()
    return rows.with_columns(
        pl.Series("verb", [verb(text) for text in texts], dtype=pl.String),
        pl.Series("tables", [list(tables(text)) for text in texts], dtype=pl.List(pl.String)),
    )


@lru_cache(maxsize=4096)
def tree(text: str) -> exp.Expr | None:
    """The parsed statement; None when it is in no dialect that we know."""
    if len(text) > LONGEST_PARSED:
        return None
    plain = QUOTED_OR_PARAMETER.sub(lambda match: "?" if match["parameter"] else match[0], text)
    for dialect in _dialects(text):
        try:
            parsed = sqlglot.parse_one(plain, dialect=dialect)
        except (SqlglotError, RecursionError):
            continue
        if not isinstance(parsed, exp.Command):
            return parsed
    return None


def verb(text: str) -> str:
    """SELECT, INSERT, ...: of a WITH, that of the statement behind it."""
    first = FIRST_WORD.search(text)
    word = first.group().upper() if first else ""
    if word != "WITH":
        return word
    parsed = tree(text)
    return parsed.key.upper() if parsed is not None else word


def tables(text: str) -> tuple[str, ...]:
    """Tables that it names, in the order in which they stand, without the names that its own WITH makes."""
    parsed = tree(text)
    if parsed is None:
        return ()
    made = {made.alias_or_name for made in parsed.find_all(exp.CTE)}
    named = {table.name for table in parsed.find_all(exp.Table)} - made - {""}
    return tuple(sorted(named, key=lambda name: (text.find(name), name)))


def _dialects(text: str) -> Iterator[str]:
    # Backticks and :named parameters are nobody's in particular; $1, :: and ILIKE are PostgreSQL's, the rest is alike.
    if "`" in text:
        yield "mysql"
    yield "postgres"
    yield "sqlite"
    yield "mysql"
