"""What the profilers saw: flame views per endpoint, functions, statements, memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from perfkit.analyze.pages.endpoints import phases
from perfkit.evidence import Missing
from perfkit.evidence import Table as Evidence
from perfkit.measures.lazy import Measures
from perfkit.page import Block, Chart, Column, Flame, Frame, Section, Series, Table, Text

FLAMES: Final = 20
FUNCTIONS: Final = 40
STATEMENTS: Final = 60
# A share of this many samples is known to 10 points; fewer draw a picture of chance.
LEAST_SAMPLES: Final = 20
# Narrower than a pixel on most screens.
NARROWEST: Final = 0.002
INSTALLED: Final = re.compile(r"^.*/(?:site-packages|dist-packages|lib/python\d+\.\d+t?)/")
SHARED: Final = "shared: server, protocol and middleware, no endpoint's own"


def functions(measures: Measures) -> Section:
    """On-CPU stacks of py-spy and wall-clock trees of pyinstrument, per endpoint, and the functions in them."""
    blocks: list[Block] = []
    blocks += flames(measures, measures.evidence.stacks, measures.stacks_by_endpoint, "on the processor (py-spy)")
    blocks += flames(measures, measures.evidence.call_trees, measures.call_trees_by_endpoint, "wall clock (pyinstrument)")
    if not measures.hotspots.is_empty():
        blocks.append(hotspots(measures))
    return Section(
        "Functions", tuple(blocks), "From the profile phase, which runs after the measure phase and costs the target more."
    )


def flames(measures: Measures, evidence: Evidence, by_endpoint: Mapping[str, pl.DataFrame], kind: str) -> list[Block]:
    if isinstance(evidence, Missing):
        return [Text(f"No flames {kind}: {evidence.why}.")]
    sizes = [(int(frame["samples"].sum()), endpoint) for endpoint, frame in by_endpoint.items()]
    # The endpoints first, the largest before the smaller; what no endpoint owns comes last.
    sizes.sort(key=lambda size: (not size[1], -size[0]))
    shown = [(samples, endpoint) for samples, endpoint in sizes if samples >= LEAST_SAMPLES][:FLAMES]
    return [flame(measures, by_endpoint[endpoint], endpoint or SHARED, samples, kind) for samples, endpoint in shown]


@dataclass(slots=True)
class Node:
    """A frame while the tree is being built."""

    value: float = 0.0
    children: dict[str, "Node"] = field(default_factory=dict[str, "Node"])


def flame(measures: Measures, profile: pl.DataFrame, endpoint: str, samples: int, kind: str) -> Flame:
    root = Node()
    for stack, time in profile.select("stack", "time").iter_rows():
        root.value += time
        node = root
        for name in stack:
            node = node.children.setdefault(name, Node())
            node.value += time
    return Flame(f"{endpoint} — {kind}", frame(endpoint, root, measures, root.value * NARROWEST), "time", f"{samples} samples")


def frame(name: str, node: Node, measures: Measures, narrowest: float) -> Frame:
    """The finished tree; what is too narrow to see is left out, and its width stays its parent's own."""
    function, place = split(name)
    children = sorted(node.children.items(), key=lambda item: -item[1].value)
    return Frame(
        name=function,
        value=node.value,
        children=tuple(frame(child, below, measures, narrowest) for child, below in children if below.value >= narrowest),
        place=shortened(place),
        own=bool(place) and measures.is_own(place.rpartition(":")[0]),
    )


def shortened(file: str) -> str:
    """The file of an installed package from the package on: where it is installed does not matter to a reader."""
    return INSTALLED.sub("", file)


def split(name: str) -> tuple[str, str]:
    """("order_lines", "shop/orders.py:41") of "order_lines (shop/orders.py:41)"."""
    function, bracket, place = name.rpartition(" (")
    return (function, place.removesuffix(")")) if bracket else (name, "")


def hotspots(measures: Measures) -> Table:
    columns = (
        Column("function", "code"), Column("file", "code"), Column("endpoint", "code"), Column("own code"),
        Column("self", "time"), Column("with calls", "time"),
        Column("self share", "share"), Column("low", "share"), Column("high", "share"),
    )  # fmt: skip
    rows = tuple(
        (
            row["function"], f"{shortened(row['file'])}:{row['line']}", row["endpoint"] or "shared", "yes" if row["own"] else "",
            row["self_time"], row["cumulative_time"], row["self_share"], row["low"], row["high"],
        )
        for row in measures.hotspots.head(FUNCTIONS).to_dicts()
    )  # fmt: skip
    return Table(
        "Functions by their own CPU time per request",
        columns,
        rows,
        "low and high: the 95 % interval of the self share, from the number of samples",
    )


def statements(measures: Measures) -> Section:
    missing = measures.evidence.missing("statements")
    if missing:
        return Section("Statements", (Text(f"Not known: {missing.why}."),))
    columns = (
        Column("statement", "code"), Column("endpoint", "code"), Column("per request", "number"), Column("mean", "time"),
        Column("of server time", "share"), Column("rows", "number"), Column("call site", "code"),
    )  # fmt: skip
    rows = tuple(
        (row["text"], row["endpoint"], row["per_request"], row["mean_time"], row["share"], row["rows"], row["call_site"])
        for row in measures.statement_table.head(STATEMENTS).to_dicts()
    )
    return Section(
        "Statements", (Table("Statements by total time", columns, rows, "Timed with their fetches, literals masked."),)
    )


def memory(measures: Measures) -> Section:
    table = measures.evidence.memory
    if isinstance(table, Missing):
        return Section("Memory", (Text(f"Not known: {table.why}."),))
    serving = table.filter("serving")
    column = "uss" if not serving.is_empty() and int(serving["uss"].max() or 0) > 0 else "rss"  # type: ignore[arg-type]
    series = tuple(
        Series(f"worker {pid}", tuple(rows["at"].to_list()), tuple(float(value) for value in rows[column].to_list()))
        for (pid,), rows in serving.sort("at").group_by("pid", maintain_order=True)
    )
    title = "Private memory per worker" if column == "uss" else "Resident memory per worker"
    chart = Chart(title, "lines", "seconds into the run", column.upper(), "bytes", series, phases(measures), x_unit="time")
    growth = measures.growth
    note = f"Growth was not tested: {growth.why}." if isinstance(growth, Missing) else ""
    return Section("Memory", (chart, Text(note)) if note else (chart,))
