"""What a judged run prints at its end, and the exit code that it earns."""

from pathlib import Path

from perfkit.analyze.analyze import Judged
from perfkit.cli.options import show
from perfkit.finding import Analysis

OK, MISSED, INVALID, INCONCLUSIVE = 0, 1, 6, 7


def exit_code(analysis: Analysis) -> int:
    """Invalid before missed before inconclusive: the first that applies."""
    if analysis.validity.state == "invalid":
        return INVALID
    return {"missed": MISSED, "inconclusive": INCONCLUSIVE}.get(analysis.slo.state, OK)


def print_verdict(judged: Judged, shown_as: Path | None = None) -> None:
    """Verdict, top findings, and where the report lies."""
    show(judged.page, shown_as if shown_as and shown_as.exists() else judged.report)
