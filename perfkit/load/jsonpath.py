"""JSONPath, compiled once: plain paths are walked directly, everything else goes to jsonpath-ng.

Looking a value up happens between requests that are being timed, and a plain walk takes a hundredth of the library's time.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from jsonpath_ng.ext.parser import parse
from pydantic import JsonValue

Part: TypeAlias = str | int | None  # a key, an index, or all of a list

_PART: Final = re.compile(
    r"""
    \.(?P<key>[A-Za-z_]\w*)
    | \[(?P<index>\d+)\]
    | (?P<all>\[\*\])
    | \[(?P<quote>['"])(?P<quoted>[^'"]+)(?P=quote)\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Path:
    """Every value that an expression matches, in the order of the document; `parts` are those of a plain path."""

    find: Callable[[JsonValue], list[JsonValue]]
    parts: tuple[Part, ...] | None


@lru_cache(maxsize=1024)
def compile_path(expression: str) -> Path:
    """One for each expression: who reads answers tells them apart by identity."""
    parts = _plain_parts(expression)
    if parts is not None:
        return Path(lambda value: walk(value, parts), parts)
    parsed: Any = parse(expression)
    return Path(lambda value: [match.value for match in parsed.find(value)], None)


def _plain_parts(expression: str) -> tuple[Part, ...] | None:
    """None when the expression says more than keys, indices and "all of a list"."""
    parts: list[Part] = []
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


def walk(value: JsonValue, parts: Sequence[Part]) -> list[JsonValue]:
    """What a plain path matches below a value."""
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
