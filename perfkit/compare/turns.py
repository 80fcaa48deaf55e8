"""Whose turn it is at each start: which version stands in which place, and which one is started first; balanced over starts."""

from dataclasses import dataclass
from typing import Final

# Of every four starts each pairing of place and order comes once, of every two each place and each order (ABBA): a bias of a
# port, of being the older process or of what it found in memory changes sides and cancels, and so does one that grows evenly.
EXCHANGED: Final = (False, True, True, False)


@dataclass(frozen=True, slots=True)
class Turn:
    """Of one start of both versions."""

    is_exchanged: bool  # each has the other's ports
    head_first: bool


def turn(start: int) -> Turn:
    """Of the first start (0) and of every restart after it."""
    return Turn(EXCHANGED[start % len(EXCHANGED)], start % 2 == 1)
