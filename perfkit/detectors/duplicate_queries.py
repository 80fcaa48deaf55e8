"""A request asks the database the same question, with the same parameters, more than once.

What it looks for
    A SELECT that runs two or more times with equal parameters in the median request that has
    it, with no write of the request to its tables in between, and with equal rows where the
    profile phase compared them.
Why it matters
    Everything after the first answer is work for nothing, and it repeats in every request.
What to change
    Fetch once and pass the value on, or keep it for the length of the request.
What it cannot see
    Changes by other requests between the two (within one request they are as likely a defect as
    a wish), values written into the SQL text instead of passed as parameters, and session or
    permission lookups below 5 ms, which frameworks repeat by design.
"""

from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat, Missing
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures import reads
from perfkit.measures.lazy import Measures
from perfkit.units import show_number, show_time

RULE = Rule(
    id="duplicate-queries",
    title="The same query runs again in one request",
    family=Family.QUERIES,
    needs=("traces", "statements"),
    fix="Run the query once per request and pass its result on.",
    fixes={
        "django": "Evaluate the query set once per request and pass the result on; use @cached_property for values of an object.",
        "flask": "Run the query once per request and keep its result in flask.g or pass it on.",
        "fastapi": "Run the query in one dependency and let every user of it depend on that: Depends() runs it once per request.",
    },
)
# Rule Q2 of the rule set (detectors.md 1.11).
MIN_EXECUTIONS = 2
MIN_LOOKUP_TIME = 0.005
# With five different parameters and more it is a loop over a list, which n-plus-one-queries judges.
MAX_DISTINCT = 4
# Answers of the same question may differ in a few requests, because another request wrote in between.
MAX_DIFFERENT_SHARE = 0.05
LOOKUP_TABLES = r"(?i)session|auth|token|login|permission"


def detect(measures: Measures) -> Iterator[Finding]:
    for endpoint, statements in measures.repeating(MIN_EXECUTIONS):
        asked = _worth_looking_at(reads.repeated(reads.plain_reads(statements), MIN_EXECUTIONS))
        if asked.is_empty():
            continue
        different = _different_shares(measures.profiled_statements_by_endpoint.get(endpoint))
        usual = measures.statement_table.filter(pl.col("endpoint") == endpoint).select(
            "shape", pl.col("call_site").alias("usual")
        )
        kept = _judged(asked, reads.writes_of(statements), usual, different)
        for _, group in kept.group_by(pl.when(pl.col("function") == "").then("text").otherwise("function"), maintain_order=True):
            finding = _finding(measures, endpoint, group, different)
            if finding is not None:
                yield finding


def _worth_looking_at(asked: pl.DataFrame) -> pl.DataFrame:
    """Without the loops over many parameters, which are most of the statements where there are any."""
    shapes = (
        asked.group_by("trace", "shape")
        .agg(pl.col("parameters").n_unique().alias("distinct"))
        .group_by("shape")
        .agg(pl.col("distinct").median())
        .filter(pl.col("distinct") <= MAX_DISTINCT)
    )
    return asked.join(shapes.select("shape"), on="shape", how="semi")


