"""Unit strings as types: what a duration, a rate, a share or a count is in a scenario file, and its base unit after."""

from collections.abc import Callable, Sized
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidationInfo, WithJsonSchema

from perfkit.units import parse_rate, parse_share, parse_size, parse_time

# Python code may hand over base units; in a file a bare number would leave its unit to guesswork.
FROM_FILE: Final = "from_file"
FOLDER: Final = "folder"

# CONFIG_NR_CPUS of Linux is 8192 at most.
HIGHEST_CORE: Final = 8191

CollectionT = TypeVar("CollectionT", bound=Sized)

_NUMBER: Final = r"\d+(\.\d+)?"
TIME_PATTERN: Final = rf"{_NUMBER}\s*(us|µs|ms|s|m|min|h)"
RATE_PATTERN: Final = rf"{_NUMBER}\s*/\s*(s|min|h)"
SIZE_PATTERN: Final = rf"{_NUMBER}\s*(B|KiB|MiB|GiB|kB|MB|GB)"
SHARE_PATTERN: Final = rf"{_NUMBER}\s*%"
FRACTION_PATTERN: Final = r"1\s*/\s*[1-9]\d*"


def is_from_file(info: ValidationInfo) -> bool:
    """True while a file is being read: every quantity must then carry its unit."""
    context: Any = info.context
    return isinstance(context, dict) and bool(context.get(FROM_FILE))


def schema_of(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": list(examples)})


def _unit_string(parse: Callable[[str], float], kind: str, example: str) -> Callable[[Any, ValidationInfo], Any]:
    def read(value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str):
            return parse(value)
        if is_from_file(info):
            raise ValueError(f"{value!r} is not {kind} (try '{example}')")
        return value

    return read


def parse_fraction(text: str) -> float:
    """0.02 of `1/50` or `2%`."""
    try:
        if "%" in text:
            share = parse_share(text)
        else:
            above, below = (int(part) for part in text.split("/"))
            share = above / below
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{text!r} is not a share (try '1/50' or '2%')") from error
    if not 0 < share <= 1:
        raise ValueError(f"{text!r} is not a share between nothing and all (try '1/50' or '2%')")
    return share


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be more than nothing")
    return value


def not_empty(value: CollectionT) -> CollectionT:
    """Unlike pydantic's own length, this is not asked when an item was already refused."""
    if not value:
        raise ValueError("is empty")
    return value


def _once(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(value)) != len(value):
        raise ValueError("names a core twice")
    return value


def _text(value: Any) -> Any:
    """Scalars of YAML as the text that a command line, a header or an environment takes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _resolve(value: str, info: ValidationInfo) -> str:
    """Paths of a file are relative to that file, wherever perfkit was started."""
    context: Any = info.context
    folder = context.get(FOLDER) if isinstance(context, dict) else None
    return str((Path(folder) / value).resolve()) if folder is not None else value


Time: TypeAlias = Annotated[
    float,
    BeforeValidator(_unit_string(parse_time, "a duration", "30s")),
    schema_of(TIME_PATTERN, "30s", "400ms", "2m"),
]
PositiveTime: TypeAlias = Annotated[Time, AfterValidator(_positive)]
Rate: TypeAlias = Annotated[
    float,
    BeforeValidator(_unit_string(parse_rate, "a rate", "50/s")),
    AfterValidator(_positive),
    schema_of(RATE_PATTERN, "50/s", "12/min"),
]
Size: TypeAlias = Annotated[
    int, BeforeValidator(_unit_string(parse_size, "a size", "64KiB")), schema_of(SIZE_PATTERN, "64KiB", "1MB")
]
Fraction: TypeAlias = Annotated[
    float,
    BeforeValidator(_unit_string(parse_fraction, "a share", "1/50")),
    schema_of(f"({FRACTION_PATTERN}|{SHARE_PATTERN})", "1/50", "2%"),
]
Text: TypeAlias = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Cores: TypeAlias = Annotated[
    tuple[Annotated[int, Field(ge=0, le=HIGHEST_CORE)], ...],
    AfterValidator(not_empty),
    AfterValidator(_once),
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
]
FilePath: TypeAlias = Annotated[str, AfterValidator(_resolve)]
Json: TypeAlias = JsonValue
