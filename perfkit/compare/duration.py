"""How long a comparison takes, to say before it begins and while it goes on."""

from dataclasses import dataclass
from typing import Final

from perfkit.compare import counters, windows
from perfkit.compare.bursts import LONGEST_WARM_UP
from perfkit.compare.warm_up import limit_for

# Of the shops on two cores: both versions down and up again, reading what their probes saw, a generator that comes up, judging.
RESTARTING: Final = 2.0
READING: Final = 1.0
GENERATOR: Final = 3.0
JUDGING: Final = 4.0
# Profiles of both versions: what they are bounded to is longer (why/observe.py), and a busy machine needs it.
EXPLAINING: Final = 55.0
# A burst's warm-up is a few bursts; it has a limit that is seldom reached.
BURST_WARM_UP: Final = LONGEST_WARM_UP / 10
ROUNDED_TO: Final = 5.0


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds of each tier with all that it needs; building the versions and what their `before` does come on top."""

    counting: float
    alternating: float
    bursting: float
    checking: float
    explaining: float = 0.0  # 0 where only a regression would be explained: nobody knows that beforehand

    @property
    def total(self) -> float:
        return self.counting + self.alternating + self.bursting + self.checking + self.explaining + JUDGING

    def left(self, tier: str, share: float) -> float:
        """From a share of one tier on."""
        if tier == "explaining":
            return (1 - share) * EXPLAINING + JUDGING
        tiers = {"counting": self.counting, "alternating": self.alternating, "bursting": self.bursting, "checking": self.checking}
        names = list(tiers)
        later = sum(tiers[name] for name in names[names.index(tier) + 1 :])
        return (1 - share) * tiers[tier] + later + self.explaining + JUDGING


def expected(
    tiers: frozenset[int], budget: float, restarts: int, sizes: int, *, has_rate: bool, explains: bool = False
) -> Expected:  # fmt: skip
    """Of a comparison that does not end early."""
    each = budget / restarts
    counts, alternates, bursts = 0 in tiers, 1 in tiers, tiers >= {2} and sizes > 0
    counting = counters.budget_for(budget) if len(tiers) > 1 else counters.BUDGET
    warm_ups = limit_for(each) + (restarts - 1) * limit_for(each, is_first=False)
    return Expected(
        counting=counting + READING if counts else 0.0,
        alternating=budget + warm_ups + (restarts - 1) * RESTARTING + READING if alternates else 0.0,
        bursting=budget + restarts * (RESTARTING + sizes * BURST_WARM_UP) + READING if bursts else 0.0,
        checking=2 * (GENERATOR + windows.FILLING) if bursts and has_rate else 0.0,
        explaining=EXPLAINING if explains else 0.0,
    )


def rounded(seconds: float) -> float:
    """To what an expectation is worth."""
    return max(ROUNDED_TO, round(seconds / ROUNDED_TO) * ROUNDED_TO)
