"""What `perfkit capacity` is to find and to plan for: the rate, the headroom, what may be varied, and what it costs."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import Fraction, PositiveTime, Rate, not_empty, schema_of

_PRICE: Final = re.compile(r"(?P<amount>\d+(\.\d+)?)\s*/\s*(?P<unit>core-hour|instance-hour)")
DEFAULT_BUDGET: Final = 300.0
# Below this there is no time for a low-load run and a step or two.
SHORTEST_BUDGET: Final = 30.0


@dataclass(frozen=True, slots=True)
class Price:
    """Of an hour of a processor core that is used, or of a whole instance; in a currency of the reader's."""

    amount: float
    unit: Literal["core-hour", "instance-hour"]


def parse_price(text: str) -> Price:
    """`0.04/core-hour` or `0.20/instance-hour`."""
    match = _PRICE.fullmatch(text.strip())
    if match is None or float(match["amount"]) <= 0:
        raise ValueError(f"{text!r} is not a price (try '0.04/core-hour' or '0.20/instance-hour')")
    return Price(float(match["amount"]), "core-hour" if match["unit"] == "core-hour" else "instance-hour")


def _price_has_a_unit(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value!r} is not a price (try '{value}/core-hour')")  # noqa: TRY004  what pydantic takes for a fault
    return parse_price(value) if isinstance(value, str) else value


Scalar: TypeAlias = int | float | str


def _differing(points: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    if len(set(points)) != len(points):
        raise ValueError("every value once: a repeated point would count twice")
    return points


Points: TypeAlias = Annotated[tuple[Scalar, ...], AfterValidator(not_empty), AfterValidator(_differing)]


def _one_name(vary: dict[str, Points]) -> dict[str, Points]:
    if len(vary) > 1:
        raise ValueError(f"one thing at a time: {' and '.join(vary)} at once would not say which of them helped")
    return vary


def _long_enough(seconds: float) -> float:
    if seconds < SHORTEST_BUDGET:
        raise ValueError(f"a low-load run and a step or two take {SHORTEST_BUDGET:g} s at least")
    return seconds


class Headroom(Section):
    """What must be left when all is well: instances that may be lost, and how much more may come than was planned for."""

    lose: int = Field(default=0, ge=0)
    surge: Fraction | None = None


class SharedLimit(Section):
    """Something that all instances share, a database's connections for one: how many there are, and how many each takes."""

    limit: int = Field(ge=1)
    per_instance: int = Field(ge=1)

    @model_validator(mode="after")
    def _holds_one(self) -> Self:
        if self.per_instance > self.limit:
            raise ValueError(f"one instance takes {self.per_instance}, which is more than the {self.limit} there are")
        return self


class Capacity(Section):
    """What `perfkit capacity` goes by; rates are of requests."""

    until: Literal["slo"] = "slo"
    at: Rate | None = None
    budget: Annotated[PositiveTime, AfterValidator(_long_enough)] = DEFAULT_BUDGET
    soak: PositiveTime | None = None
    headroom: Headroom = Headroom()
    vary: Annotated[dict[str, Points], AfterValidator(_one_name)] = Field(default_factory=dict)
    price: Annotated[
        Price | None,
        BeforeValidator(_price_has_a_unit),
        schema_of(r"\d+(\.\d+)?\s*/\s*(core-hour|instance-hour)", "0.04/core-hour", "0.20/instance-hour"),
    ] = None
    shared: dict[str, SharedLimit] = Field(default_factory=dict)
