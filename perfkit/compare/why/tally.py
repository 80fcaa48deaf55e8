"""Seconds per request that each function, and each stack of functions, took in each stretch of both versions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from perfkit.compare.why.explanation import SHARED
from perfkit.compare.why.functions import Frame, Function, Reading
from perfkit.compare.why.recorded import Seen
from perfkit.stats.quantiles import Numbers
from perfkit.stats.replicated import Difference, difference

BASE, HEAD = 0, 1
# Deeper frames of a runaway recursion say the same again; their time stays with the last that is kept.
DEEPEST: Final = 160


@dataclass(slots=True, eq=False)
class Spent:
    """Seconds by version and stretch, not yet divided by requests, and how many samples say so."""

    seconds: Numbers
    samples: list[int] = field(default_factory=lambda: [0, 0])
    lines: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))

    def add(self, side: int, place: int, seconds: float, samples: int, line: int = 0) -> None:
        self.seconds[side, place] += seconds
        self.samples[side] += samples
        self.lines[side][line] += samples

    @property
    def line(self) -> int:
        """Where most of its samples stood, in head if it was seen there; 0 when unknown."""
        return max((lines := self.lines[HEAD] or self.lines[BASE]), key=lambda line: (lines[line], -line), default=0)


@dataclass(slots=True, eq=False)
class Node:
    """A function on one path from the root."""

    spent: Spent
    children: dict[Function, "Node"] = field(default_factory=dict[Function, "Node"])


@dataclass(slots=True, eq=False)
class Tally:
    """Of one endpoint by one profiler; the first axis of all arrays is the version, the second the pair of stretches."""

    requests: Numbers
    root: Node
    stranger: int  # which frame of a stack without any of the user's own the time is told as: the first, or the last
    with_calls: dict[Function, Spent] = field(default_factory=dict[Function, Spent])
    alone: dict[Function, Spent] = field(default_factory=dict[Function, Spent])  # with the libraries that it calls
    # By callee and version: frames of the user's that it was called from → samples.
    callers: dict[Function, tuple[Counter[Frame], Counter[Frame]]] = field(
        default_factory=dict[Function, tuple[Counter[Frame], Counter[Frame]]]
    )

    @property
    def share_of_head(self) -> float:
        """Of all requests that were looked at."""
        of_both = self.requests.sum(axis=1)
        return float(of_both[HEAD] / of_both.sum())

    @property
    def nothing(self) -> Difference:
        """Of a function that does no work of its own."""
        return difference(self.requests[BASE] * 0, self.requests[HEAD] * 0)

    def per_request(self, spent: Spent) -> Difference:
        values = spent.seconds / self.requests
        return difference(values[BASE], values[HEAD])


def tally(endpoint: str, base: Sequence[Seen], head: Sequence[Seen], readings: tuple[Reading, Reading]) -> Tally | None:
    """Over the pairs of stretches in which both versions were asked for the endpoint; None without any."""
    sides = tuple({one.number: one for one in seen if one.requests.get(endpoint)} for seen in (base, head))
    numbers = sorted(sides[BASE].keys() & sides[HEAD].keys())
    if not numbers:
        return None
    requests = np.array([[side[number].requests[endpoint] for number in numbers] for side in sides], dtype=np.float64)
    # Below an endpoint the outermost names the library; of what none owns it is always the server's `main`.
    found = Tally(requests, Node(_none(len(numbers))), stranger=-1 if endpoint == SHARED else 0)
    for side, seen in enumerate(sides):
        for place, number in enumerate(numbers):
            rows = seen[number].by_endpoint.get(endpoint)
            for stack, samples, seconds in () if rows is None else rows.select("stack", "samples", "time").iter_rows():
                _count(found, [readings[side](text) for text in stack], side, place, seconds, samples)
    return found


def _none(stretches: int) -> Spent:
    return Spent(np.zeros((2, stretches)))


def _count(found: Tally, frames: Sequence[Frame], side: int, place: int, seconds: float, samples: int) -> None:
    """One stack: every function in it once, however often it recurs; the time alone is the innermost of the user's own's."""
    stretches = found.requests.shape[1]
    node = found.root
    node.spent.add(side, place, seconds, samples)
    caller: Frame | None = None
    seen: set[Function] = set()
    for depth, frame in enumerate(frames):
        function = frame.function
        if depth < DEEPEST:
            node = node.children.setdefault(function, Node(_none(stretches)))
            node.spent.add(side, place, seconds, samples, frame.line)
        if function not in seen:
            seen.add(function)
            found.with_calls.setdefault(function, _none(stretches)).add(side, place, seconds, samples, frame.line)
            if caller is not None:
                found.callers.setdefault(function, (Counter(), Counter()))[side][caller] += samples
        if function.is_own:
            caller = frame
    doer = caller or (frames[found.stranger] if frames else None)
    if doer is not None:
        found.alone.setdefault(doer.function, _none(stretches)).add(side, place, seconds, samples)
