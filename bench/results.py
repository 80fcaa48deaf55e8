"""Where a bench keeps what it found: a table under docs/results, every row with its time, commit and machine."""

import os
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
        home = origin.of(ROOT)
        cores = len(os.sched_getaffinity(0))
        self._known = (datetime.now(UTC).isoformat(timespec="seconds"), f"{home.commit[:10]}{'+' * home.dirty}", str(cores))
        print(self._head, end="", flush=True)

    def row(self, *cells: str) -> None:
        line = _line((*self._known, *cells))
        print(line, end="", flush=True)
        if not self._keeps:
            return
        known = self._path.read_text() if self._path.exists() else self._title
        # A bench of several tables, or of new columns, begins a table of its own: nothing that was written is changed.
        last = [text for text in known.splitlines(keepends=True) if text.startswith(f"| {KNOWN[0]} |")]
        begins = not last or last[-1] != self._head.splitlines(keepends=True)[0]
        self._path.write_text(known + (f"\n{self._head}" if begins else "") + line)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
