"""What there is a limit of: how much of each was used, what that is computed from, and which of them is the bottleneck."""

from typing import Final

from perfkit.evidence import Missing
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.lazy import Measures
from perfkit.measures.utilisation import Utilisation
from perfkit.page import Cell, Column, Section, Table

_COLUMNS: Final = (Column("resource"), Column("which", "code"), Column("in use", "share"), Column("how that is known"))


def section(measures: Measures) -> Section:
    """One row for each that could be seen, the fullest first, then those that could not, with why."""
    found = measures.limits.utilisation
    seen = tuple(_row(one) for one in found if not isinstance(one.share, Missing))
    unseen = tuple((one.resource, one.where, one.share.why) for one in found if isinstance(one.share, Missing))
    tables = (
        Table("In the measure phase", _COLUMNS, seen),
        Table("Not known", (Column("resource"), Column("which", "code"), Column("why")), unseen),
    )
    said = sentence(measures.limits.bottlenecks)
    return Section("What it was limited by", tuple(table for table in tables if table.rows), said)


def sentence(found: Bottlenecks) -> str:
    """The bottleneck in words, with the figures that prove it."""
    if found.is_generator:
        return "The generator was the limit: of the target's own limits this run says nothing."
    if not found.named:
        return "No resource that can be seen was used by half: nothing here was near its limit."
    others = f" Not named, because they are full of something else: {'; '.join(found.besides)}." if found.besides else ""
    if found.is_full:
        return f"The bottleneck is the {found.told}.{others}"
    return f"No limit was reached; the first to be full is the {found.told}.{others}"


def _row(one: Utilisation) -> tuple[Cell, ...]:
    return (one.resource, one.where, None if isinstance(one.share, Missing) else one.share, one.basis)
