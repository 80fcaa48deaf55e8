"""Chance that begins anew with every iteration, at no cost: the same picks in every run, whatever the timing.

Seeding Python's own generator takes longer than a whole request; this one's state is a single number
(SplitMix64: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
"""

import hashlib
from random import Random
from typing import Final

_MASK: Final = (1 << 64) - 1
_GAMMA: Final = 0x9E3779B97F4A7C15
# Apart from _GAMMA, so that one iteration's numbers are not the next one's, shifted.
_STRIDE: Final = 0xD1342543DE82EF95


class Dice(Random):
    """A random.Random whose numbers are those of a named stream."""

    def __init__(self, *stream: object) -> None:
        super().__init__(0)
        digest = hashlib.sha256(":".join(map(str, stream)).encode()).digest()
        self._base = int.from_bytes(digest[:8], "little")
        self._state = self._base

    def start(self, iteration: int) -> "Dice":
        """Begins the numbers of one iteration."""
        self._state = (self._base + iteration * _STRIDE) & _MASK
        self.gauss_next = None
        return self

    def random(self) -> float:
        self._state = mixed = (self._state + _GAMMA) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) >> 11) * 2.0**-53

    def getrandbits(self, count: int, /) -> int:
        bits = 0
        for _ in range(0, count, 53):
            bits = bits << 53 | int(self.random() * 2.0**53)
        return bits >> (-count % 53)
