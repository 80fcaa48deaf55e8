"""Which function a call belongs to: the innermost of the user's own, unless that is a helper which many functions share.

The probe writes up to three functions of the user's own code, innermost first, a line each. A function that sends different
statements for different callers (`rows(sql, values)`, a repository's `execute`) is where nobody would change anything: its
caller is named instead. An outbound call belongs to the line that wants its answer: a client function that is called from
several lines gives way to them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from perfkit.evidence import Missing, Table

SEPARATOR = "\n"
# One caller, or one statement, and the function is itself the place.
MIN_CALLERS = 2
MIN_STATEMENTS = 2


def resolved(statements: Table, waits: Table) -> tuple[Table, Table]:
    """Both tables with one call site each, "file:line in function"."""
    helpers = _helpers(_issued(statements, "shape"), function_of, MIN_STATEMENTS)
    return _replaced(statements, helpers), _replaced_waits(waits, helpers)


def place(chain: str, helpers: frozenset[str]) -> str:
    """The first function of the chain that is not a helper; the outermost known one when all are."""
    lines = chain.split(SEPARATOR)
    return next((line for line in lines if function_of(line) not in helpers), lines[-1])


def function_of(site: str) -> str:
    """`shop/orders.py in order_lines` of `shop/orders.py:41 in order_lines`: lines move, functions stay."""
    file, _, rest = site.rpartition(":")
    return f"{file} in {rest.partition(' in ')[2]}"


def _issued(table: Table, what: str) -> Iterable[tuple[str, str]]:
    """Every distinct (chain, what was issued there)."""
    if isinstance(table, Missing) or table.is_empty():
        return ()
    # Streaming, and text only where each pair stands once: the strings of millions of calls are larger than the evidence.
    pairs = table.lazy().select("call_site", pl.col(what).alias("what")).unique().collect(engine="streaming")
    return pairs.cast(pl.String).filter(pl.col("call_site") != "").unique().rows()


def _helpers(issued: Iterable[tuple[str, str]], caller_of: Callable[[str], str], least: int) -> frozenset[str]:
    """Functions that issue `least` different things for several callers, at any depth of the chain that starts with helpers."""
    chains = [(chain.split(SEPARATOR), what) for chain, what in issued]
    found: set[str] = set()
    while True:
        callers: defaultdict[str, set[str]] = defaultdict(set)
        sent: defaultdict[str, set[str]] = defaultdict(set)
        for lines, what in chains:
            depth = next((depth for depth, line in enumerate(lines) if function_of(line) not in found), None)
            if depth is None or depth + 1 == len(lines):
                continue
            callers[function_of(lines[depth])].add(caller_of(lines[depth + 1]))
            sent[function_of(lines[depth])].add(what)
        fresh = {name for name, seen in callers.items() if len(seen) >= MIN_CALLERS and len(sent[name]) >= least}
        if not fresh:
            return frozenset(found)
        found |= fresh


def _replaced_waits(waits: Table, helpers: frozenset[str]) -> Table:
    """Outbound calls by their lines, everything else as statements are."""
    if isinstance(waits, Missing) or waits.is_empty():
        return waits
    is_outbound = (pl.col("kind") == "outbound").fill_null(value=False)
    outbound, others = waits.filter(is_outbound), waits.filter(~is_outbound)
    clients = _helpers(_issued(outbound, "name"), str, 1)
    parts = [_replaced(outbound, clients), _replaced(others, helpers)]
    # The order of the calls within a request does not matter to anyone: each has its time.
    return pl.concat([part for part in parts if isinstance(part, pl.DataFrame)])


def _replaced(table: Table, helpers: frozenset[str]) -> Table:
    if isinstance(table, Missing) or table.is_empty():
        return table
    chains: Mapping[str, str] = {
        chain: place(chain, helpers) for chain in table["call_site"].unique().cast(pl.String).drop_nulls() if SEPARATOR in chain
    }
    if not chains:
        return table
    sites = pl.DataFrame({"call_site": list(chains), "place": list(chains.values())}).cast(pl.Categorical)
    # One column is new, the others stay where they are: they are most of the evidence.
    joined = table.select("call_site").join(sites, on="call_site", how="left", maintain_order="left")
    return table.with_columns(joined.select(call_site=pl.coalesce("place", "call_site")))
