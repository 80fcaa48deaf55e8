"""Out of a JSON body only what a step asks for: the rest is looked over, not built.

A body of a few KiB costs more to build than the whole request costs to send, and a step wants one value of it. The paths of a
step become one type, which msgspec decodes in a pass; whatever they do not name is skipped. A body of another shape is a
ValueError: it has to be read whole.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from msgspec import UNSET, UnsetType, defstruct
from msgspec import field as struct_field
from msgspec.json import Decoder
from pydantic import JsonValue

from perfkit.load.jsonpath import Part, walk

# How a value is reached in what was decoded: an attribute, one element, or (None) all elements.
_Way: TypeAlias = tuple[str | int | None, ...]

_ELEMENT: Final = 0  # what all elements of a list have to hold is one type


@dataclass(slots=True)
class _Node:
    """What is asked for below a place: nothing more (then all of it is), keys, or elements."""

    is_wanted: bool = False
    children: "dict[str | int, _Node]" = field(default_factory=dict)

    def enter(self, parts: Sequence[Part]) -> None:
        if not parts or self.is_wanted or self._differs(parts[0]):
            self.is_wanted = True
            self.children.clear()
            return
        first = parts[0]
        key = first if isinstance(first, str) else _ELEMENT
        self.children.setdefault(key, _Node()).enter(parts[1:])

    def _differs(self, part: Part) -> bool:
        """Asked for as an object and as a list: which it is, nobody knows before."""
        return any(isinstance(key, str) != isinstance(part, str) for key in self.children)


class Partial:
    """The values at some plain paths; `find` takes the paths that it was made for."""

    __slots__ = ("_decode", "_ways")

    def __init__(self, paths: Sequence[tuple[Part, ...]]) -> None:
        root = _Node()
        for parts in paths:
            root.enter(parts)
        self._decode = Decoder(_type(root)).decode
        self._ways: Mapping[tuple[Part, ...], tuple[_Way, tuple[Part, ...]]] = {parts: _way(root, parts) for parts in paths}

    def decode(self, body: bytes) -> object:
        """Raises ValueError when the body is not JSON, or not of this shape."""
        return self._decode(body)

    def find(self, decoded: Any, parts: tuple[Part, ...]) -> list[JsonValue]:
        """What stands at a path."""
        way, rest = self._ways[parts]
        if None in way:
            return self._find_all(decoded, way, rest)
        for step in way:
            if decoded is None:
                return []
            if isinstance(step, str):
                decoded = getattr(decoded, step)
                if decoded is UNSET:
                    return []
            elif step is not None and step < len(decoded):
                decoded = decoded[step]
            else:
                return []
        return walk(decoded, rest) if rest else [decoded]

    @staticmethod
    def _find_all(decoded: Any, way: _Way, rest: tuple[Part, ...]) -> list[JsonValue]:
        found: list[Any] = [decoded]
        for step in way:
            if isinstance(step, str):
                found = [value for item in found if item is not None and (value := getattr(item, step)) is not UNSET]
            elif step is None:
                found = [value for item in found if item is not None for value in item]
            else:
                found = [item[step] for item in found if item is not None and len(item) > step]
        return [value for item in found for value in walk(item, rest)] if rest else found


def _type(node: _Node) -> Any:
    if node.is_wanted:
        return Any
    if _ELEMENT in node.children:
        element = _type(node.children[_ELEMENT])
        return types.GenericAlias(list, (element,)) | None
    fields = [
        (f"f{number}", _type(child) | UnsetType, struct_field(name=str(key), default=UNSET))
        for number, (key, child) in enumerate(node.children.items())
    ]
    return defstruct("Wanted", fields, gc=False) | None


def _way(node: _Node, parts: tuple[Part, ...]) -> tuple[_Way, tuple[Part, ...]]:
    """How to get there, and what of the path is left where everything was asked for."""
    way: list[str | int | None] = []
    for position, part in enumerate(parts):
        if node.is_wanted:
            return tuple(way), parts[position:]
        if isinstance(part, str):
            way.append(f"f{list(node.children).index(part)}")
            node = node.children[part]
        else:
            way.append(part)
            node = node.children[_ELEMENT]
    return tuple(way), ()
