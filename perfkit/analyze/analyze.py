"""Judges a run directory and writes what it concludes beside the evidence: findings.json and the views."""

from dataclasses import dataclass
from pathlib import Path

from perfkit.analyze import contract
from perfkit.analyze.judge import judge
from perfkit.analyze.pages.page import page
from perfkit.errors import EvidenceError
from perfkit.evidence import Run
from perfkit.finding import Analysis
from perfkit.measures.lazy import Measures
from perfkit.page import Page
from perfkit.report import html, junit, markdown
from perfkit.run.read import read
from perfkit.scenario.model import Slo


@dataclass(frozen=True, slots=True)
class Judged:
    """A run with its analysis and what its report says."""

    run: Run
    analysis: Analysis
    page: Page
    report: Path


def analyze(directory: Path) -> Judged:
    """Reads, judges and writes; the same directory may be judged again and again."""
    evidence = read(directory)
    measures = Measures(evidence)
    analysis = judge(measures, objectives(evidence.run))
    says = page(analysis, measures)
    write(directory / "findings.json", contract.written(analysis, evidence.run))
    write(directory / "report.html", html.render(says))
    write(directory / "summary.md", markdown.render(says))
    write(directory / "junit.xml", junit.render(says))
    return Judged(evidence.run, analysis, says, directory / "report.html")


def write(path: Path, text: str) -> None:
    """Replaces a file in one step: what an earlier judgement wrote stays whole when this one does not fit on the disk."""
    fresh = path.with_name(f".{path.name}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise EvidenceError(f"{path} cannot be written: {error.strerror}", hint="Make room there, or analyze a copy.") from error


def objectives(run: Run) -> Slo:
    """The objectives as the run's own scenario stated them."""
    return Slo.model_validate(run.resolved["slo"])
