"""Whether "about N minutes more" was right: an inconclusive comparison gone on with, until it would have been decided.

When one continuation is decided is largely luck (perfkit/stats/needed.py), so three things are held against it: whether it came
within a factor of two of what was asked for, whether it came within the range that was said to hold four in five, and whether
the whole comparison, from its beginning, was within a factor of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.compare import blocks
from bench.compare.again import longer, resampled, undecided
from bench.compare.calibration import NO_GATE
from bench.compare.compared import Asked, compared
from bench.compare.conduct import so_many
from perfkit.stats.outcome import Rules
from perfkit.units import parse_time

# Seconds that are really run on with, and twice as many at most; what asks for more is resampled, and what nobody waits for left.
MOST, MOST_OF_A_TRY = 300.0, 15.0
MOST_SUPPOSED, RESAMPLES = 1200.0, 20
MULTIPLES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)
SHORTEST = 10.0
FACTOR = 2.0
RUN_ON, RESAMPLED, LEFT = "run on", "resampled", "not tried"


def taken(asked: Asked, found: Mapping[str, Any], seed: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """`multiple` of the time asked for after which it was decided, null of one that twice as much did not decide; and `how`."""
    if found["more_time"] <= facts["most_more"]:
        return {"how": RUN_ON, "multiple": run_on(asked, found, seed)}
    if found["more_time"] <= MOST_SUPPOSED:
        return {"how": RESAMPLED, "multiple": supposed(found, parse_time(facts["budget"]), seed)}
    return {"how": LEFT, "multiple": None}


def run_on(asked: Asked, found: Mapping[str, Any], seed: int) -> float | None:
    """The same versions alternated again, for twice as long as was asked for."""
    twice = max(SHORTEST, MULTIPLES[-1] * found["more_time"])
    options = (*NO_GATE, "--tiers", "1", "--budget", f"{twice:.0f}s", "--set", f"seed={seed + 500}")
    with compared(replace(asked, options=options)) as one:
        beyond = blocks.read(blocks.kept(one))
    first = blocks.read(found["series"])
    for multiple in MULTIPLES:
        if not undecided(longer(first, beyond, multiple * found["more_time"] / twice), Rules()):
            return multiple
    return None


def supposed(found: Mapping[str, Any], lasted: float, seed: int) -> float | None:
    """The multiple at which half of its continuations are decided, when they are drawn from its own restarts."""
    dice, first = np.random.default_rng(seed), blocks.read(found["series"])
    for multiple in MULTIPLES:
        share = multiple * found["more_time"] / lasted
        open_ = sum(undecided(resampled(first, share, dice), Rules()) for _ in range(RESAMPLES))
        if open_ <= RESAMPLES / 2:
            return multiple
    return None


def shown(took: Mapping[str, Any]) -> str:
    if took["how"] == LEFT:
        return LEFT
    return f"{took['multiple'] or f'more than {FACTOR:g}'} times ({took['how']})"


def is_right(found: Mapping[str, Any]) -> bool:
    """Within a factor of two of what was asked for."""
    multiple = found["took"]["multiple"]
    return multiple is not None and 1 / FACTOR <= multiple <= FACTOR


def is_in_range(found: Mapping[str, Any]) -> bool:
    """Within what was said; of one that twice the time did not decide, only whether the range goes on beyond that is known."""
    low, high = found["more_time_range"]
    multiple = found["took"]["multiple"]
    if multiple is None:
        return high is None or bool(high >= MULTIPLES[-1] * found["more_time"])
    # It was decided somewhere between this look and the one before.
    before = max((one for one in MULTIPLES if one < multiple), default=0.0)
    return bool(low <= multiple * found["more_time"] and (high is None or before * found["more_time"] <= high))


def is_right_altogether(found: Mapping[str, Any], lasted: float) -> bool:
    """The whole comparison, from its beginning, within a factor of two of what it was said to take."""
    multiple = found["took"]["multiple"]
    said = lasted + found["more_time"]
    return multiple is not None and 1 / FACTOR <= (lasted + multiple * found["more_time"]) / said <= FACTOR


def table(found: Sequence[Mapping[str, Any]], lasted: float) -> None:
    print("\n| inconclusive, and | more time right within a factor of 2 | within its range | whole time within a factor of 2 |")
    print("|---|---|---|---|")
    for how in (RUN_ON, RESAMPLED):
        own = [one for one in found if one["took"]["how"] == how]
        right = (sum(map(is_right, own)), sum(map(is_in_range, own)), sum(is_right_altogether(one, lasted) for one in own))
        print(f"| {how} | {' | '.join(so_many(count, len(own)) for count in right)} |")
