"""A bench of comparisons, end to end: a planted statement in a real repository, found by the real command; nothing kept."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"


def test_a_planted_statement_is_found_by_its_name_and_a_try_writes_nothing() -> None:
    before = {path: path.stat().st_mtime_ns for path in RESULTS.rglob("*")}

    line = [sys.executable, "-m", "bench.compare.counted", "--try", "1", "--kinds", "statement"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)

    assert done.returncode == 0, done.stderr
    assert "statements 2 → 3" in done.stdout
    assert "one more statement | 1 of 1" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in RESULTS.rglob("*")} == before
