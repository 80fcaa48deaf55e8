"""What arrives finds others under way: how many."""

from typing import Final

import numpy as np

from perfkit.measures.frames import Counts, Numbers

# Rounding must not make two calls of which one follows the other overlap.
TOUCHING: Final = 1e-9


def met(starts: Numbers, times: Numbers) -> Counts:
    """How many others were under way when each one began; seconds, in any order."""
    ends = np.sort(starts + times) - TOUCHING
    order = np.argsort(starts, kind="stable")
    found = np.empty(len(starts), dtype=np.int64)
    found[order] = np.arange(len(starts)) - np.searchsorted(ends, starts[order], side="right")
    return found
