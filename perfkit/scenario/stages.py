"""How hard: the stages of a load profile, closed (users) or open (rate), constant or ramping."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import RATE_PATTERN, TIME_PATTERN, PositiveTime, is_from_file, schema_of
from perfkit.units import parse_rate, parse_time

Arrivals: TypeAlias = Literal["poisson", "even"]
OnLimit: TypeAlias = Literal["queue", "drop"]

_RAMP: Final = re.compile(r"(?P<start>.+?)\s*->\s*(?P<end>.+?)\s+over\s+(?P<over>.+)")
_USERS_PATTERN: Final = rf"^\s*\d+(\s*->\s*\d+\s+over\s+{TIME_PATTERN})?\s*$"
_HALF_RAMP: Final = re.compile(r".*(->|\bover\b).*")


@dataclass(frozen=True, slots=True)
class Ramp:
    """A level that moves evenly from `start` to `end`; a constant one stays."""

    start: float
    end: float
    # Only until the stage has taken it as its duration.
    over: float | None = field(default=None, compare=False, repr=False)

    @property
    def is_constant(self) -> bool:
        return self.start == self.end


def parse_users(value: object) -> Ramp:
    """`50` or `0 -> 50 over 30s`."""
    return _parse(value, _count, "{!r} is not a number of users (try 50 or '0 -> 50 over 30s')")


def parse_level(value: object) -> Ramp:
    """`40/s` or `5/s -> 40/s over 30s`."""
    return _parse(value, parse_rate, "{!r} is not a rate (try '50/s', '12/min' or '5/s -> 40/s over 30s')")


def _parse(value: object, level: Callable[[str], float], refusal: str) -> Ramp:
    text = str(value).strip()
    match = _RAMP.fullmatch(text)
    if isinstance(value, bool) or (match is None and _HALF_RAMP.fullmatch(text)):
        raise ValueError(refusal.format(value))
    try:
        start = level(match["start"] if match else text)
        end = level(match["end"]) if match else start
    except ValueError as error:
        raise ValueError(refusal.format(value)) from error
    over = parse_time(match["over"]) if match else None
    if max(start, end) <= 0:
        raise ValueError(f"{value!r} is no load at all")
    if over is not None and over <= 0:
        raise ValueError(f"{value!r}: a ramp takes time (try 'over 30s')")
    return Ramp(start, end, over)


def _count(text: str) -> float:
    return float(int(text))


def _read_users(value: Any, info: ValidationInfo) -> Any:
    return parse_users(value) if isinstance(value, str | int) or is_from_file(info) else value


def _read_rate(value: Any, info: ValidationInfo) -> Any:
    return parse_level(value) if isinstance(value, str) or is_from_file(info) else value


Users: TypeAlias = Annotated[
    Ramp,
    BeforeValidator(_read_users),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _USERS_PATTERN}],
            "examples": [50, "0 -> 50 over 30s"],
        }
    ),
]
Level: TypeAlias = Annotated[
    Ramp,
    BeforeValidator(_read_rate),
    schema_of(rf"{RATE_PATTERN}(\s*->\s*{RATE_PATTERN}\s+over\s+{TIME_PATTERN})?", "50/s", "12/min", "5/s -> 40/s over 30s"),
]


class Stage(Section):
    """A stretch of load: `users` is closed, `rate` is open; `warmup` stages are kept and never judged."""

    users: Users | None = None
    rate: Level | None = None
    duration: PositiveTime | None = Field(default=None, alias="for")
    iterations: int | None = Field(default=None, ge=1)
    warmup: bool = False
    arrivals: Arrivals = "poisson"
    max_in_flight: int | None = Field(default=None, ge=1)
    on_limit: OnLimit = "queue"
    label: str = ""

    @property
    def is_open(self) -> bool:
        return self.rate is not None

    @model_validator(mode="after")
    def _is_one_kind_of_load(self) -> Self:
        if (self.users is None) == (self.rate is None):
            given = "this one has neither" if self.users is None else "not both"
            raise ValueError(f"a stage has users (closed) or rate (open): {given}")
        if self.rate is None:
            only_open = {"arrivals", "max_in_flight", "on_limit"} & self.model_fields_set
            if only_open and not all(getattr(self, name) == type(self).model_fields[name].default for name in only_open):
                raise ValueError(f"{min(only_open)} belongs to a rate; a stage of users has no arrivals")
        elif self.iterations is not None:
            raise ValueError("iterations belong to users; a stage with a rate has `for`")
        return self

    @model_validator(mode="after")
    def _lasts_for_some_time(self) -> Self:
        level = self.users or self.rate
        over = level.over if level else None
        if level is not None and over is not None and self.duration is None and self.iterations is None:
            # The ramp says how long; pydantic offers no other way into a frozen model from here.
            object.__setattr__(self, "duration", over)
            object.__setattr__(self, "users" if self.users else "rate", Ramp(level.start, level.end))
            return self
        if over is not None and (self.duration != over or self.iterations is not None):
            raise ValueError("a ramp already says `over`: leave `for` and `iterations` out")
        if (self.duration is None) == (self.iterations is None):
            given = "this one has neither (try 'for: 30s')" if self.duration is None else "not both"
            raise ValueError(f"a constant stage has `for` or `iterations`: {given}")
        return self


def _make_a_profile(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    if not stages:
        raise ValueError("a profile has at least one stage (try '[{rate: 20/s, for: 30s}]')")
    warmups = [stage.warmup for stage in stages]
    if all(warmups):
        raise ValueError("all stages are warm-up: nothing would be measured")
    if warmups != sorted(warmups, reverse=True):
        raise ValueError("warm-up stages come before the stages that are measured")
    return stages


Stages: TypeAlias = Annotated[tuple[Stage, ...], AfterValidator(_make_a_profile)]
