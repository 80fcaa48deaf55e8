"""An endpoint answers with everything that matches: the answer grows with the data, without a limit.

What it looks for
    Answers with more than 100 items or 300,000 bytes, to requests without a parameter such as
    limit or page, from a SELECT without LIMIT that returns about as many rows.
Why it matters
    Time, memory and bytes grow with the table, and most tables only grow.
What to change
    Return pages: LIMIT with a key to continue from, and a maximum that the server sets.
What it cannot see
    Whether your clients need every row (an export does), how large the tables of production
    are, and whether a condition bounds the answer for good (the days of a month). Tables below
    500 rows are taken for enumerations and are left alone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_size, show_time

RULE = Rule(
    id="unbounded-list",
    title="A list is returned without a limit",
    family=Family.PAYLOAD,
    needs=("responses", "traces", "statements"),
    fix="Return pages: ORDER BY a unique key, continue after the last one seen, and let the server cap LIMIT.",
    fixes={
        "django": "Return pages with Paginator, or set DEFAULT_PAGINATION_CLASS and PAGE_SIZE in REST_FRAMEWORK.",
        "sqlalchemy": "Return pages: add .where(Model.id > last_seen).order_by(Model.id).limit(page_size) and cap page_size.",
    },
)
# Rule Q6 of the rule set (detectors.md 1.11); 300,000 bytes is Sentry's large payload.
MAX_ITEMS = 100
MAX_BYTES = 300_000
MIN_ROWS_PER_ITEM = 0.9
# A statement that returns half of a table grows with it, whatever its condition is; of less the condition may be the bound.
SURE_TABLE_SHARE = 0.5
# Rule Q6: smaller tables are enumerations, such as countries.
MIN_TABLE_ROWS = 500
# What a page would hold: the length at which detectors.md 4.2 evaluates pagination.
PAGE = 50
LIMITED = r"\b(LIMIT|FETCH\s+(FIRST|NEXT)|TOP)\b"


@dataclass(frozen=True, slots=True)
class Source:
    """The SELECT that the list comes from."""

    text: str
    call_site: str
    rows: float
    own_time: float  # per request
    table_rows: int | None  # of its largest table; None where no plan tells


def detect(measures: Measures) -> Iterator[Finding]:
    answers = measures.responses.filter(pl.col("status").is_between(200, 299))
    for (endpoint,), mine in answers.group_by("endpoint", maintain_order=True):
        if mine["query"].any() or endpoint not in measures.traces_by_endpoint:
            continue
        figures = mine.select(pl.col("items", "bytes").median()).row(0, named=True)
        items, size = float(figures["items"]), float(figures["bytes"])
        if items <= MAX_ITEMS and size <= MAX_BYTES:
            continue
        source = _source(measures, str(endpoint), items if items > 0 else float(MAX_ITEMS))
        if source is not None:
            yield _finding(measures, str(endpoint), mine, source, items=items if items > 0 else source.rows, size=size)


def _source(measures: Measures, endpoint: str, items: float) -> Source | None:
    """The unlimited SELECT with the most rows that fill the answer, of a table that is no enumeration."""
    selects = measures.statement_table.filter(
        (pl.col("endpoint") == endpoint)
        & (pl.col("verb") == "SELECT")
        & (pl.col("rows") >= MIN_ROWS_PER_ITEM * items)
        & ~pl.col("text").str.to_uppercase().str.contains(LIMITED)
    ).sort("rows", "text", descending=[True, False])
    sizes = _table_sizes(measures)
    for row in selects.iter_rows(named=True):
        table_rows = sizes.get(row["shape"])
        if table_rows is not None and table_rows < MIN_TABLE_ROWS:
            continue
        own_time = float(row["mean_time"]) * float(row["per_request"])
        return Source(row["text"], str(row["call_site"] or ""), float(row["rows"]), own_time, table_rows)
    return None


def _table_sizes(measures: Measures) -> dict[int, int]:
    """Per shape, the rows of its largest table."""
    plans = measures.evidence.plans
    if isinstance(plans, Missing):
        return {}
    tables = ((shape, json.loads(text or "{}")) for shape, text in plans.select("shape", "tables").iter_rows())
    return {shape: max(sizes.values()) for shape, sizes in tables if sizes}


def _finding(measures: Measures, endpoint: str, answers: pl.DataFrame, source: Source, *, items: float, size: float) -> Finding:
    server_time = float(measures.traces_by_endpoint[endpoint].select(pl.col("wall_time").mean()).item())
    spared = max(0.0, 1 - PAGE / items)
    whole = f" of {show_number(source.table_rows)}" if source.table_rows is not None else ""
    caveats = [Caveat(f"the saving is predicted: the server time less what {PAGE} of the items would take; a fixed part stays")]
    if source.table_rows is None:
        caveats.append(Caveat("the size of the table is not known: it may be an enumeration that stays short"))
    elif source.rows < SURE_TABLE_SHARE * source.table_rows:
        caveats.append(Caveat("one size of data was seen: if the condition itself bounds the rows, this list does not grow"))
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.MEASURED,
        message=(
            f"{endpoint}: {show_number(items)} items ({show_size(size)}) per answer without a limit, from a SELECT without LIMIT "
            f"that returns {show_number(source.rows)}{whole} rows; pages of {PAGE} save up to {show_time(spared * server_time)}"
        ),
        saving=spared * server_time,
        saving_interval=(spared * min(source.own_time, server_time), spared * server_time),
        call_site=source.call_site,
        statement=source.text,
        exhibits=(
            Exhibit("answers that were looked at", answers.select("status", "content_type", "bytes", "items", "query").head(5)),
            Exhibit(
                "where the rows come from",
                pl.DataFrame(
                    [
                        {
                            "statement": source.text,
                            "rows": source.rows,
                            "table_rows": source.table_rows,
                            "own_time": source.own_time,
                            "call_site": source.call_site,
                        }
                    ],
                    schema_overrides={"table_rows": pl.Int64},
                ),
            ),
        ),
        caveats=tuple(caveats),
        fix=RULE.fix_for(measures.frameworks),
    )
