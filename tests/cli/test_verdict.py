"""Exit codes: the first that applies."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perfkit.cli import run as command
from perfkit.cli.verdict import exit_code
from perfkit.errors import EvidenceError, LoadError, PerfkitError, TargetError
from perfkit.evidence import RunDirectory
from perfkit.finding import Analysis
from perfkit.run.record import Recorded
from perfkit.slo.judge import Verdict, VerdictState
from perfkit.validity import State, Validity
from tests.builders import a_run


def an_analysis(slo: VerdictState, validity: State = "valid") -> Analysis:
    return Analysis((), (), (), (), Verdict(slo, ()), Validity(validity), pl.DataFrame(), None, {}, {})


@pytest.mark.parametrize(
    ("slo", "validity", "code"),
    [
        ("met", "valid", 0),
        ("none", "valid", 0),
        ("missed", "valid", 1),
        ("inconclusive", "valid", 7),
        ("met", "suspect", 0),
        ("missed", "suspect", 1),
        ("met", "invalid", 6),
        ("missed", "invalid", 6),
        ("inconclusive", "invalid", 6),
        ("none", "invalid", 6),
    ],
)
def test_a_judged_run_earns_its_exit_code(slo: VerdictState, validity: State, code: int) -> None:
    assert exit_code(an_analysis(slo, validity)) == code


def recorded(state: Any, error: PerfkitError | None = None) -> Recorded:
    return Recorded(RunDirectory(Path("r")), a_run(state=state), error)


def test_an_interrupted_run_is_that_before_anything_else() -> None:
    assert command.concluded(recorded("interrupted"), None) == 130
    assert command.concluded(recorded("interrupted", TargetError("it died too")), None) == 130


@pytest.mark.parametrize("error", [TargetError("died"), LoadError("too slow"), EvidenceError("lost")])
def test_what_ended_a_run_early_comes_out_as_itself(error: PerfkitError) -> None:
    with pytest.raises(type(error)):
        command.concluded(recorded("died", error), None)


def test_a_finished_run_that_is_not_judged_is_fine() -> None:
    assert command.concluded(recorded("finished"), None) == 0
