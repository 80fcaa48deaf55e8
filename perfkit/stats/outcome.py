"""The four answers of a comparison, and the rules that lead to them; fixed before the first block is measured."""

from dataclasses import dataclass
from enum import StrEnum

from perfkit.stats import equivalence


class Outcome(StrEnum):
    REGRESSED = "regressed"
    IMPROVED = "improved"
    EQUIVALENT = "equivalent"  # no slowdown larger than the margin
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Rules:
    """Shares of A's time; `error_margin` in shares of requests."""

    alpha: float = 0.01  # of any false alarm in a whole run, both directions together
    margin: float = 0.03
    # A server process carries a bias of its own of 0.2 to 0.9 % (measured, research for comparisons, 8), which no
    # number of blocks averages out: what is smaller than this is not called a change.
    floor: float = 0.02
    error_margin: float = 0.005
    confidence: float = equivalence.CONFIDENCE  # of "no slowdown larger than"
    power: float = 0.95  # of the smallest change that a run could have found
