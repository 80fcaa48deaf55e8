"""An earlier search beside this one."""

from perfkit.capacity.earlier import Beside, beside, caveats
from perfkit.capacity.pages import words
from perfkit.capacity.result import Result
from perfkit.evidence import Missing
from perfkit.page import Cell, Column, Section, Table, Text


def sections(result: Result) -> tuple[Section, ...]:
    """None when there is nothing to set it beside."""
    if result.earlier is None:
        return ()
    earlier, pairs = result.earlier, beside(result.earlier, result.found)
    title = "Against an earlier search"
    if isinstance(pairs, Missing):
        return (Section(title, (Text(f"{earlier.id}: {pairs.why}."),)),)
    columns = (
        Column("setting"),
        Column("then"),
        Column("now"),
        Column("now / then"),
        Column("the limit is"),
        Column("gave out first"),
    )
    table = Table(f"{earlier.id}, commit {earlier.commit[:12] or 'outside git'}", columns, tuple(_row(one) for one in pairs))
    return (Section(title, (table, *(Text(f"{one[0].upper()}{one[1:]}.") for one in caveats(earlier, result.subject)))),)


def sentence(result: Result) -> str:
    """For the reasons: empty when there is nothing to say."""
    pairs = Missing("") if result.earlier is None else beside(result.earlier, result.found)
    if isinstance(pairs, Missing):
        return ""
    best = max(pairs, key=lambda one: one.now.low)
    return f"against the earlier search ({words.limit(best.earlier)}): {best.change}, {_ratio(best)}"


def _row(one: Beside) -> tuple[Cell, ...]:
    then, now = one.first
    first = now if then == now else f"{then}; now {now}"
    return (one.setting or "–", words.limit(one.earlier), words.limit(one.now), _ratio(one), one.change, first)


def _ratio(one: Beside) -> str:
    return f"{one.ratio.value:.2f} [{one.ratio.low:.2f}, {one.ratio.high:.2f}]"
