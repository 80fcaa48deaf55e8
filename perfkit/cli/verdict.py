"""What a judged run prints at its end, and the exit code that it earns."""

from pathlib import Path

from rich.console import Console

from perfkit.analyze.analyze import Judged
from perfkit.finding import Analysis
from perfkit.report import terminal

OK, MISSED, INVALID, INCONCLUSIVE = 0, 1, 6, 7


def exit_code(analysis: Analysis) -> int:
    """Invalid before missed before inconclusive: the first that applies."""
    if analysis.validity.state == "invalid":
        return INVALID
    return {"missed": MISSED, "inconclusive": INCONCLUSIVE}.get(analysis.slo.state, OK)


def print_verdict(judged: Judged, shown_as: Path | None = None) -> None:
    """Verdict, top findings, and where the report lies."""
    console = Console(soft_wrap=True)
    terminal.print_page(judged.page, console)
    path = shown_as if shown_as and shown_as.exists() else judged.report
    console.print(f"report: {path}", style="bold", highlight=False)
