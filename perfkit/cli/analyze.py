"""perfkit analyze: judge a run directory, again if need be."""

from pathlib import Path
from typing import Annotated

import typer

from perfkit.analyze.analyze import analyze as judge
from perfkit.cli.verdict import exit_code, print_verdict


def analyze(
    directory: Annotated[Path, typer.Argument(help="A run directory.")] = Path("reports/latest"),
) -> int:
    """Judge a run directory and write its report; nothing is run."""
    judged = judge(directory)
    print_verdict(judged)
    return exit_code(judged.analysis)
