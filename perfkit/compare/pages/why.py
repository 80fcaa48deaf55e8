"""What the regression consists of, as the report says it: parts of the time, functions, statements, findings, merged flames."""

from perfkit.compare.why.explanation import (
    CLOCKS,
    SHARED,
    Branch,
    Breakdown,
    Explanation,
    FunctionChange,
    StatementChange,
    Tree,
)
from perfkit.compare.why.judged import FALSE_SHARE, FLOOR
from perfkit.evidence import Missing
from perfkit.page import Block, Column, Flame, Fold, Frame, Section, Table, Text, Versions
from perfkit.stats.interval import Estimate
from perfkit.stats.replicated import Difference
from perfkit.units import show_number, show_share, show_time

TITLE = "Why"
FUNCTIONS = 10
STATEMENTS = 20
# A part that accounts for so much of a change accounts for all of it, as far as anybody can tell.
ALL_OF_IT = 0.9
MOST_OF_IT = 0.6
LONGEST_STATEMENT = 160
SHORT = {"processor": "CPU", "wall": "wall"}
METHOD = (
    "Base and head in turn, in the order ABBA, were asked the same flows, with py-spy at the version that was asked and "
    "pyinstrument on a share of its requests. Seconds per request of every function were compared pair by pair of stretches "
    "(Student's t; on the processor no surer than the number of samples allows); of those that are called sure, at most "
    f"{show_share(FALSE_SHARE)} are false (Benjamini and Hochberg), and changes below {show_share(FLOOR)} of the endpoint's time "
    "are never called so. Functions are matched by name and file within each version's checkout, not by line. Profiled requests "
    "take a little longer than those that were judged."
)
PARTS = {
    "cpu": "the application's own CPU", "database": "database", "pool_wait": "waiting for a pool", "connect": "connecting",
    "outbound": "outbound calls", "lock": "locks", "other": "waiting without a name",
}  # fmt: skip


def section(explanation: Explanation | Missing) -> Section:
    """Everything that was found; or why nobody looked."""
    if isinstance(explanation, Missing):
        return Section(TITLE, (Text(f"Not looked into: {explanation.why}."),))
    blocks: list[Block] = [Text(_sentence(one)) for one in explanation.breakdowns]
    if explanation.breakdowns:
        blocks.append(_parts(explanation.breakdowns))
    blocks.append(_functions(explanation.functions) if explanation.functions else Text("No function was seen often enough."))
    blocks.append(_statements(explanation) if explanation.statements else Text("No statement is new, gone or changed."))
    blocks.append(_findings(explanation) if explanation.findings else Text("No finding is new, gone or changed."))
    blocks += [_flame(tree) for tree in explanation.trees]
    blocks.append(Fold("How this was found", (Text(METHOD),)))
    intro = (
        f"Both versions were profiled in {explanation.pairs} alternating stretches each, {show_time(explanation.lasted)} in all."
    )
    return Section(TITLE, tuple(blocks), " ".join((intro, *(f"{one}." for one in (*explanation.missing, *explanation.doubts)))))


def lines(explanation: Explanation | Missing) -> tuple[str, ...]:
    """For those who read three lines: the part, the function and the statement that account for most."""
    if isinstance(explanation, Missing):
        return ()
    part = next((_sentence(one) for one in explanation.breakdowns if one.significant), "")
    function = next((f"{_of(one.endpoint)}: {_told(one)}" for one in explanation.functions if one.significant), "")
    statement = next((f"{_of(one.endpoint)}: {_issued(one)}" for one in explanation.statements), "")
    return tuple(f"why: {line}" for line in (part, function, statement) if line)


def _of(endpoint: str) -> str:
    return endpoint if endpoint != SHARED else "shared by all endpoints"


def _sentence(one: Breakdown) -> str:
    """`GET /orders: +11 ms [+10.6 ms, +11.4 ms] of mean server time, all of it database`."""
    total = one.total.change
    if not one.significant:
        return f"{one.endpoint}: the mean server time did not surely change ({_interval(total)})"
    alike = [part for part in one.parts if part.difference.change.value * total.value > 0]
    whose = _whose(alike[0].name, alike[0].difference, total) if alike else "in none of the parts"
    return f"{one.endpoint}: {_interval(total)} of mean server time, {whose}{_beside(one)}"


def _whose(name: str, part: Difference, total: Estimate) -> str:
    share = part.change.value / total.value
    called = PARTS.get(name, name)
    if ALL_OF_IT <= share <= 1 / ALL_OF_IT:
        return f"all of it {called}"
    if share >= MOST_OF_IT:
        return f"most of it {called} ({_signed(part.change.value)})"
    return f"the largest part of it {called} ({_signed(part.change.value)})"


def _beside(one: Breakdown) -> str:
    """Other parts that surely changed, and what the parts leave open."""
    others = [
        f"{PARTS.get(part.name, part.name)} {_signed(part.difference.change.value)}" for part in one.parts[1:] if part.significant
    ]
    open_ = abs(one.residual) > (1 - ALL_OF_IT) * abs(one.total.change.value)
    return "".join((f"; beside it {', '.join(others)}" if others else "",
                    f"; {_signed(one.residual)} in none of the parts" if open_ else ""))  # fmt: skip


