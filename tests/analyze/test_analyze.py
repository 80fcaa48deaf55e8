"""What judging writes beside the evidence."""

from pathlib import Path

from perfkit.analyze.analyze import analyze
from tests.run.raw import a_raw_run


def test_a_run_may_be_judged_again_and_again(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    first = analyze(directory.path)

    again = analyze(directory.path)

    assert again.analysis.validity == first.analysis.validity
    assert {path.name for path in directory.path.iterdir()} >= {"findings.json", "report.html", "summary.md", "junit.xml"}
