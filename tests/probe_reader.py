"""What a probe wrote, as plain dicts: one list of requests, of calls and of events, with the names put in."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfkit.probe import records

Row = dict[str, Any]


@dataclass(slots=True)
class Seen:
    """Everything below a probe's directory; names are texts, `kind` of a call is a word, each row knows its pid."""

    requests: list[Row] = field(default_factory=list[Row])
    calls: list[Row] = field(default_factory=list[Row])
    events: list[Row] = field(default_factory=list[Row])

    def calls_of(self, request: Row, kind: str = "") -> list[Row]:
        mine = [row for row in self.calls if row["stem"] == request["stem"] and row["request"] == request["sequence"]]
        return [row for row in mine if kind in ("", row["kind"])]

    def statements(self) -> list[Row]:
        return [row for row in self.calls if row["kind"] == "statement"]

    def of_kind(self, kind: str) -> list[Row]:
        return [row for row in self.events if row["kind"] == kind]

    def pids(self) -> set[int]:
        return {row["pid"] for row in self.requests}


def read(directory: Path) -> Seen:
    """Read all processes of a directory, in the order of their files' names."""
    seen = Seen()
    for path in sorted(directory.glob("*.events")):
        pid = int(path.stem.split("-")[0])
        # Records first: the names that they refer to were written before them, and later ones do not matter.
        requests = _rows(path.with_suffix(".requests"), records.REQUEST, records.REQUEST_FIELDS)
        calls = _rows(path.with_suffix(".calls"), records.CALL, records.CALL_FIELDS)
        text = path.read_text()
        events = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]  # the last line may be half there
        names = {0: ""} | {event["id"]: event["text"] for event in events if event["kind"] == records.EVENT_NAME}
        origin = {"pid": pid, "stem": path.stem}
        seen.events += [event | origin for event in events]
        for row in requests:
            seen.requests.append(row | origin | {key: names[row[key]] for key in ("method", "route", "step")})
        for row in calls:
            texts = {
                "name": names[row["name"]],
                "site": names[row["site"]].partition("\n")[0],
                "kind": records.KINDS[row["kind"]],
            }
            seen.calls.append(row | origin | texts)
    return seen


def _rows(path: Path, layout: struct.Struct, fields: Sequence[tuple[str, str]]) -> list[Row]:
    data = path.read_bytes()
    whole = data[: len(data) // layout.size * layout.size]
    return [dict(zip((name for name, _ in fields), values, strict=True)) for values in layout.iter_unpack(whole)]
