"""What the probe wrote in a stretch of time, given to a run directory of its own: for targets that outlive one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.probe import records

# A record never stands half in one stretch and half in the next.
_SIZES: Final[Mapping[str, int]] = {".requests": records.REQUEST.size, ".calls": records.CALL.size}
# Names that a record refers to may be older than it: whole, every time.
_WHOLE: Final = ".events"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far each file had come."""

    sizes: Mapping[str, int]


def mark(probe: Path) -> Mark:
    return Mark({path.name: path.stat().st_size for path in probe.iterdir() if path.suffix in _SIZES})


def take(probe: Path, since: Mark, into: Path) -> None:
    """Copies what was written since the mark, so that the folder reads like that of a target that was started then."""
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(probe.iterdir()):
        size = _SIZES.get(path.suffix)
        if size is not None:
            start = since.sizes.get(path.name, 0) // size * size
            with path.open("rb") as source:
                source.seek(start)
                (into / path.name).write_bytes(source.read())
        elif path.suffix == _WHOLE:
            (into / path.name).write_bytes(path.read_bytes())
