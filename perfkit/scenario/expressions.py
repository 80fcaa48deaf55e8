"""What may stand inside `${...}`: a dotted name or a call of a function, and nothing else."""

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

from pydantic import JsonValue

from perfkit.errors import PerfkitError

NAMESPACES: Final = ("data", "env", "secret", "vars", "user", "iteration", "vary")
NAMESPACES_NOT_BUILT: Final = ("start", "count")
FUNCTIONS: Final = ("rand.int", "rand.choice", "uuid", "now.iso", "now.epoch", "int", "float")
# Names that an `extract` must not take.
RESERVED: Final = frozenset({*NAMESPACES, *NAMESPACES_NOT_BUILT, *FUNCTIONS, "rand", "now"})


_REFERENCE: Final = re.compile(r"[A-Za-z_]\w*(\.[\w-]+)*")
_CALL: Final = re.compile(r"(?P<function>[a-z]+(\.[a-z]+)?)\(\s*(?P<arguments>.*?)\s*\)", re.DOTALL)
_ARGUMENT: Final = re.compile(r"""\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^,'"]+?))\s*(?:,|$)""")


class UndefinedName(PerfkitError):  # noqa: N818 - it is what went wrong, as the glossary says it
    """A template names something that has no value now; its step fails, it is never an empty text."""

    exit_code = 2

    def __init__(self, name: str, why: str = "is not defined") -> None:
        self.name = name
        super().__init__(f"${{{name}}} {why}")


class Names(Protocol):
    """Who knows the values of names: a virtual user's context."""

    @property
    def random(self) -> random.Random: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    def look_up(self, name: str) -> JsonValue: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted name: `data.users.email`, `vars.page_size`, or an extracted `pid`."""

    name: str

    def value(self, context: Names) -> JsonValue:
        return context.look_up(self.name)

    @property
    def label(self) -> str:
        """The name in an un-interpolated path: its last word."""
        return self.name.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with literal arguments; `int` and `float` take a name."""

    function: str
    arguments: tuple[JsonValue, ...] = ()
    operand: Reference | None = None

    def value(self, context: Names) -> JsonValue:
        if self.operand is not None:
            return _number(self.function, self.operand, context)
        return _FUNCTIONS[self.function](context, self.arguments)

    @property
    def label(self) -> str:
        return self.operand.label if self.operand else self.function


Expression: TypeAlias = Reference | Call


def parse(expression: str) -> Expression:
    """The expression of a hole; ValueError says what is wrong with it."""
    if _REFERENCE.fullmatch(expression) and expression not in FUNCTIONS:
        return Reference(expression)
    call = _CALL.fullmatch(expression)
    if call is None:
        tail = f" (a function is called: {expression}())" if expression in FUNCTIONS else ""
        raise ValueError(f"${{{expression}}} is not a name or a function{tail}")
    if call["function"] not in FUNCTIONS:
        raise ValueError(f"${{{expression}}}: {call['function']} is not a function (one of {', '.join(FUNCTIONS)})")
    if call["function"] in {"int", "float"}:
        if _REFERENCE.fullmatch(call["arguments"]) is None:
            raise ValueError(f"${{{expression}}}: {call['function']} takes a name (try 'int(data.users.id)')")
        return Call(call["function"], operand=Reference(call["arguments"]))
    return _checked(expression, Call(call["function"], _arguments(expression, call["arguments"])))


def _arguments(expression: str, text: str) -> tuple[JsonValue, ...]:
    found: list[JsonValue] = []
    end = 0
    while end < len(text):
        match = _ARGUMENT.match(text, end)
        if match is None:
            raise ValueError(f"${{{expression}}}: {text[end:]!r} is not an argument")
        quoted = match["single"] if match["single"] is not None else match["double"]
        found.append(_literal(match["bare"]) if quoted is None else quoted)
        end = match.end()
    return tuple(found)


def _literal(text: str) -> JsonValue:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _checked(expression: str, call: Call) -> Call:
    arguments = call.arguments
    if call.function == "rand.choice" and not arguments:
        raise ValueError(f"${{{expression}}}: chooses from nothing (try rand.choice(a, b))")
    if call.function == "rand.int":
        low, high = (arguments[0], arguments[1]) if len(arguments) == 2 else (None, None)  # noqa: PLR2004
        if not isinstance(low, int) or not isinstance(high, int) or low > high:
            raise ValueError(f"${{{expression}}}: takes the least and the greatest number (try rand.int(1, 50))")
    if call.function in {"uuid", "now.iso", "now.epoch"} and arguments:
        raise ValueError(f"${{{expression}}}: {call.function} takes no arguments")
    return call


def _number(function: str, operand: Reference, context: Names) -> JsonValue:
    value = operand.value(context)
    if not isinstance(value, str | int | float):
        raise UndefinedName(operand.name, "is not a number")
    try:
        return int(value) if function == "int" else float(value)
    except ValueError as error:
        # The value itself may be a secret, so it is not shown.
        raise UndefinedName(operand.name, "is not a number") from error


def _random_integer(context: Names, arguments: tuple[JsonValue, ...]) -> JsonValue:
    low, high = arguments
    assert isinstance(low, int)
    assert isinstance(high, int)
    return context.random.randint(low, high)


def _now(context: Names, _: tuple[JsonValue, ...]) -> JsonValue:
    return datetime.fromtimestamp(context.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_FUNCTIONS: Final[dict[str, Callable[[Names, tuple[JsonValue, ...]], JsonValue]]] = {
    "rand.int": _random_integer,
    "rand.choice": lambda context, arguments: context.random.choice(arguments),
    # Not seeded: an idempotency key that comes again in the next run would be answered from memory.
    "uuid": lambda _context, _arguments: str(uuid.uuid4()),
    "now.iso": _now,
    "now.epoch": lambda context, _: int(context.clock()),
}