def _judged(asked: pl.DataFrame, writes: pl.DataFrame, usual: pl.DataFrame, different: dict[int, float]) -> pl.DataFrame:
    """One row per shape that repeats itself in its median request; the costliest first."""
    asked = asked.sort("trace", "started_at").with_columns(pl.col("call_site").cast(pl.String))
    question = ["trace", "shape", "parameters", "writes"]
    counted = asked.with_columns(writes=reads.writes_before(asked, writes, by=["trace"])).with_columns(
        # The first to ask is no repeat; asked again after a write is a new question.
        again=pl.int_range(pl.len()).over(question) > 0,
        times=pl.len().over(question),
    )
    requests = counted.group_by("trace", "shape").agg(
        pl.col("times").max(), pl.col("parameters").n_unique().alias("distinct"), pl.col("again").sum().alias("repeats")
    )
    walked = pl.col("call_site") != ""
    shapes = counted.group_by("shape").agg(
        pl.col("wall_time").filter(pl.col("again")).sum().alias("repeat_time"),
        pl.col("call_site").filter(pl.col("again") & walked).mode().sort().first(),
        pl.col("call_site").filter(walked).unique().sort().str.join("; ").alias("call_sites"),
        pl.col("text", "tables").first(),
    )
    other_answers = [shape for shape, share in different.items() if share > MAX_DIFFERENT_SHARE]
    return (
        requests.group_by("shape")
        .agg(pl.col("times", "distinct", "repeats").median(), pl.len().alias("requests"))
        .filter((pl.col("times") >= MIN_EXECUTIONS) & ~pl.col("shape").is_in(other_answers))
        .join(shapes, on="shape")
        .join(usual, on="shape", how="left")
        .with_columns(pl.coalesce("call_site", "usual", pl.lit("")).alias("call_site"))
        .with_columns(pl.col("call_site").str.replace(r":\d+ in ", " in ").alias("function"))
        .sort("repeat_time", "text", descending=[True, False])
    )


def _different_shares(profiled: pl.DataFrame | None) -> dict[int, float]:
    """Per shape, the share of repeated questions that got different answers; shapes never compared are absent."""
    if profiled is None or profiled.is_empty():
        return {}
    asked = reads.plain_reads(profiled).filter(pl.col("result") != 0)
    if asked.is_empty():
        return {}
    answers = (
        asked.with_columns(writes=reads.writes_before(asked, reads.writes_of(profiled), by=["trace"]))
        .group_by("trace", "shape", "parameters", "writes")
        .agg(pl.len().alias("times"), pl.col("result").n_unique().alias("answers"))
        .filter(pl.col("times") >= MIN_EXECUTIONS)
        .group_by("shape")
        .agg((pl.col("answers") > 1).mean().alias("share"))
    )
    return dict(answers.iter_rows())


def _finding(measures: Measures, endpoint: str, group: pl.DataFrame, different: dict[int, float]) -> Finding | None:
    requests = measures.traces_by_endpoint[endpoint].height
    saving = float(group["repeat_time"].sum()) / requests
    lookup = all(any(pl.Series(tables).str.contains(LOOKUP_TABLES)) for tables in group["tables"].to_list() if tables)
    named = any(group["tables"].list.len() > 0)
    if lookup and named and saving < MIN_LOOKUP_TIME:
        return None
    first = group.row(0, named=True)
    high = saving
    function = measures.function_time(endpoint, first["call_site"]) if first["call_site"] else Missing("no call site")
    if not isinstance(function, Missing):
        # The function's work around the query repeats with it, once for each time it is called.
        high = max(saving, function.time * float(first["repeats"]) / float(first["repeats"] + first["distinct"]))
    compared = all(shape in different for shape in group["shape"].to_list())
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.MEASURED,
        message=_message(endpoint, group, saving),
        saving=saving,
        saving_interval=(saving, high),
        call_site=first["call_site"],
        statement=first["text"],
        exhibits=(_exhibit(group, requests),),
        caveats=()
        if compared
        else (Caveat("the answers were not compared: the same rows are assumed from the same parameters"),),
        fix=RULE.fix_for(measures.frameworks),
    )


def _message(endpoint: str, group: pl.DataFrame, saving: float) -> str:
    first = group.row(0, named=True)
    what = "the same SELECT" if group.height == 1 else f"each of {group.height} SELECTs"
    place = f", again from {first['call_site']}" if first["call_site"] else ""
    return (
        f"{endpoint}: {what} runs {show_number(float(first['times']))} times per request with the same parameters{place}; "
        f"the repeats cost {show_time(saving)}"
    )


def _exhibit(group: pl.DataFrame, requests: int) -> Exhibit:
    return Exhibit(
        "asked again",
        group.select(
            pl.col("text").alias("statement"),
            pl.col("times").alias("times_per_request"),
            (pl.col("requests") / requests).alias("requests_share"),
            (pl.col("repeat_time") / requests).alias("repeats_time"),
            pl.col("call_sites"),
        ),
    )
