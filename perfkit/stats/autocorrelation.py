"""Whether neighbouring blocks resemble each other more than distant ones: then they count for fewer than they are."""

from typing import Final

from perfkit.stats.quantiles import Numbers

# Above this the interval of independent blocks is no longer believed: at 0.2 its standard error is about a fifth too small,
# sqrt((1 + r) / (1 - r)) = 1.22. Research for comparisons, 2.3 point 5.
DEPENDENT_ABOVE: Final = 0.2


def lag1(values: Numbers) -> float:
    """Autocorrelation of neighbours; 0 for fewer than three values and for constant ones.

    Corrected for the mean being the values' own, which makes neighbours look less alike than they are: by 1/n where they are
    independent, by three times as much at 0.5 (Marriott and Pope, Biometrika 41, 1954).
    """
    if len(values) < 3:  # noqa: PLR2004  # two values are one pair of neighbours, always at -0.5
        return 0.0
    centred = values - values.mean()
    total = float(centred @ centred)
    if total == 0:
        return 0.0
    seen = float(centred[1:] @ centred[:-1]) / total
    return max(-1.0, min(1.0, seen + (1 + 4 * seen) / len(values)))
