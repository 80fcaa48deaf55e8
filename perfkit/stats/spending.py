"""Looking before the end without paying for it in false alarms: O'Brien-Fleming boundaries by spending, at any looks.

Lan and DeMets, Biometrika 70 (1983): how much of alpha may have been spent by a share of the information is fixed beforehand,
2 (1 - Phi(z / sqrt(share))) on either side, and no two looks need be equally far apart. The boundary of each look follows from
the density of what has not stopped before, carried from look to look by numerical integration (Armitage, McPherson and Rowe,
Journal of the Royal Statistical Society A 132, 1969), as in ldbounds and gsDesign.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from perfkit.stats.quantiles import Numbers

# The first look, and the blocks between looks: with fewer than 8 pairs no two-sided test at 1 % can reject anything.
FIRST_LOOK: Final = 8
BETWEEN_LOOKS: Final = 4
# Gauss-Legendre nodes per look: 400 agree with 200 to ten digits for thirty looks.
_NODES: Final = 200
# Standard deviations beyond which a normal density is nothing.
_FAR: Final = 8.5


def looks(most: int, first: int = FIRST_LOOK, every: int = BETWEEN_LOOKS) -> tuple[int, ...]:
    """Numbers of blocks at which to look; the last is all of them."""
    return (*range(first, most, every), most) if most > first else (most,)


def nominal_levels(shares: Sequence[float], alpha: float, *, final: bool = False) -> tuple[float, ...]:
    """The two-sided p value that stops at each look: `boundaries` on the scale of p values."""
    return tuple(2 * float(ndtr(-boundary)) for boundary in boundaries(shares, alpha, final=final))


def boundaries(shares: Sequence[float], alpha: float, *, final: bool = False) -> tuple[float, ...]:
    """How large |z| must be at each look, given the shares of the planned information, rising, the last at most 1.

    With `final` the last look spends all that is left although its share is below 1: a run that was cut short.
    """
    return _boundaries(tuple(shares), alpha, final)


def spent(share: float, alpha: float) -> float:
    """Of a two-sided alpha, by a share of the information."""
    return 4 * float(ndtr(float(ndtri(alpha / 4)) / math.sqrt(min(share, 1.0))))


@lru_cache(maxsize=1024)
def _boundaries(shares: tuple[float, ...], alpha: float, final: bool) -> tuple[float, ...]:
    nodes, weights = _quadrature()
    found: list[float] = []
    before, already, places, mass = 0.0, 0.0, np.zeros(1), np.ones(1)
    for number, share in enumerate(shares, 1):
        allowed = alpha if final and number == len(shares) else spent(share, alpha)
        step = math.sqrt(share - before)
        edge = _edge(places, mass, step, allowed - already)
        found.append(edge / math.sqrt(share))
        # What has not crossed: its density on the nodes between the edges, as point masses.
        reach = min(edge, _FAR * math.sqrt(share))
        moved = reach * nodes
        density = np.exp(-0.5 * ((moved[:, None] - places) / step) ** 2) @ mass / (step * math.sqrt(2 * math.pi))
        places, mass = moved, density * weights * reach
        before, already = share, allowed
    return tuple(found)


def _edge(places: Numbers, mass: Numbers, step: float, allowed: float) -> float:
    """Where so much of what is left crosses to either side."""

    def crossing(edge: float) -> float:
        return float((ndtr((places - edge) / step) + ndtr((-places - edge) / step)) @ mass)

    farthest = float(np.abs(places).max()) + _FAR * step
    if allowed <= crossing(farthest):
        return math.inf
    return float(brentq(lambda edge: crossing(edge) - allowed, 0.0, farthest, xtol=1e-10))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[Numbers, Numbers]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
