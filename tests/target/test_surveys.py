"""What an interpreter says of itself."""

import os
import sys
from pathlib import Path

from perfkit.target import surveys


def test_an_interpreter_says_what_it_has() -> None:
    found = surveys.survey(sys.executable, os.environ)

    assert found is not None
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.libraries["polars"]
    assert "perfkit" not in found.libraries  # installed from a folder: a version's own code


def test_an_interpreter_that_does_not_answer_is_not_known(tmp_path: Path) -> None:
    assert surveys.survey(str(tmp_path / "python"), os.environ) is None
    assert surveys.survey("/bin/false", os.environ) is None
