"""How a figure stands to its bound."""

import operator
from collections.abc import Callable, Mapping
from typing import Final

from perfkit.scenario.objectives import Comparison

COMPARE: Final[Mapping[Comparison, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
