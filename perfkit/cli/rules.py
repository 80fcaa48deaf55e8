"""perfkit rules: what perfkit looks for."""

from rich.console import Console
from rich.table import Table

from perfkit.detectors.catalogue import DETECTORS


def rules() -> None:
    """List the rules."""
    table = Table(box=None, pad_edge=False)
    for heading in ("rule", "family", "finds that", "needs"):
        table.add_column(heading, overflow="fold")
    for detector in DETECTORS:
        rule = detector.RULE
        table.add_row(rule.id, rule.family.value, rule.title, ", ".join(rule.needs))
    Console().print(table)
