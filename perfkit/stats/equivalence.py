"""No slowdown larger than a margin: what a run must show before it may say that nothing happened.

Of two one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987) a gate needs the one against a
slowdown only. "No difference found" is never evidence of none.
"""

from typing import Final

from perfkit.stats.centre import Centre

# How sure "no slowdown larger than" is.
CONFIDENCE: Final = 0.95


def no_slowdown_beyond(centre: Centre, confidence: float = CONFIDENCE) -> float:
    """The log ratio that the true one lies below with that confidence; infinite with too few blocks."""
    return centre.upper_bound(confidence)
