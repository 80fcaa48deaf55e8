"""The probe's event files: one JSON object per line, written by a process that may be killed at any byte."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# A line longer than this is no event of ours; the plan of a big join stays far below.
LONGEST_LINE: Final = 8 * 1024**2


@dataclass(frozen=True, slots=True)
class Events:
    """The well-formed events of a file, and how many whole lines were none."""

    lines: tuple[dict[str, Any], ...]
    damaged: int

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]


def read(path: Path) -> Events:
    """Everything that can be read; half a line at the end is how a killed process leaves its file, and no damage."""
    lines: list[dict[str, Any]] = []
    damaged = 0
    if not path.exists():
        return Events((), 0)
    with path.open("rb") as file:
        for raw in file:
            event = _parse(raw)
            if event is not None:
                lines.append(event)
            elif raw.endswith(b"\n"):
                damaged += 1
    return Events(tuple(lines), damaged)


def _parse(raw: bytes) -> dict[str, Any] | None:
    if len(raw) > LONGEST_LINE:
        return None
    try:
        event = json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("kind"), str) else None
