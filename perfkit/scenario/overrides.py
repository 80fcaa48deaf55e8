"""`--set key=value`: single values of the file, replaced on the command line."""

from collections.abc import Sequence
from typing import Any, Final

from perfkit.errors import Problem
from perfkit.scenario.positions import Document, Key, KeyPath, load
from perfkit.scenario.suggestions import did_you_mean

# Below these the file chooses the names, so that a new name is a typing error more often than a wish.
_NAMED_BY_FILE: Final = frozenset({"vars", "data", "auth", "flows", "load"})


class _Refused(Exception):  # noqa: N818 - a jump out of the walk, seen by nobody else
    pass


def apply(document: Document, overrides: Sequence[str]) -> None:
    """Replaces values in the document's tree; what cannot be replaced is among its problems."""
    for override in overrides:
        try:
            path, value = _parse(override)
            _replace(document, path, value, override)
        except _Refused as refused:
            document.problems.append(Problem(f"--set {override}", str(refused)))


def _parse(override: str) -> tuple[str, Any]:
    path, equals, text = override.partition("=")
    if not equals or not path.strip():
        raise _Refused("is not key=value (try 'load.open.0.rate=80/s')")
    parsed = load(text)
    if text.strip() and parsed.problems:
        raise _Refused(f"the value is not YAML: {parsed.problems[0].message}")
    return path.strip(), parsed.tree if text.strip() else ""


def _replace(document: Document, dotted: str, value: Any, override: str) -> None:
    node: Any = document.tree
    if not isinstance(node, dict):
        raise _Refused("there is no scenario to set it in")
    if dotted.startswith("target.") and isinstance(node.get("target"), str):
        node["target"] = {"base_url": node["target"]}
    path: list[Key] = []
    rest = dotted.split(".")
    while True:
        key, rest = _next_key(node, tuple(path), rest)
        path.append(key)
        if not rest:
            break
        below: Any = node.setdefault(key, {}) if isinstance(node, dict) else node[key]
        if not isinstance(below, dict | list):
            raise _Refused(f"{'.'.join(map(str, path))} is {below!r}, with nothing below it to set")
        node = below
    node[key] = value
    document.overridden[tuple(path)] = override


def _next_key(node: Any, path: KeyPath, rest: list[str]) -> tuple[Key, list[str]]:
    if isinstance(node, list):
        index = int(rest[0]) if rest[0].isdigit() else -1
        if not 0 <= index < len(node):
            raise _Refused(f"{'.'.join(map(str, path))} has no item {rest[0]!r} (0 to {len(node) - 1})")
        return index, rest[1:]
    # Names may have dots in them (`GET /v1.2/items`): the longest that stands in the file wins.
    for length in range(len(rest), 0, -1):
        name = ".".join(rest[:length])
        if name in node:
            return name, rest[length:]
    if len(path) == 1 and path[0] in _NAMED_BY_FILE:
        raise _Refused(f"{path[0]} has no {rest[0]!r}{did_you_mean(rest[0], node)}")
    return rest[0], rest[1:]
