"""What is good enough: sentences such as `p99 < 400ms`, read into typed objectives."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import RATE_PATTERN, SHARE_PATTERN, TIME_PATTERN, not_empty, schema_of
from perfkit.units import parse_rate, parse_share, parse_time

Comparison: TypeAlias = Literal["<", "<=", ">", ">=", "=="]

ALL: Final = "all"
DROPPED: Final = "dropped"
# The share of failed requests that nobody would call healthy; said only when the scenario says nothing.
DEFAULT_OBJECTIVE: Final = "errors < 1%"
DEFAULT_OPEN_OBJECTIVE: Final = "dropped == 0"
# Below this the nearest-rank p99 is the maximum.
DEFAULT_MIN_SAMPLES: Final = 100

FIGURES: Final = ("p50", "p75", "p90", "p95", "p99", "p99.9", "mean", "max", "errors", DROPPED, "queries", "rate")
_SENTENCE: Final = re.compile(r"(?P<figure>[A-Za-z][\w.]*)\s*(?P<comparison><=|>=|==|<|>)\s*(?P<bound>\S.*)")
_PERCENTILE: Final = re.compile(r"p\d{1,2}(\.\d+)?")
_WINDOW: Final = re.compile(r"\s(for\s+\S+|abort)\b")
_COUNT: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Objective:
    """One bound on one figure; `bound` is in seconds, a share, or a count, as the figure has it."""

    text: str
    figure: str
    comparison: Comparison
    bound: float


def parse_objective(text: str) -> Objective:
    """`p99 < 400ms`, `errors < 0.5%`, `dropped == 0`, `queries <= 3`, `mean < 20ms`, `rate >= 40/s`, `max < 2s`."""
    text = " ".join(text.split())
    if window := _WINDOW.search(text):
        raise ValueError(f"{text!r}: windows (`{text[window.start() :].strip()}`) are not built yet")
    match = _SENTENCE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an objective (try 'p99 < 400ms' or 'errors < 1%')")
    figure = match["figure"]
    if figure not in FIGURES and not (_PERCENTILE.fullmatch(figure) and float(figure[1:]) > 0):
        raise ValueError(f"{text!r}: {figure!r} is not a figure (one of {', '.join(FIGURES)})")
    comparison: Any = match["comparison"]
    try:
        bound = _bound(figure, match["bound"])
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    return Objective(text, figure, comparison, bound)


def _bound(figure: str, text: str) -> float:
    if figure == "rate":
        return parse_rate(text)
    if figure == "errors":
        return 0.0 if text == "0" else parse_share(text)
    if figure not in {DROPPED, "queries"}:
        return parse_time(text)
    if _COUNT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a count (try '0' or '3')")
    return float(text)


def _read(value: Any) -> Any:
    return parse_objective(value) if isinstance(value, str) else value


_COMPARED: Final = r"\s*(<=|>=|==|<|>)\s*"
_PATTERN: Final = "|".join(
    (
        rf"(p\d{{1,2}}(\.\d+)?|mean|max){_COMPARED}{TIME_PATTERN}",
        rf"errors{_COMPARED}(0|{SHARE_PATTERN})",
        rf"(dropped|queries){_COMPARED}\d+(\.\d+)?",
        rf"rate{_COMPARED}{RATE_PATTERN}",
    )
)
Sentence: TypeAlias = Annotated[
    Objective,
    BeforeValidator(_read),
    schema_of(f"({_PATTERN})", "p99 < 400ms", "errors < 1%", "dropped == 0"),
]


def _one_is_a_list_of_one(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Sentences: TypeAlias = Annotated[tuple[Sentence, ...], BeforeValidator(_one_is_a_list_of_one), AfterValidator(not_empty)]


def _default_objectives() -> dict[str, tuple[Objective, ...]]:
    return {ALL: (parse_objective(DEFAULT_OBJECTIVE),)}


class Slo(Section):
    """Objectives by endpoint (its name, or method and path), or `all`."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = ("min_samples", ALL)

    objectives: dict[str, Sentences] = Field(default_factory=_default_objectives)
    min_samples: int = Field(default=DEFAULT_MIN_SAMPLES, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_endpoints(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "objectives" in value:
            return value
        endpoints = {key: item for key, item in value.items() if key != "min_samples"}
        rest = {"min_samples": value["min_samples"]} if "min_samples" in value else {}
        return {"objectives": endpoints, **rest} if endpoints else rest

    def with_nothing_dropped(self) -> "Slo":
        """The same, and `dropped == 0` for all: an open profile that drops arrivals did not do what was asked."""
        here = self.objectives.get(ALL, ())
        if any(objective.figure == DROPPED for objective in here):
            return self
        return self.model_copy(update={"objectives": {**self.objectives, ALL: (*here, parse_objective(DEFAULT_OPEN_OBJECTIVE))}})
