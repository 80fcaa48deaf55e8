"""Where an extracted value comes from: an expression whose prefix picks its engine."""

import re
from typing import Any, ClassVar, Final, Literal, Self, TypeAlias

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse as parse_jsonpath
from pydantic import model_validator

from perfkit.scenario.section import Section

Engine: TypeAlias = Literal["jsonpath", "header", "cookie", "regex"]
Pick: TypeAlias = Literal["first", "random"]
ENGINES: Final[tuple[Engine, ...]] = ("jsonpath", "header", "cookie", "regex")


class Extractor(Section):
    """One value taken out of an answer, under a name that later steps use."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = (*ENGINES, "pick")
    NOT_BUILT: ClassVar[frozenset[str]] = frozenset({"css"})

    engine: Engine
    expression: str
    pick: Pick = "first"

    @model_validator(mode="before")
    @classmethod
    def _engine_is_the_key(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = _long_form(value)
        if not isinstance(value, dict) or "engine" in value:
            return value
        engines = [engine for engine in ENGINES if engine in value]
        if "css" in value:
            raise ValueError("`css` extractors are not built yet")
        if len(engines) != 1:
            raise ValueError(f"an extractor has one of {', '.join(ENGINES)}, not {' and '.join(engines) or 'none'}")
        rest = {key: item for key, item in value.items() if key != engines[0]}
        return {"engine": engines[0], "expression": value[engines[0]], **rest}

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if not self.expression:
            raise ValueError(f"{self.engine}: says what to extract (it is empty)")
        if self.engine == "jsonpath":
            check_jsonpath(self.expression)
        if self.engine == "regex":
            _check_regex(self.expression)
        return self


def _long_form(text: str) -> dict[str, str]:
    """The mapping that `$.id`, `header:ETag` or `cookie:session` stands for."""
    if text.startswith("$"):
        return {"jsonpath": text}
    prefix, colon, expression = text.partition(":")
    if colon and prefix in {*ENGINES, "css"}:
        return {prefix: expression.strip()}
    raise ValueError(f"{text!r} is not an extractor (try '$.id', 'header:ETag', 'cookie:session' or 'regex:id=(\\d+)')")


def check_jsonpath(expression: str) -> None:
    try:
        parse_jsonpath(expression)
    except (JSONPathError, AttributeError, TypeError) as error:
        # The parser's own message can span lines and names its tokens, not ours.
        raise ValueError(f"{expression!r} is not a JSONPath (try '$.items[*].id')") from error


def _check_regex(expression: str) -> None:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"{expression!r} is not a regular expression: {error}") from error