def _parts(breakdowns: tuple[Breakdown, ...]) -> Table:
    columns = (
        Column("of", "code"), Column("part"), Column("base", "time"), Column("head", "time"), Column("change", "time"),
        Column("low", "time"), Column("high", "time"), Column("sure"),
    )  # fmt: skip
    rows = [
        (one.endpoint, name, *_figures(each), "yes" if sure else "")
        for one in breakdowns
        for name, each, sure in (
            ("all of it", one.total, one.significant),
            *((PARTS.get(part.name, part.name), part.difference, part.significant) for part in one.parts),
        )
    ]
    residual = max(abs(one.residual) for one in breakdowns)
    note = (
        "Means per request of the measured requests, not of the profiled ones. The parts sum up to all of it; waiting without a "
        f"name is for the GIL, the run queue or I/O without a hook. Residual: {show_time(residual)}."
    )
    return Table("Where the time went", columns, tuple(rows), note)


def _figures(one: Difference) -> tuple[float, float, float, float, float]:
    return one.base, one.head, one.change.value, one.change.low, one.change.high


def _functions(functions: tuple[FunctionChange, ...]) -> Table:
    columns = (
        Column("function", "code"), Column("what happened"), Column("of", "code"), Column("clock"), Column("base", "time"),
        Column("head", "time"), Column("change", "time"), Column("from", "time"), Column("to", "time"),
        Column("own change", "time"), Column("sure"),
    )  # fmt: skip
    rows = tuple(
        (
            f"{one.name} ({one.place})", _happened(one), one.endpoint or "shared", SHORT[one.clock],
            *_figures(one.with_calls), one.alone.change.value, "yes" if one.significant else "",
        )
        for one in functions[:FUNCTIONS]
    )  # fmt: skip
    note = (
        "Per request, with all that the function calls; by the wall clock (pyinstrument) or on the processor (py-spy), whichever "
        "tells more. Own change: of the function with the libraries that it calls, without other functions of yours; sorted by "
        "it, sure changes first. What is not sure may be chance."
    )
    return Table("Functions that changed", columns, rows, note)


def _told(one: FunctionChange) -> str:
    """`render_cart (shop/cart.py:30): 2.1 ms → 9.8 ms a request, new call in orders.py:41 in checkout`."""
    figures = f"{show_time(one.with_calls.base)} → {show_time(one.with_calls.head)} a request"
    happened = _happened(one)
    return f"{one.name} ({one.place}): {figures}{f', {happened}' if happened else ''}"


def _happened(one: FunctionChange) -> str:
    if one.new_call:
        return f"new call in {one.new_call}"
    return {"new": "seen in head only", "gone": "seen in base only", "changed": ""}[one.state] if one.significant else ""


def _statements(explanation: Explanation) -> Table:
    columns = (
        Column("statement", "code"), Column("of", "code"), Column("what happened"), Column("times, base", "number"),
        Column("times, head", "number"), Column("time, base", "time"), Column("time, head", "time"), Column("call site", "code"),
    )  # fmt: skip
    rows = tuple(
        (one.text, one.endpoint, _changed(one), one.count.base, one.count.head, one.time.base, one.time.head, one.call_site)
        for one in explanation.statements[:STATEMENTS]
    )
    left = len(explanation.statements) - len(rows)
    more = f"{left} more stand in comparison.json. " if left > 0 else ""
    return Table(
        "Statements that changed", columns, rows, f"{more}Executions and time per request, with fetches; literals masked."
    )


def _changed(one: StatementChange) -> str:
    if one.state != "changed":
        return one.state
    if one.count.base != one.count.head:
        return "more often" if one.count.head > one.count.base else "less often"
    return "slower" if one.time.is_rise else "faster"


def _issued(one: StatementChange) -> str:
    """`new: SELECT ... at orders.py:41 in lines, 9.1 ms a request`."""
    text = one.text if len(one.text) <= LONGEST_STATEMENT else f"{one.text[:LONGEST_STATEMENT]}…"
    times = f" {show_number(one.count.base)} → {show_number(one.count.head)} times" if one.state == "changed" else ""
    site = f" at {one.call_site}" if one.call_site else ""
    return f"{_changed(one)}{times}: {text}{site}, {show_time(one.time.base)} → {show_time(one.time.head)} a request"


def _findings(explanation: Explanation) -> Table:
    columns = (
        Column("what happened"),
        Column("finding"),
        Column("of", "code"),
        Column("call site", "code"),
        Column("what it says"),
    )
    rows = tuple(
        (one.state, one.shown.rule.title, one.shown.where, one.shown.call_site, one.shown.message) for one in explanation.findings
    )
    note = "By the rules of perfkit analyze, on what was recorded of each version. Memory and the machine were not watched."
    return Table("Findings that changed", columns, rows, note)


def _flame(tree: Tree) -> Flame:
    note = (
        f"{tree.samples[0]} + {tree.samples[1]} samples. A frame is as wide as the mean of what both versions spend in it per "
        f"request; coloured where the change is sure, by how large it is ({tree.significant} functions)"
    )
    title = f"{_of(tree.endpoint)}: {CLOCKS[tree.clock]}"
    return Flame(title, _frame(tree.root), "time", note)


def _frame(branch: Branch) -> Frame:
    return Frame(
        name=branch.name,
        value=(branch.base + branch.head) / 2,
        children=tuple(_frame(child) for child in branch.children),
        place=branch.place,
        own=branch.is_own,
        versions=Versions(branch.base, branch.head, branch.change),
    )


def _interval(estimate: Estimate) -> str:
    """`+11 ms [+10.6 ms, +11.4 ms]`."""
    return f"{_signed(estimate.value)} {_ends(estimate)}"


def _ends(estimate: Estimate) -> str:
    return f"[{_signed(estimate.low)}, {_signed(estimate.high)}]"


def _signed(seconds: float) -> str:
    if seconds in (float("inf"), float("-inf")):
        return "+∞" if seconds > 0 else "-∞"
    return f"{'+' if seconds > 0 else ''}{show_time(seconds)}"
