"""Exact counters over commits: a step of theirs needs no statistics, and lies between two measured commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from perfkit.compare.history.entry import Entry

Key = tuple[str, str]  # endpoint, counter


@dataclass(frozen=True, slots=True)
class CountStep:
    """It changed after `after`, and had by `at`."""

    after: str
    at: str
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class Track:
    """A counter of an endpoint that was ever seen to change: its value at every commit that was counted; None is not known."""

    endpoint: str
    counter: str
    commits: tuple[str, ...]
    values: tuple[float | None, ...]
    steps: tuple[CountStep, ...]


def tracks(entries: Sequence[Entry]) -> tuple[Track, ...]:
    """`entries` in the order of commits; the newest comparison of a commit counts."""
    counted = {entry.commit: entry for entry in entries if entry.is_counted}
    keys = dict.fromkeys((one.endpoint, one.counter) for entry in counted.values() for one in entry.counts)
    return tuple(_track(key, tuple(counted.values())) for key in keys)


def _track(key: Key, entries: Sequence[Entry]) -> Track:
    values = tuple(_value(entry, key, entries) for entry in entries)
    known = [(entry.commit, value) for entry, value in zip(entries, values, strict=True) if value is not None]
    steps = tuple(CountStep(before[0], now[0], before[1], now[1]) for before, now in pairwise(known) if before[1] != now[1])
    return Track(*key, tuple(entry.commit for entry in entries), values, steps)


def _value(entry: Entry, key: Key, entries: Sequence[Entry]) -> float | None:
    """What was counted; where the entry does not name it, it is what the anchor has, which others name."""
    for one in entry.counts:
        if (one.endpoint, one.counter) == key:
            return one.head
    if entry.ratios and key[0] not in {ratio.endpoint for ratio in entry.ratios}:
        return None  # the endpoint was not there, or was never answered well
    same = (other for other in entries if (other.base, other.conditions) == (entry.base, entry.conditions))
    named = (one.base for other in same for one in other.counts if (one.endpoint, one.counter) == key)
    itself = (
        one.head for other in entries if other.commit == entry.base for one in other.counts if (one.endpoint, one.counter) == key
    )
    return next(named, next(itself, None))
