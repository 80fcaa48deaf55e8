"""A line of commits whose truth is known, and probes of it as a machine with known noise would make them."""

import math
from dataclasses import dataclass

import numpy as np

from perfkit.compare.bisect.beliefs import Observation
from perfkit.compare.bisect.search import Search

COMMITS = 64
MOST = 15
STEP = 0.05


class KnownLine:
    """`steps` maps a place to what came with it, in shares of GOOD's time."""

    def __init__(self, steps: dict[int, float], error: float, seed: int) -> None:
        self.steps = steps
        self.error = error
        self.random = np.random.default_rng(seed)

    def probe(self, place: int) -> Observation:
        level = sum(size for step, size in self.steps.items() if place >= step)
        return Observation(place, math.log1p(level) + self.random.normal(0, self.error), self.error)

    def search(self, commits: int = COMMITS, most: int = MOST, broken: frozenset[int] = frozenset()) -> Search:
        """At most so many probes, that of BAD among them."""
        search = Search(commits, [self.probe(commits)])
        made = 1
        while made < most and (wanted := search.next()) is not None:
            made += 1
            if wanted.place in broken:
                search.skip(wanted.place)
            else:
                search.take(self.probe(wanted.place))
        return search


@dataclass(frozen=True, slots=True)
class Simulated:
    """So many searches with one step at a place by lot: found and right, found and wrong (the rest ran out of probes)."""

    right: int
    wrong: int
    probes: tuple[int, ...]


def simulated(error: float, count: int, most: int = MOST, seed: int = 20261123) -> Simulated:
    places = np.random.default_rng(seed).integers(1, COMMITS + 1, count).tolist()
    right, wrong, probes = 0, 0, []
    for number, planted in enumerate(places):
        search = KnownLine({planted: STEP}, error, seed + number).search(most=most)
        is_right = search.is_found and (search.top.start, search.top.end) == (planted, planted)
        right += is_right
        wrong += search.is_found and not is_right
        probes.append(len(search.observations))
    return Simulated(right, wrong, tuple(probes))
