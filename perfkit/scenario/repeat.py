"""How often steps are played: a count, or a range that is drawn from anew each time."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from perfkit.scenario.section import Section


def _end_of_range(which: int) -> Callable[[Any], Any]:
    """Reads one end of `3` or `1..3`."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            low, dots, high = value.partition("..")
            value = (low.strip(), (high if dots else low).strip())[which]
        if isinstance(value, bool) or not str(value).isdigit():
            raise ValueError(f"{value!r} is not a count (try 3 or '1..3')")
        return int(value)

    return read


class Repeat(Section):
    """Between `low` and `high` times; what is repeated, the steps of the kind say."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = ("repeat", "steps")

    low: Annotated[int, BeforeValidator(_end_of_range(0))] = Field(ge=0)
    high: Annotated[int, BeforeValidator(_end_of_range(-1))]

    @model_validator(mode="before")
    @classmethod
    def _range_is_text(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "repeat" not in value:
            return value
        rest = {key: item for key, item in value.items() if key != "repeat"}
        return {"low": value["repeat"], "high": value["repeat"], **rest}

    @field_validator("high")
    @classmethod
    def _low_comes_first(cls, high: int, info: ValidationInfo) -> int:
        low = info.data.get("low", 0)
        if low > high:
            raise ValueError(f"{low} is more than {high} (try '{high}..{low}')")
        return high
