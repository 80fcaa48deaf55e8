"""What is good enough: sentences such as `p99 < 400ms`, read into typed objectives."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import RATE_PATTERN, SHARE_PATTERN, TIME_PATTERN, not_empty, schema_of
from perfkit.units import parse_rate, parse_share, parse_time, show_number, show_rate, show_share, show_time

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
_TAIL: Final = re.compile(r"\s(for\s+(?P<window>\S+)(?P<abort>\s+abort)?|abort)$")
# These are of every request, or of a target's inside: they cannot be told of some seconds of a run while it goes on.
_WITHOUT_WINDOW: Final = frozenset({DROPPED, "queries"})
# Seconds of which the generator keeps histograms apart (load/progress.py: KEPT).
LONGEST_WINDOW: Final = 300
_COUNT: Final = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Objective:
    """One bound on one figure; `bound` is in seconds, a share, or a count, as the figure has it.

    With a `window` it is of the requests that ended in so many whole seconds in a row, whichever these are.
    """

    text: str
    figure: str
    comparison: Comparison
    bound: float
    window: int | None = None  # seconds
    aborts: bool = False  # a window in which it does not hold ends the load


def parse_objective(text: str) -> Objective:
    """`p99 < 400ms`, `errors < 0.5%`, `dropped == 0`, `queries <= 3`, `rate >= 40/s`, `p99 < 600ms for 10s abort`."""
    text = " ".join(text.split())
    tail = _TAIL.search(text)
    match = _SENTENCE.fullmatch(text[: tail.start()] if tail else text)
    if match is None:
        raise ValueError(f"{text!r} is not an objective (try 'p99 < 400ms' or 'errors < 1%')")
    figure = match["figure"]
    if figure not in FIGURES and not (_PERCENTILE.fullmatch(figure) and float(figure[1:]) > 0):
        raise ValueError(f"{text!r}: {figure!r} is not a figure (one of {', '.join(FIGURES)})")
    comparison: Any = match["comparison"]
    try:
        bound = _bound(figure, match["bound"])
        window = None if tail is None else _window(figure, tail["window"])
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    return Objective(text, figure, comparison, bound, window, aborts=tail is not None and bool(tail["abort"]))


def parse_condition(text: str) -> Objective:
    """`errors > 50% for 10s`: what ends the load when it is so; the other way round than an objective."""
    condition = parse_objective(text)
    if condition.window is None:
        raise ValueError(f"{condition.text!r} needs a window (try '{condition.text} for 10s')")
    if condition.aborts:
        raise ValueError(f"{condition.text!r}: leave out `abort`, it goes without saying")
    return condition


def show_figure(sentence: str, value: float) -> str:
    """A figure in the unit of the sentence that bounds it."""
    figure = sentence.split(maxsplit=1)[0]
    if figure == "errors":
        return show_share(value)
    if figure == "rate":
        return show_rate(value)
    return show_number(value) if figure in (DROPPED, "queries") else show_time(value)


def _window(figure: str, text: str | None) -> int:
    if text is None:
        raise ValueError("`abort` needs a window (try 'p99 < 600ms for 10s abort')")
    if figure in _WITHOUT_WINDOW:
        raise ValueError(f"{figure} has no windows: it is of the whole measure phase")
    seconds = parse_time(text)
    if seconds != int(seconds) or not 1 <= seconds <= LONGEST_WINDOW:
        raise ValueError(f"a window is of whole seconds, from 1s to {LONGEST_WINDOW}s, not {text}")
    return int(seconds)


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


def _read_condition(value: Any) -> Any:
    return parse_condition(value) if isinstance(value, str) else value


_COMPARED: Final = r"\s*(<=|>=|==|<|>)\s*"
_OF_SECONDS: Final = "|".join(
    (
        rf"(p\d{{1,2}}(\.\d+)?|mean|max){_COMPARED}{TIME_PATTERN}",
        rf"errors{_COMPARED}(0|{SHARE_PATTERN})",
        rf"rate{_COMPARED}{RATE_PATTERN}",
    )
)
_OF_ALL: Final = rf"(dropped|queries){_COMPARED}\d+(\.\d+)?"
_FOR: Final = rf"\s+for\s+{TIME_PATTERN}"
Sentence: TypeAlias = Annotated[
    Objective,
    BeforeValidator(_read),
    schema_of(
        rf"(({_OF_SECONDS})({_FOR}(\s+abort)?)?|{_OF_ALL})",
        *("p99 < 400ms", "errors < 1%", "dropped == 0", "p99 < 600ms for 10s abort"),
    ),
]
Condition: TypeAlias = Annotated[
    Objective,
    BeforeValidator(_read_condition),
    schema_of(rf"({_OF_SECONDS}){_FOR}", "errors > 50% for 10s", "p95 > 5s for 30s"),
]


def _one_is_a_list_of_one(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Sentences: TypeAlias = Annotated[tuple[Sentence, ...], BeforeValidator(_one_is_a_list_of_one), AfterValidator(not_empty)]
Conditions: TypeAlias = Annotated[tuple[Condition, ...], BeforeValidator(_one_is_a_list_of_one)]


def _default_objectives() -> dict[str, tuple[Objective, ...]]:
    return {ALL: (parse_objective(DEFAULT_OBJECTIVE),)}


class Slo(Section):
    """Objectives by endpoint (its name, or method and path), or `all`."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = ("min_samples", ALL)

    objectives: dict[str, Sentences] = Field(default_factory=_default_objectives)
    min_samples: int = Field(default=DEFAULT_MIN_SAMPLES, ge=1)

    @property
    def has_windows(self) -> bool:
        return any(objective.window for objectives in self.objectives.values() for objective in objectives)

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
