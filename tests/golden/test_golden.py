"""A whole run judged to the letter: `make golden` writes what is expected anew, and the diff is to be read.

run/ is a real run of the shop, a short one; tests/golden/trim.py says how it was made.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from perfkit.analyze.analyze import analyze
from perfkit.version import VERSION

HERE: Final = Path(__file__).parent
EXPECTED: Final = HERE / "expected"
VIEWS: Final = ("findings.json", "summary.md", "junit.xml")
# Floats may differ in their last digits between processors; nine are more than any figure means.
DIGITS: Final = 9
MOST_BYTES: Final = 300_000


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("golden") / "run"
    shutil.copytree(HERE / "run", directory)
    analyze(directory)
    return directory


@pytest.mark.parametrize("name", VIEWS)
def test_the_run_is_judged_to_the_letter(judged: Path, name: str) -> None:
    found = settled(name, (judged / name).read_text())
    if os.environ.get("PERFKIT_GOLDEN") == "write":
        EXPECTED.mkdir(exist_ok=True)
        (EXPECTED / name).write_text(found)

    assert found == (EXPECTED / name).read_text()


def settled(name: str, text: str) -> str:
    """Without what changes with every version, and with floats that any processor agrees on."""
    if name.endswith(".json"):
        return json.dumps(rounded(json.loads(text)), indent=1, ensure_ascii=False) + "\n"
    return text.replace(VERSION, "VERSION")


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return {key: rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_the_report_is_one_file_that_asks_nobody_for_anything(judged: Path) -> None:
    report = (judged / "report.html").read_text()

    assert "</html>" in report
    assert "<script src" not in report
    assert '<link rel="stylesheet" href' not in report


def test_the_run_is_small_and_tells_nothing_of_the_machine_it_was_made_on() -> None:
    files = list((HERE / "run").iterdir())

    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    for path in files:
        content = path.read_bytes()
        assert [
            place for place in (bytes(Path(__file__).parents[2]), b"/root/", b"/home/", b"/tmp/", b".pyenv") if place in content
        ] == [], path
