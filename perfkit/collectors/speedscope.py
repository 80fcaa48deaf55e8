"""Profiles as files that speedscope.app opens: one per endpoint, for a person who wants to look for themselves."""

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
PLACE: Final = re.compile(r"(?P<name>.*) \((?P<file>.*?)(?::(?P<line>\d+))?\)", re.DOTALL)
SHARED: Final = "shared"  # the endpoint without a name: server, protocol, middleware before routing
LONGEST_SLUG: Final = 80


def write(folder: Path, endpoint: str, stacks: Iterable[tuple[Sequence[str], float]]) -> Path:
    """Stacks root first, as "function (file:line)", with the seconds that each stands for."""
    frames: dict[str, int] = {}
    samples: list[list[int]] = []
    weights: list[float] = []
    for stack, weight in stacks:
        samples.append([frames.setdefault(frame, len(frames)) for frame in stack])
        weights.append(weight)
    title = endpoint or SHARED
    document = {
        "$schema": SCHEMA,
        "shared": {"frames": [_frame(frame) for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": title,
                "unit": "seconds",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": samples,
                "weights": weights,
            }
        ],
        "name": title,
        "activeProfileIndex": 0,
        "exporter": "perfkit",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug(endpoint)}.speedscope.json"
    path.write_text(json.dumps(document))
    return path


def slug(endpoint: str) -> str:
    """A file name for an endpoint; a checksum keeps `/a/{b}` and `/a-b` apart."""
    if not endpoint:
        return SHARED
    readable = re.sub(r"[^A-Za-z0-9]+", "-", endpoint).strip("-")[:LONGEST_SLUG]
    return f"{readable or 'endpoint'}-{zlib.crc32(endpoint.encode()):08x}"


def _frame(text: str) -> dict[str, Any]:
    match = PLACE.fullmatch(text)
    if match is None:
        return {"name": text}
    frame: dict[str, Any] = {"name": match["name"], "file": match["file"]}
    if match["line"]:
        frame["line"] = int(match["line"])
    return frame
