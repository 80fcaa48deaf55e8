"""One comparison as history keeps it: commits, ratios with intervals, exact counts; no names of hosts, no paths, no secrets.

An entry is its own file format: what is written is these fields, and nothing else is read.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Final

import msgspec

from perfkit.compare.conditions import Conditions
from perfkit.stats.interval import Estimate

FORMAT: Final = 1
# A thousand endpoints with ten figures each have a quarter of it; what is larger is no comparison.
LARGEST: Final = 8 * 1024 * 1024
DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of an endpoint: its change as a share of the base's time, as in comparison.json; None where it is not known."""

    endpoint: str
    metric: str
    change: float | None
    interval: tuple[float | None, float | None]
    level: float  # the interval holds at 1 - level
    blocks: int

    @property
    def estimate(self) -> Estimate | None:
        """log(head/base); None when either end is open, since then nothing tells how well it is known."""
        low, high = self.interval
        if self.change is None or low is None or high is None:
            return None
        return Estimate(math.log1p(self.change), math.log1p(low), math.log1p(high), 1 - self.level)


@dataclass(frozen=True, slots=True)
class Count:
    """An exact counter that differs from the base's."""

    endpoint: str
    counter: str
    base: float
    head: float


@dataclass(frozen=True, slots=True)
class Entry:
    """Of one head against one base; texts are empty where something is not known."""

    started_at: str  # UTC, ISO 8601
    scenario: str
    commit: str
    parent: str
    dirty: bool
    base: str  # commit
    base_label: str  # what the person typed for it, when that was a revision
    conditions: Conditions
    answer: str
    noise: str
    ratios: tuple[Ratio, ...]
    counts: tuple[Count, ...]
    is_counted: bool  # the deck was counted, so that a counter that is not among the counts has not changed
    format: int = FORMAT

    @property
    def name(self) -> str:
        """Of its file: in the order of time, the same content under the same name, and no two under one."""
        moment = "".join(digit for digit in self.started_at[:19] if digit.isdigit())
        digest = hashlib.sha256(text(self).encode()).hexdigest()[:DIGITS]
        return f"{moment[:8]}-{moment[8:]}-{self.commit[:7] or 'nogit'}-{digest}.json"

    def ratio(self, endpoint: str, metric: str) -> Ratio | None:
        return next((one for one in self.ratios if (one.endpoint, one.metric) == (endpoint, metric)), None)


class _Version(msgspec.Struct):
    """All that is asked of a file whose format is not known yet."""

    format: int


def text(entry: Entry) -> str:
    """The file's text: the same entry gives the same bytes."""
    return json.dumps(asdict(entry), indent=1, allow_nan=False, sort_keys=True) + "\n"


def read(raw: bytes) -> Entry:
    """Raises ValueError, in words for after the file's name: whoever may write to a shared place may write anything."""
    if len(raw) > LARGEST:
        raise ValueError("is too large for an entry")
    try:
        version = msgspec.json.decode(raw, type=_Version).format
        if version != FORMAT:
            raise ValueError(f"is of format {version}; this perfkit reads format {FORMAT}")
        entry = msgspec.json.decode(raw, type=Entry)
    except msgspec.DecodeError as error:
        raise ValueError(f"is no entry: {error}") from error
    for one in entry.ratios:
        low, high = one.interval
        ordered = [end for end in (low, one.change, high) if end is not None]
        if not 0 < one.level < 1 or any(end <= -1 for end in ordered) or (one.change is not None and ordered != sorted(ordered)):
            raise ValueError(f"is no entry: impossible numbers for {one.endpoint[:80]!r}")
    return entry
