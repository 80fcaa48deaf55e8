"""The search for the commit that brought a step of time: what is known so far, what to probe next, and when it is enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perfkit.compare.bisect import beliefs, choice
from perfkit.compare.bisect.beliefs import Beliefs, Observation

# Reference for comparisons, 4: with less, a bisect is wrong as often as it stops early.
SURE: Final = 0.99
# A probe that is expected to say less than this is not worth its minute.
LEAST: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Wanted:
    """The next probe; `bits` are what it is expected to say."""

    place: int
    bits: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Commits that probes cannot tell apart, with how likely the step came with one of them; places from 1 on."""

    start: int
    end: int
    probability: float
    size: float  # log ratio
    size_error: float


class Search:
    """Along a line of commits whose last one, BAD, was probed already."""

    def __init__(self, commits: int, observations: Sequence[Observation]) -> None:
        self.commits = commits
        self.observations = list(observations)
        self.untellable: set[int] = set()
        self.surprises: list[Observation] = []  # that one step could not explain
        self._widened = False
        self.beliefs = self._weighed()

    @property
    def tried(self) -> set[int]:
        return {one.place for one in self.observations}

    @property
    def is_widened(self) -> bool:
        """One step did not explain the probes: two are thought of."""
        return self._widened

    @property
    def error(self) -> float:
        """What a probe's standard error has been so far."""
        return float(np.median([one.error for one in self.observations])) * self.beliefs.inflation

    @property
    def top(self) -> Stretch:
        """The likeliest stretch."""
        return self.ranked[0]

    @property
    def ranked(self) -> list[Stretch]:
        found = self.beliefs
        all_ = [
            Stretch(int(start), int(end), float(probability), float(size), float(error))
            for start, end, probability, size, error in zip(
                found.starts, found.ends, found.probability, found.size, found.size_error, strict=True
            )
        ]
        return sorted(all_, key=lambda one: -one.probability)

    @property
    def is_found(self) -> bool:
        """99 % lie on commits that no probe could tell apart."""
        top = self.top
        inside = set(range(top.start, top.end)) - self.untellable
        return top.probability >= SURE and not inside

    @property
    def credible(self) -> tuple[int, int]:
        """The shortest row of commits that holds the step with 99 %."""
        found = self.beliefs
        reached = np.concatenate(([0.0], np.cumsum(found.probability)))
        rows = [
            (int(found.starts[first]), int(found.ends[last]))
            for first in range(len(found.ends))
            for last in range(first, len(found.ends))
            if reached[last + 1] - reached[first] >= SURE
        ]
        return min(rows, key=lambda row: row[1] - row[0], default=(1, self.commits))

    def take(self, observation: Observation) -> None:
        self.observations.append(observation)
        self.beliefs = self._weighed()

    def skip(self, place: int) -> None:
        """This commit cannot be probed."""
        self.untellable.add(place)
        self.beliefs = self._weighed()

    def next(self) -> Wanted | None:
        """None when it is found, or when no probe would tell more."""
        if self.is_found:
            return None
        place, bits = choice.best(self.beliefs, self.error, self.tried, self.untellable)
        return Wanted(place, bits) if bits >= LEAST else None

    def remaining(self, wanted: Wanted) -> int:
        """About how many probes until it is found, if each says as much as the next one."""
        doubt = self.beliefs.entropy - (-SURE * math.log2(SURE))
        return max(1, math.ceil(doubt / min(1.0, wanted.bits)))

    def _weighed(self) -> Beliefs:
        tellable = [place for place in range(1, self.commits + 1) if place not in self.untellable]
        # Divided anew by what the probes say now, so that the commits in question are the ones that are told apart.
        rough = beliefs.believe(self.observations, np.array(sorted({*self.tried, self.commits})), widened=self._widened)
        ends = choice.stretches(self.commits, self.tried, tellable, rough)
        found = beliefs.believe(self.observations, ends, widened=self._widened)
        if not self._widened and (odd := beliefs.surprises(found.hypotheses, self.observations)):
            self._widened = True
            self.surprises = [self.observations[number] for number in odd]
            return self._weighed()
        return found
