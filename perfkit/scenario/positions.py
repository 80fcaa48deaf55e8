"""YAML with places: plain values, and the line and column of every key and every value; duplicate keys are faults."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from perfkit.errors import Problem

Key: TypeAlias = str | int
KeyPath: TypeAlias = tuple[Key, ...]

# A scenario has some hundreds of values; more than this is an alias that multiplies itself.
MAX_VALUES: Final = 100_000
_PREFIX: Final = "tag:yaml.org,2002:"
_MERGE: Final = f"{_PREFIX}merge"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of scalars: `on`, `no`, `1:30` and dates are the texts that they look like."""


_UNLIKE_1_2: Final = frozenset(_PREFIX + kind for kind in ("bool", "int", "float", "timestamp", "value"))
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNLIKE_1_2]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_PREFIX}bool", re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_PREFIX}int", re.compile(r"[-+]?(0|[1-9][0-9]*)\Z"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    f"{_PREFIX}float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?\Z|[-+]?[0-9]+[eE][-+]?[0-9]+\Z"),
    list("-+.0123456789"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """A file as plain values, and where each of them stands."""

    tree: Any = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    overridden: dict[KeyPath, str] = field(default_factory=dict)

    def problem(self, path: KeyPath, message: str, *, at_key: bool = False) -> Problem:
        """A problem at a path of the file, or at the command line that replaced it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overridden:
                return Problem(f"--set {self.overridden[path[:length]]}", message)
        place = self._place(path, at_key=at_key)
        return Problem(show_path(path), message, place.line if place else None, place.column if place else None)

    def _place(self, path: KeyPath, *, at_key: bool) -> Place | None:
        if at_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return None


def show_path(path: KeyPath) -> str:
    """`load.open[1].rate`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def read(path: Path) -> Document:
    """The document of a file; what cannot be read is among its problems."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return Document(problems=[Problem("", f"cannot be read: {error.strerror}")])
    except UnicodeDecodeError as error:
        return Document(problems=[Problem("", f"is not UTF-8 text (byte {error.start})")])
    return load(text)


def load(text: str) -> Document:
    """The document of a text."""
    document = Document()
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(error))
        return document
    except RecursionError:
        document.problems.append(Problem("", "this is nested too deeply"))
        return document
    if root is None:
        document.problems.append(Problem("", "the file is empty", 1, 1))
        return document
    document.tree = _Reader(document).value(root, (), frozenset())
    return document


class _Reader:
    """Turns nodes into values and notes where they stand."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = _Loader("")
        self._count = 0

    def value(self, node: Node, path: KeyPath, above: frozenset[int]) -> Any:
        self._document.values.setdefault(path, _place_of(node))
        self._count += 1
        if self._count > MAX_VALUES or id(node) in above:
            if not any(problem.where == "" for problem in self._document.problems):
                place = _place_of(node)
                self._document.problems.append(Problem("", "the aliases of this file have no end", place.line, place.column))
            return None
        inside = above | {id(node)}
        if isinstance(node, MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index), inside) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath, inside: frozenset[int]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.append(value_node)
                continue
            if not isinstance(key_node, ScalarNode):
                self._fault(path, key_node, "a key is a word, not a list or a mapping")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in mapping:
                self._fault(here, key_node, f"{key!r} stands here twice (first in line {self._document.keys[here].line})")
                continue
            self._document.keys[here] = _place_of(key_node)
            mapping[key] = self.value(value_node, here, inside)
        for source in _mappings_in(merged):
            for key_node, value_node in source.value:
                key, here = str(key_node.value), (*path, str(key_node.value))
                if key not in mapping:
                    self._document.keys[here] = _place_of(key_node)
                    mapping[key] = self.value(value_node, here, inside)
        return mapping

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        try:
            value: Any = self._scalars.construct_object(node)
        except yaml.YAMLError:
            self._fault(path, node, f"{node.tag} is not a kind of value that a scenario has")
            return None
        if value is None or isinstance(value, str | int | float | bool):
            return value
        self._fault(path, node, f"{node.tag} is not a kind of value that a scenario has")
        return None

    def _fault(self, path: KeyPath, node: Node, message: str) -> None:
        place = _place_of(node)
        self._document.problems.append(Problem(show_path(path), message, place.line, place.column))


def _mappings_in(nodes: list[Node]) -> Iterator[MappingNode]:
    for node in nodes:
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            if isinstance(source, MappingNode):
                yield source


def _place_of(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax_problem(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    return Problem("", f"this is not YAML: {what}", mark.line + 1 if mark else None, mark.column + 1 if mark else None)
