"""Where a bench keeps what it found: a table under docs/results, every row with its time, commit and machine."""

import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from perfkit.run import origin

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
KNOWN = ("when", "commit", "cores")


class Results:
    """One file of results: rows are shown as they come, and kept unless the caller only wants to look."""

    def __init__(self, name: str, title: str, columns: Sequence[str], *, keeps: bool = True) -> None:
        self._path = RESULTS / f"{name}.md"
        self._keeps = keeps
        self._head = f"{_line(KNOWN + tuple(columns))}{_line(['---'] * (len(KNOWN) + len(columns)))}"
        self._title = f"# {title}\n"
        self._commit = commit()
        self._cores = str(len(os.sched_getaffinity(0)))
        print(self._head, end="", flush=True)

    def row(self, *cells: str) -> None:
        line = _line((now(), self._commit, self._cores, *cells))
        print(line, end="", flush=True)
        if not self._keeps:
            return
        known = self._known()
        # A bench of several tables, or of new columns, begins a table of its own: nothing that was written is changed.
        last = [text for text in known.splitlines(keepends=True) if text.startswith(f"| {KNOWN[0]} |")]
        begins = not last or last[-1] != self._head.splitlines(keepends=True)[0]
        self._path.write_text(known + (f"\n{self._head}" if begins else "") + line)

    def note(self, text: str) -> None:
        """A paragraph of its own; rows that follow stand in a new table below it."""
        print(f"\n{text}\n", flush=True)
        if self._keeps:
            self._path.write_text(f"{self._known()}\n{text}\n\n{self._head}")

    def _known(self) -> str:
        return self._path.read_text() if self._path.exists() else self._title


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> str:
    """Of the code that is measured; `+` when files differ from it, other than the results that a bench has just written."""
    changed = ("git", "status", "--porcelain", "-uno", "--", ".", f":(exclude){RESULTS.relative_to(ROOT)}")
    found = subprocess.run(changed, cwd=ROOT, check=False, capture_output=True, text=True)
    return f"{origin.of(ROOT).commit[:10]}{'+' * bool(found.stdout.strip())}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
