"""Values of a scenario, their templates compiled once more: constant pieces, and a short way to each value between them."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from pydantic import JsonValue

from perfkit.scenario.context import Context
from perfkit.scenario.expressions import Call, Expression, Reference
from perfkit.scenario.templates import compile as compile_template
from perfkit.scenario.templates import compile_tree, show

Render: TypeAlias = Callable[[Context], JsonValue]  # a value of the scenario with its templates filled in

_COLUMN: Final = 3  # data, feeder, column
_VARIABLE: Final = 2  # vars, name
_NOTHING: Final = Context(Random(0))


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One value: `pieces` are a text's, in order; a value that is no text, or has no holes, has its constant instead."""

    render: Render
    is_constant: bool
    constant: JsonValue = None
    pieces: tuple[str | Render, ...] = ()


def compile_slot(value: JsonValue) -> Slot:
    """The slot of a text, a number, or a tree of them."""
    if not isinstance(value, str):
        return _tree(value)
    template = compile_template(value)
    if template.is_constant:
        return _constant(template.render(_NOTHING))
    pieces = tuple(part if isinstance(part, str) else getter(part) for part in template.parts)
    first = pieces[0]
    if len(pieces) == 1 and not isinstance(first, str):
        return Slot(first, is_constant=False, pieces=pieces)
    return Slot(
        lambda context: "".join([piece if isinstance(piece, str) else text_of(piece(context)) for piece in pieces]),
        is_constant=False,
        pieces=pieces,
    )


def text_of(value: JsonValue) -> str:
    """templates.show, with the common kinds first."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return show(value)


def getter(expression: Expression) -> Render:
    """The value of an expression by the shortest way; what is missing is said by the expression itself."""
    if isinstance(expression, Call):
        return _random_integer(expression) if expression.function == "rand.int" else expression.value
    first, *rest = expression.name.split(".")
    if first == "data" and len(rest) == _COLUMN - 1:
        return _cell(expression, *rest)
    if first == "vars" and len(rest) == _VARIABLE - 1:
        return _variable(expression, rest[0])
    if expression.name == "user.id":
        return lambda context: context.user
    if expression.name == "iteration":
        return lambda context: context.iteration
    # Namespaces are reserved words: a single word is always something that a step has extracted.
    return expression.value if rest else _extracted(expression)


def _tree(value: JsonValue) -> Slot:
    tree = compile_tree(value)
    # rand.int() and the like have no names: only the text tells.
    if "${" not in str(value):
        return _constant(value)
    return Slot(tree.render, is_constant=False)


def _constant(value: JsonValue) -> Slot:
    return Slot(lambda _: value, is_constant=True, constant=value)


def _random_integer(call: Call) -> Render:
    low, high = call.arguments
    assert isinstance(low, int)
    assert isinstance(high, int)
    span = high - low + 1
    if span > 1 << 53:  # more than a float tells apart
        return call.value
    return lambda context: low + int(context.random.random() * span)


def _cell(reference: Reference, feeder: str, column: str) -> Render:
    def cell(context: Context) -> JsonValue:
        try:
            return context.data[feeder][column]
        except KeyError:
            return reference.value(context)

    return cell


def _variable(reference: Reference, name: str) -> Render:
    def variable(context: Context) -> JsonValue:
        value = context.vars.get(name)
        if type(value) is int or (type(value) is str and "$" not in value):
            return value
        return reference.value(context)

    return variable


def _extracted(reference: Reference) -> Render:
    name = reference.name

    def extracted(context: Context) -> JsonValue:
        try:
            return context.extracted[name]
        except KeyError:
            return reference.value(context)

    return extracted
