"""JSONPath, compiled once: plain paths are walked directly, everything else goes to jsonpath-ng.

Looking a value up happens between requests that are being timed, and a plain walk takes a hundredth of the library's time.
"""

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from jsonpath_ng.ext.parser import parse
from pydantic import JsonValue

Path: TypeAlias = Callable[[JsonValue], list[JsonValue]]

_PART: Final = re.compile(
    r"""
    \.(?P<key>[A-Za-z_]\w*)
    | \[(?P<index>\d+)\]
    | (?P<all>\[\*\])
    | \[(?P<quote>['"])(?P<quoted>[^'"]+)(?P=quote)\]
    """,
    re.VERBOSE,
)


def compile_path(expression: str) -> Path:
    """Every value that the expression matches, in the order of the document."""
    parts = _plain_parts(expression)
    if parts is not None and None not in parts:
        return lambda value: _follow(value, parts)
    if parts is not None:
        return lambda value: _walk(value, parts)
    parsed: Any = parse(expression)
    return lambda value: [match.value for match in parsed.find(value)]


def _plain_parts(expression: str) -> tuple[str | int | None, ...] | None:
    """Keys, indices and None for "all of a list"; None when the expression says more than that."""
    parts: list[str | int | None] = []
    position = 1
    if not expression.startswith("$"):
        return None
    while position < len(expression):
        match = _PART.match(expression, position)
        if match is None:
            return None
        if match["index"] is not None:
            parts.append(int(match["index"]))
        else:
            parts.append(match["key"] or match["quoted"])
        position = match.end()
    return tuple(parts)


def _follow(value: JsonValue, parts: tuple[str | int | None, ...]) -> list[JsonValue]:
    """One value at most: no part of the path is a "*"."""
    for part in parts:
        if type(value) is dict:
            if type(part) is not str or part not in value:
                return []
            value = value[part]
        elif type(value) is list:
            if type(part) is not int or part >= len(value):
                return []
            value = value[part]
        else:
            return []
    return [value]


def _walk(value: JsonValue, parts: tuple[str | int | None, ...]) -> list[JsonValue]:
    found: list[JsonValue] = [value]
    for part in parts:
        step: list[JsonValue] = []
        for item in found:
            if isinstance(item, dict) and isinstance(part, str):
                if part in item:
                    step.append(item[part])
            elif isinstance(item, list):
                if part is None:
                    step.extend(item)
                elif isinstance(part, int) and part < len(item):
                    step.append(item[part])
        found = step
    return found
