"""Who had which cores, and what share of the machine each took: a limit measured beside a busy generator is of both."""

from collections.abc import Mapping
from typing import Final

from perfkit.evidence import Missing, Placement
from perfkit.measures.cores import Usage, usage
from perfkit.measures.lazy import Measures
from perfkit.page import Cell, Column, Table
from perfkit.units import show_share

_CALLED: Final = {"target": "the target", "generator": "the generator", "perfkit": "perfkit itself"}


def table(measures: Measures) -> Table:
    """One row each; the shares are of the measure phase."""
    used, placement = usage(measures.evidence), measures.run.placement
    rows = [_row(party, placement, used) for party in _CALLED]
    if isinstance(used, Missing):
        note = f"What each used is not known: {used.why}."
    else:
        rows += [
            ("profilers", None, _share(used, used.profilers)),
            ("everything else on this machine", None, _share(used, used.others)),
        ]
        note = f"Shares of all {used.cores} cores in the measure phase."
    columns = (Column("who"), Column("cores"), Column("took of the machine"))
    return Table("Cores", columns, tuple(rows), note=note)


def _row(party: str, placement: Mapping[str, Placement], used: Usage | Missing) -> tuple[Cell, ...]:
    took = None if isinstance(used, Missing) else _share(used, getattr(used, party))
    return (_CALLED[party], _cores(placement.get(party)), took)


def _cores(placed: Placement | None) -> str:
    if placed is None:
        return "not on record"
    if isinstance(placed.cores, Missing):
        return f"not known: {placed.cores.why}"
    listed = ", ".join(map(str, placed.cores)) or "none (it had ended)"
    return f"{listed} ({'pinned by the scenario' if placed.asked else 'not pinned'})"


def _share(used: Usage, part: float | Missing) -> str:
    if isinstance(part, Missing):
        return f"not known: {part.why}"
    return f"{show_share(used.share(part))} ({part:.2f} cores)"
