"""What several rules need to know of reads: which lines of code issue them, and what was written before them."""

from collections.abc import Sequence

import polars as pl

# Statements that can change what a later read returns; whatever sqlglot cannot name (CALL, DO) may write too.
WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE", "COPY", "CALL", "CREATE", "DROP", "ALTER"})
# `?` of masked literals and of SQLite, `%s` and `%(name)s`, `$1`, `:name` (but not the cast `::text`).
PLACEHOLDER = r"\?|%s|%\(|\$\d|(^|[^:]):[A-Za-z_]"

_ANY_WRITE = "*"  # every write has this key; a read of unknown tables asks for it
_UNKNOWN_WRITE = "?"  # only writes to unknown tables have this key; every read asks for it


def located(statements: pl.DataFrame, profiled: pl.DataFrame | None) -> pl.DataFrame:
    """`statements` with call_site (String) filled in and `function`, its "file in function".

    The probe walks the stack for some requests only: a shape with one known call site has it everywhere; of a shape with
    several, only requests that were walked in full are kept, and its most frequent site stands in when there are none.
    """
    named = statements.with_columns(pl.col("call_site").cast(pl.String))
    others = [] if profiled is None else [profiled.select("shape", pl.col("call_site").cast(pl.String))]
    seen = pl.concat([named.select("shape", "call_site"), *others]).filter(pl.col("call_site") != "")
    sites = (
        seen.group_by("shape", "call_site")
        .len()
        .sort(["len", "call_site"], descending=[True, False])
        .group_by("shape")
        .agg(pl.col("call_site").first().alias("usual"), pl.len().alias("sites"))
    )
    unwalked = (pl.col("call_site") == "").any().over("trace", "shape")
    whole = named.join(sites, on="shape", how="left", maintain_order="left").with_columns(unwalked=unwalked)
    ambiguous = (pl.col("sites") > 1) & (~pl.col("unwalked")).any().over("shape")
    return (
        whole.filter(~(ambiguous.fill_null(value=False) & pl.col("unwalked")))
        .with_columns(
            call_site=pl.when(pl.col("call_site") == "").then(pl.col("usual").fill_null("")).otherwise(pl.col("call_site"))
        )
        .with_columns(function=pl.col("call_site").str.replace(r":\d+ in ", " in "))
        .drop("usual", "sites", "unwalked")
    )


def repeated(statements: pl.DataFrame, executions: int) -> pl.DataFrame:
    """Statements of shapes that the median request which has them can run so often: what is left is looked at closely."""
    shapes = statements.group_by("shape").agg(pl.len() / pl.col("trace").n_unique())
    # A median of n means that half of the requests have n or more, and the others at least one.
    candidates = shapes.filter(pl.col("len") >= (executions + 1) / 2)["shape"]
    return statements.filter(pl.col("shape").is_in(candidates.implode()))


def plain_reads(statements: pl.DataFrame) -> pl.DataFrame:
    """SELECTs that succeeded, take no lock, and whose values are known."""
    text = pl.col("text")
    shapes = statements.lazy().group_by("shape").agg(pl.col("text", "verb").first()).collect(engine="streaming")
    selects = shapes.filter((pl.col("verb") == "SELECT") & ~text.str.to_uppercase().str.contains(r"\bFOR (UPDATE|SHARE)\b"))
    # Without a parameter hash, what stands for a value, masked or bound, may differ from one execution to the next.
    whole = selects.filter(~text.str.contains(PLACEHOLDER))["shape"]
    known = (pl.col("parameters") != 0) | pl.col("shape").is_in(whole.implode())
    return statements.filter(pl.col("shape").is_in(selects["shape"].implode()) & ~pl.col("failed") & known)


def writing(shapes: pl.DataFrame) -> pl.Series:
    """Shapes that can change what a later read returns."""
    return shapes.filter(pl.col("verb").is_in(WRITES))["shape"]


def writes_of(statements: pl.DataFrame) -> pl.DataFrame:
    return statements.filter(pl.col("verb").is_in(WRITES) & ~pl.col("failed"))


def writes_before(reads: pl.DataFrame, writes: pl.DataFrame, by: Sequence[str] = ()) -> pl.Series:
    """For each read, how many writes to one of its tables came before it (within the same `by`)."""
    if writes.is_empty():
        return pl.repeat(0, reads.height, dtype=pl.UInt32, eager=True)
    tables = pl.col("tables").list
    every, unknown = pl.lit([_ANY_WRITE], dtype=pl.List(pl.String)), pl.lit([_UNKNOWN_WRITE], dtype=pl.List(pl.String))
    written = pl.when(tables.len() > 0).then(tables.concat(every)).otherwise(pl.concat_list(every, unknown))
    asked = pl.when(tables.len() > 0).then(tables.concat(unknown)).otherwise(every)
    counted = (
        writes.select(*by, pl.col("started_at").alias("at"), written.alias("key"))
        .explode("key")
        .sort("at")
        .with_columns(count=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).over([*by, "key"]))
    )
    return (
        reads.with_row_index("row")
        .select("row", *by, pl.col("started_at").alias("at"), asked.alias("key"))
        .explode("key")
        .sort("at")
        .join_asof(counted, on="at", by=[*by, "key"], check_sortedness=False)
        .group_by("row")
        .agg(pl.col("count").sum())
        .sort("row")["count"]
    )
