"""`${...}`: the one way to put a value into a text; parsed once, rendered by joining."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from pydantic import JsonValue

from perfkit.scenario.expressions import Call, Expression, Names, UndefinedName, parse

__all__ = ["Template", "Tree", "UndefinedName", "compile", "compile_tree", "show", "uninterpolated"]

_HOLE: Final = re.compile(r"\$\$\{|\$\{(?P<expression>[^}]*)\}|(?P<open>\$\{)")

Part: TypeAlias = str | Expression


@dataclass(frozen=True, slots=True)
class Template:
    """A text with holes; a lone hole keeps the type of its value."""

    text: str
    parts: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name that must have a value."""
        named = [part.operand if isinstance(part, Call) else part for part in self.parts if not isinstance(part, str)]
        return frozenset(reference.name for reference in named if reference is not None)

    @property
    def is_constant(self) -> bool:
        return all(isinstance(part, str) for part in self.parts)

    def render(self, context: Names) -> JsonValue:
        if len(self.parts) == 1:
            part = self.parts[0]
            return part if isinstance(part, str) else part.value(context)
        return "".join([part if isinstance(part, str) else show(part.value(context)) for part in self.parts])

    def render_text(self, context: Names) -> str:
        """The same as text, for paths and headers."""
        return show(self.render(context))


@dataclass(frozen=True, slots=True)
class Tree:
    """A JSON value whose texts are templates, keys as they stand."""

    node: "Template | dict[str, Tree] | list[Tree] | int | float | None"

    @property
    def names(self) -> frozenset[str]:
        if isinstance(self.node, Template):
            return self.node.names
        if isinstance(self.node, dict | list):
            below = self.node.values() if isinstance(self.node, dict) else self.node
            return frozenset[str]().union(*(tree.names for tree in below))
        return frozenset()

    def render(self, context: Names) -> JsonValue:
        node = self.node
        if isinstance(node, Template):
            return node.render(context)
        if isinstance(node, dict):
            return {key: tree.render(context) for key, tree in node.items()}
        if isinstance(node, list):
            return [tree.render(context) for tree in node]
        return node


@lru_cache(maxsize=4096)
def compile(text: str) -> Template:  # noqa: A001 - templates.compile, like re.compile
    """The template of a text; ValueError says what is wrong inside a hole."""
    parts: list[Part] = []
    end = 0
    for hole in _HOLE.finditer(text):
        if hole["open"]:
            raise ValueError(f"{text!r}: a ${{ is never closed")
        _append(parts, text[end : hole.start()])
        end = hole.end()
        if hole["expression"] is None:
            _append(parts, "${")
        else:
            parts.append(parse(hole["expression"].strip()))
    _append(parts, text[end:])
    return Template(text, tuple(parts) or ("",))


def compile_tree(value: JsonValue) -> Tree:
    """Templates of every text of a JSON value."""
    if isinstance(value, str):
        return Tree(compile(value))
    if isinstance(value, dict):
        return Tree({key: compile_tree(item) for key, item in value.items()})
    if isinstance(value, list):
        return Tree([compile_tree(item) for item in value])
    return Tree(value)


def show(value: JsonValue) -> str:
    """A value inside a longer text."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def uninterpolated(path: str) -> str:
    """`/products/${pid}?limit=${vars.n}` as an endpoint is named: `/products/{pid}`."""
    parts = compile(path).parts
    return "".join(part if isinstance(part, str) else f"{{{part.label}}}" for part in parts).partition("?")[0]


def _append(parts: list[Part], text: str) -> None:
    if not text:
        return
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    else:
        parts.append(text)
