"""How long a virtual user pauses: a distribution, read from text, sampled with a seeded random."""

import math
import random
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, ValidationInfo

from perfkit.scenario.values import TIME_PATTERN, is_from_file, schema_of
from perfkit.units import parse_time

Kind: TypeAlias = Literal["constant", "uniform", "lognormal", "exponential"]

_LOGNORMAL: Final = re.compile(r"lognormal\(\s*(?P<median>[^,]+?)\s*,\s*p95\s*=\s*(?P<p95>[^)]+?)\s*\)")
_EXPONENTIAL: Final = re.compile(r"exponential\(\s*(?P<mean>[^)]+?)\s*\)")
# The 95th percentile of the standard normal distribution.
_Z95: Final = 1.6448536269514722
PATTERN: Final = (
    rf"({TIME_PATTERN}(\s*\.\.\s*{TIME_PATTERN})?"
    rf"|lognormal\(\s*{TIME_PATTERN}\s*,\s*p95\s*=\s*{TIME_PATTERN}\s*\)|exponential\(\s*{TIME_PATTERN}\s*\))"
)


@dataclass(frozen=True, slots=True)
class Think:
    """A think time; `low` is the constant, the lower end, the median or the mean, `high` the upper end or the 95th percentile."""

    kind: Kind
    low: float
    high: float

    def sample(self, source: random.Random) -> float:
        """Seconds to pause this time."""
        if self.kind == "uniform":
            return source.uniform(self.low, self.high)
        if self.kind == "lognormal":
            return self.low * math.exp(source.gauss(0.0, math.log(self.high / self.low) / _Z95))
        if self.kind == "exponential":
            return source.expovariate(1 / self.low)
        return self.low


def parse_think(text: str) -> Think:
    """`500ms`, `500ms..2s`, `lognormal(2s, p95=8s)` or `exponential(1s)`."""
    text = text.strip()
    if match := _LOGNORMAL.fullmatch(text):
        return _ordered(text, "lognormal", parse_time(match["median"]), parse_time(match["p95"]))
    if match := _EXPONENTIAL.fullmatch(text):
        mean = parse_time(match["mean"])
        return _ordered(text, "exponential", mean, mean)
    low, dots, high = text.partition("..")
    try:
        least = parse_time(low)
        most = parse_time(high) if dots else least
    except ValueError as error:
        raise ValueError(f"{text!r} is not a think time (try '1s', '500ms..2s' or 'lognormal(2s, p95=8s)')") from error
    return _ordered(text, "uniform" if dots else "constant", least, most)


def _ordered(text: str, kind: Kind, low: float, high: float) -> Think:
    if high < low:
        raise ValueError(f"{text!r}: the second time is less than the first")
    if low <= 0 and kind in {"lognormal", "exponential"}:
        raise ValueError(f"{text!r}: the time must be more than nothing")
    return Think(kind, low, high)


def _read(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        return parse_think(value)
    if is_from_file(info):
        raise ValueError(f"{value!r} is not a think time (try '1s' or '500ms..2s')")
    return value


ThinkTime: TypeAlias = Annotated[Think, BeforeValidator(_read), schema_of(PATTERN, "1s", "500ms..2s", "lognormal(2s, p95=8s)")]
