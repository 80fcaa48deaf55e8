"""Which request belongs to which endpoint, and its one name: samples joined with traces by x-perfkit-id."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from perfkit.evidence import Phase, Table
from perfkit.measures import frames
from perfkit.schemas import TRACES

# One step of one flow, under the name that the generator gave it.
STEP = ("flow", "step", "endpoint")
# More than there are rows of a table: polars counts them in 32 bits.
POSITIONS = 1 << 32


@dataclass(frozen=True, slots=True)
class Joined:
    """Samples with their steps and traces."""

    links: pl.DataFrame  # a row per sample: number of its step, position of its trace
    routes: pl.DataFrame  # what the traces of each step say it is: number, method, route, count
    names: pl.DataFrame  # a row per step: number, endpoint (as the generator named it), final


def join(samples: pl.DataFrame, traces: Table) -> Joined:
    """By x-perfkit-id."""
    known = steps(samples)
    links = link(samples, traces, known)
    found = routes(links, traces)
    return Joined(links, found, names(known, found))


def steps(samples: pl.DataFrame) -> pl.DataFrame:
    """One row per step: key, flow, step, endpoint (as the generator named it), named."""
    # Streaming: it needs no memory to speak of, where the engine for frames in memory copies the keys of every sample.
    keyed = samples.lazy().select(*STEP, "named", _key().alias("key"))
    found = keyed.group_by("key").agg(pl.col(STEP).first(), pl.col("named").any()).collect(engine="streaming")
    return found.sort("key")


def _key() -> pl.Expr:
    """Flow, step and endpoint in one number; a generator has a few thousand names at most, so that three of them fit."""
    key = pl.lit(0, dtype=pl.UInt64)
    for column in STEP:
        code = (pl.col(column).to_physical().cast(pl.UInt64) + 1).fill_null(0)
        key = key * (code.max() + 1) + code
    return key


def link(samples: pl.DataFrame, traces: Table, known: pl.DataFrame) -> pl.DataFrame:
    """For each sample the number of its step (row of `known`), and position: the row of its trace, NOBODY when nobody saw it.

    A client without an id (0) joins nothing; of a request that was traced twice the first trace counts.
    """
    numbers = frames.positions(samples.select(key=_key())["key"], known["key"])
    ids = frames.present(traces, TRACES)["id"]
    inside = pl.DataFrame({"id": ids, "position": pl.int_range(len(ids), dtype=pl.Int32, eager=True)}).filter(pl.col("id") != 0)
    if inside["id"].n_unique() < inside.height:
        inside = inside.unique("id", keep="first", maintain_order=True)
    among = frames.positions(samples["id"], inside["id"])
    seen = among != frames.NOBODY
    among[seen] = inside["position"].to_numpy()[among[seen]]
    return pl.DataFrame({"number": numbers, "position": among})


def routes(links: pl.DataFrame, traces: Table) -> pl.DataFrame:
    """What the traces of each step say it is: number (of the step), method, route, count."""
    named = frames.present(traces, TRACES).select("method", "route")
    seen = links.filter(pl.col("position") != frames.NOBODY)
    return (
        seen.lazy()
        .select("number", *named[seen["position"]])
        .group_by("number", "method", "route")
        .agg(count=pl.len())
        .with_columns(pl.col("method", "route").cast(pl.String))
        .collect(engine="streaming")
    )


def names(known: pl.DataFrame, meant: pl.DataFrame) -> pl.DataFrame:
    """One row per step, in their order: number, endpoint (as the generator named it), final (String).

    The step's own name wins; else method and the route template that most of its traces have; else the generator's name.
    """
    templates = (
        meant.filter(pl.col("route") != "")
        .with_columns(template=pl.format("{} {}", "method", "route"))
        .sort("count", "template", descending=[True, False])
        .unique("number", keep="first", maintain_order=True)
        .select("number", "template")
    )
    own_name = pl.col("endpoint").cast(pl.String)
    final = pl.when("named").then(own_name).otherwise(pl.coalesce("template", own_name))
    numbered = known.with_columns(number=pl.int_range(pl.len(), dtype=pl.Int32))
    return numbered.join(templates, on="number", how="left").sort("number").select("number", endpoint=own_name, final=final)


def named_samples(samples: pl.DataFrame, joined: Joined) -> pl.DataFrame:
    """Every sample under its final name, with its times."""
    return samples.with_columns(
        joined.names["final"].gather(joined.links["number"]).alias("endpoint"),
        response_time=pl.col("finished_at") - pl.col("intended_at"),
        service_time=pl.col("finished_at") - pl.col("sent_at"),
        ok=pl.col("error").is_null(),
    )


def of_phase(samples: pl.DataFrame, joined: Joined, phase: Phase) -> pl.DataFrame:
    """Requests of a phase that were seen from both sides: position of the trace, final endpoint, sent_at; by endpoint."""
    finals = joined.names["final"].unique().sort()
    rank = joined.names["final"].rank("dense") - 1  # where it stands in `finals`
    rows = pl.DataFrame([samples["phase"], samples["sent_at"], *joined.links]).filter(
        (pl.col("phase") == phase) & (pl.col("position") != frames.NOBODY)
    )
    # Endpoint and position in one number: sorting that is several times as fast as sorting by both.
    keyed = rows.select("sent_at", key=rank.gather(rows["number"]).cast(pl.UInt64) * POSITIONS + pl.col("position")).sort("key")
    return keyed.select(
        (pl.col("key") % POSITIONS).cast(pl.UInt32).alias("position"),
        finals.gather(keyed["key"] // POSITIONS).alias("endpoint"),
        "sent_at",
    )


def aliases(joined: Joined) -> Mapping[str, str]:
    """Every name of an endpoint → its final name; of an ambiguous one, the most frequent meaning."""
    finals: dict[str, str] = {}
    step_names = joined.names
    own = step_names.select("endpoint", "final").sort("endpoint", "final")
    templates = (
        joined.routes.join(step_names.select("number", "final"), on="number", how="left")
        .group_by("method", "route", "final")
        .agg(pl.col("count").sum())
        .select("count", "final", name=pl.format("{} {}", "method", "route"))
        .sort("count", "final", descending=[True, False])
        .select("name", "final")
    )
    for final in step_names["final"].unique().sort():
        finals.setdefault(final, final)
    for name, final in (*own.iter_rows(), *templates.iter_rows()):
        finals.setdefault(name, final)
    return finals


def renamed(frame: pl.DataFrame, final_names: Mapping[str, str]) -> pl.DataFrame:
    """`endpoint` under its final name (String); an unknown name stays what it is."""
    known = frame["endpoint"].cast(pl.String)
    return frame.with_columns(endpoint=known.replace(dict(final_names)) if final_names else known)
