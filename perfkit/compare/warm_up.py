"""Before anything is measured: both versions are asked until each endpoint has been, and their ratio moves no more."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from perfkit.compare.lockstep import Lockstep, Pace, Twin
from perfkit.stats.trend import theil_sen

# Research for comparisons, 2.3, step 2: so many requests of each endpoint to each version, and a ratio whose last five blocks
# move by less than 2 % from one to the next; at most 20 s.
REQUESTS: Final = 200
BLOCK: Final = 0.25
SETTLED_BLOCKS: Final = 5
SETTLED_SLOPE: Final = 0.02
# On a noisy machine five blocks rise or fall by more than that by themselves.
STANDARD_ERRORS: Final = 2.0
LONGEST: Final = 20.0
# Of the time that is measured after it: a short comparison is not to be mostly warm-up, but what is not warm measures nothing.
LARGEST_SHARE: Final = 0.5
SHORTEST_LIMIT: Final = 2.0
# After a restart only the processes are cold; files, databases and our own client have been used before.
REQUESTS_AGAIN: Final = 50
LARGEST_SHARE_AGAIN: Final = 0.2
SHORTEST_LIMIT_AGAIN: Final = 1.25


@dataclass(slots=True)
class WarmUp:
    """What it took."""

    seconds: float = 0.0
    settled: bool = False
    requests: Counter[str] = field(default_factory=Counter[str])  # by endpoint, to each version


def limit_for(measured: float, *, is_first: bool = True) -> float:
    """How long a warm-up may take before so much time is measured."""
    share, shortest = (LARGEST_SHARE, SHORTEST_LIMIT) if is_first else (LARGEST_SHARE_AGAIN, SHORTEST_LIMIT_AGAIN)
    return max(min(LONGEST, share * measured), shortest)


async def warm_up(user: Lockstep, pace: Pace, measured: float, *, is_first: bool = True) -> WarmUp:
    """Before so many seconds are measured: after the very first start, or after a restart."""
    limit, each = limit_for(measured, is_first=is_first), REQUESTS if is_first else REQUESTS_AGAIN
    done = WarmUp()
    ratios: list[float] = []
    block: list[float] = []
    began = time.monotonic()
    block_ends = began + BLOCK

    def note(twin: Twin) -> None:
        done.requests[twin.base.endpoint] += 1
        if twin.base.time > 0 and twin.head.time > 0:
            block.append(math.log(twin.head.time / twin.base.time))

    while (now := time.monotonic()) < began + limit and not (done.settled and min(done.requests.values()) >= each):
        if now >= block_ends and block:
            ratios.append(float(np.median(block)))
            block.clear()
            block_ends = now + BLOCK
            done.settled = has_settled(ratios)
        await pace.keep()
        await user.play(note)
    done.seconds = time.monotonic() - began
    return done


def has_settled(ratios: Sequence[float]) -> bool:
    """The last blocks neither rise nor fall, or not by more than they scatter: what cannot be seen is not waited for."""
    last = np.array(ratios[-SETTLED_BLOCKS:])
    if len(last) < SETTLED_BLOCKS:
        return False
    places = np.arange(len(last), dtype=np.float64)
    slope = theil_sen(places, last).slope
    scatter = float(np.std(last - slope * places, ddof=2)) / math.sqrt(float(((places - places.mean()) ** 2).sum()))
    return abs(slope) <= max(SETTLED_SLOPE, STANDARD_ERRORS * scatter)
