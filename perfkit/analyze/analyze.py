"""Judges a run directory and writes what it concludes beside the evidence: findings.json and the views."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from perfkit import folders
from perfkit.analyze import contract
from perfkit.analyze.judge import judge
from perfkit.analyze.pages.page import page
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
    write = partial(folders.write, cure="Make room there, or analyze a copy.")
    run, analysis, says, findings = _judged(directory)
    write(directory / "findings.json", findings)
    write(directory / "report.html", html.render(says))
    write(directory / "summary.md", markdown.render(says))
    write(directory / "junit.xml", junit.render(says))
    return Judged(run, analysis, says, directory / "report.html")


def _judged(directory: Path) -> tuple[Run, Analysis, Page, str]:
    """The tables of the evidence end here: a run of a million requests leaves room for its own report."""
    evidence = read(directory)
    measures = Measures(evidence)
    analysis = judge(measures, objectives(evidence.run))
    return evidence.run, analysis, page(analysis, measures), contract.written(analysis, evidence.run, measures.limits)


def objectives(run: Run) -> Slo:
    """The objectives as the run's own scenario stated them."""
    return Slo.model_validate(run.resolved["slo"])
