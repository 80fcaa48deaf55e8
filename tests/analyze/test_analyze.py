"""What judging writes beside the evidence."""

from pathlib import Path

import pytest

from perfkit.analyze.analyze import analyze, write
from perfkit.errors import EvidenceError
from tests.run.raw import a_raw_run


def test_a_run_may_be_judged_again_and_again(tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run")
    first = analyze(directory.path)

    again = analyze(directory.path)

    assert again.analysis.validity == first.analysis.validity
    assert {path.name for path in directory.path.iterdir()} >= {"findings.json", "report.html", "summary.md", "junit.xml"}


def test_a_file_that_does_not_fit_on_the_disk_leaves_the_older_one_whole(tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_text("the older one")
    (tmp_path / ".findings.json").symlink_to("/dev/full")

    with pytest.raises(EvidenceError, match="No space left on device"):
        write(tmp_path / "findings.json", "the newer one")

    assert [path.name for path in tmp_path.iterdir()] == ["findings.json"]
    assert (tmp_path / "findings.json").read_text() == "the older one"
