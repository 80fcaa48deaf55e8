"""What pydantic found wrong, said in the words and at the places of the file."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from perfkit.errors import Problem
from perfkit.scenario import conversations
from perfkit.scenario.extractors import ENGINES
from perfkit.scenario.model import RepeatStep, RequestStep, Scenario, ThinkStep
from perfkit.scenario.positions import Document, Key, KeyPath
from perfkit.scenario.request import VERBS
from perfkit.scenario.section import Section
from perfkit.scenario.steps import KINDS_NOT_BUILT, REPEAT, REQUEST, SSE, THINK, WEBSOCKET
from perfkit.scenario.suggestions import did_you_mean

# Fields that the file writes under another key: the first of these that is there.
_WRITTEN_AS: Final[dict[str, tuple[str, ...]]] = {
    "method": VERBS,
    "url": VERBS,
    "engine": ENGINES,
    "expression": ENGINES,
    "low": ("repeat",),
    "high": ("repeat",),
}
_STEP_CLASSES: Final[dict[Key, type]] = {
    REQUEST: RequestStep,
    THINK: ThinkStep,
    REPEAT: RepeatStep,
    WEBSOCKET: conversations.WebSocketStep,
    SSE: conversations.SseStep,
    conversations.MESSAGE: conversations.MessageStep,
    conversations.PAUSE: conversations.PauseStep,
    conversations.REPEAT_MESSAGES: conversations.RepeatMessages,
    conversations.CLOSE: conversations.CloseStep,
}
_UNKNOWN_KEY: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_NOT_OF_KIND: Final = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "dataclass": "a mapping of keys to values",
    "tuple": "a list (try [a, b])",
    "list": "a list (try [a, b])",
}
_SAYINGS: Final[dict[str, Callable[[Any, dict[str, Any]], str]]] = {
    "missing": lambda _value, _bounds: "is missing",
    "value_error": lambda _value, bounds: str(bounds["error"]),
    "literal_error": lambda value, bounds: f"{value!r} is not one of {bounds['expected']}",
    "greater_than": lambda value, bounds: f"{value!r} must be more than {bounds['gt']:g}",
    "greater_than_equal": lambda value, bounds: f"{value!r} must be at least {bounds['ge']:g}",
    "less_than_equal": lambda value, bounds: f"{value!r} must be at most {bounds['le']:g}",
    "too_short": lambda _value, _bounds: "is empty",
    "string_too_short": lambda _value, _bounds: "is empty",
    "string_pattern_mismatch": lambda value, bounds: f"{value!r} does not look like {bounds['pattern']}",
    "finite_number": lambda value, _bounds: f"{value!r} is not a finite number",
    "none_required": lambda value, _bounds: f"{value!r} is not allowed here",
}
# A message is one line; what it quotes is cut.
_LONGEST_QUOTE: Final = 60


def problems(error: ValidationError, document: Document) -> list[Problem]:
    """One problem per fault, each at its place."""
    return [_problem(details, document) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, document: Document) -> Problem:
    kind, location = details["type"], details["loc"]
    path = locate(document.tree, location)
    if kind in _UNKNOWN_KEY:
        return _unknown_key((*path, str(location[-1])) if path[-1:] != location[-1:] else path, location, document)
    if kind == "missing":
        return document.problem((*path, location[-1]), "is missing")
    if kind == "unknown_part":
        return document.problem(path, _unknown_part(details["input"]))
    if kind == "unknown_step":
        return document.problem(path, _unknown_step(details["input"]))
    return document.problem(path, _message(details))


def locate(tree: Any, location: Sequence[Key]) -> KeyPath:
    """The path of the file that pydantic's location means: as deep as the file goes."""
    path: list[Key] = []
    node = tree
    parts = list(location)
    if parts[:1] == ["flows"] and isinstance(tree, dict) and "get" in tree and "flows" not in tree:
        return _locate_short_form(tree["get"], parts)
    for part in parts:
        key = _key_in(node, part)
        if key is None:
            continue  # a tag of a union, or a level that only the long form has
        path.append(key)
        node = node[key]
    return tuple(path)


def _locate_short_form(paths: Any, parts: list[Key]) -> KeyPath:
    flow = str(parts[1]).removeprefix("GET ") if len(parts) > 1 else None
    if isinstance(paths, list) and flow in paths:
        return ("get", paths.index(flow))
    return ("get",)


def _key_in(node: Any, part: Key) -> Key | None:
    if isinstance(node, list):
        return part if isinstance(part, int) and part < len(node) else None
    if not isinstance(node, dict):
        return None
    if part in node:
        return part
    return next((key for key in _WRITTEN_AS.get(str(part), ()) if key in node), None)


def _unknown_key(path: KeyPath, location: Sequence[Key], document: Document) -> Problem:
    key = str(path[-1])
    owners = _owners(location[:-1])
    if any(key in owner.NOT_BUILT for owner in owners if issubclass(owner, Section)):
        return document.problem(path, f"`{key}` is not built yet", at_key=True)
    known = [name for owner in owners for name in _keys_of(owner)]
    return document.problem(path, f"unknown key{did_you_mean(key, known)}", at_key=True)


def _unknown_step(step: Any) -> str:
    if not isinstance(step, dict):
        return f"{_quote(step)} is not a step (try 'get: /path' or 'think: 1s')"
    for kind in KINDS_NOT_BUILT:
        if kind in step:
            return f"`{kind}` steps are not built yet"
    first = next(iter(step), "")
    return f"{first!r} is not a kind of step{did_you_mean(str(first), (*VERBS, 'think', 'repeat', 'websocket', 'sse'))}"


def _unknown_part(step: Any) -> str:
    if not isinstance(step, dict):
        return f"{_quote(step)} is not a step of a conversation (try 'send: hello' or 'expect: {{contains: hello}}')"
    first = next(iter(step), "")
    kinds = ("send", "expect", "extract", "think", "repeat", "close")
    return f"{first!r} is not a kind of step of a conversation{did_you_mean(str(first), kinds)}"


def _message(details: ErrorDetails) -> str:
    kind, value = details["type"], details["input"]
    if kind in _SAYINGS:
        return _SAYINGS[kind](value, details.get("ctx", {}))
    noun = _NOT_OF_KIND.get(kind.partition("_")[0])
    return f"{_quote(value)} is not {noun}" if noun else details["msg"]


def _quote(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _owners(location: Sequence[Key]) -> list[type]:
    """The classes that a location may belong to: one, unless a union was not decided."""
    here: list[Any] = [Scenario]
    for part in location:
        if part in _STEP_CLASSES:
            here = [_STEP_CLASSES[part]]
            continue
        here = [inner for owner in here for inner in _inside(owner, part)] or here
    return [owner for owner in here if isinstance(owner, type)]


def _inside(owner: Any, part: Key) -> list[Any]:
    if isinstance(owner, type) and issubclass(owner, Section):
        fields = [field.annotation for name, field in owner.model_fields.items() if part in {name, field.alias}]
        return [inner for annotation in fields for inner in _bare(annotation)]
    arguments = get_args(owner)
    if get_origin(owner) is dict:
        return _bare(arguments[1])
    return _bare(arguments[0]) if get_origin(owner) is tuple else []


def _bare(annotation: Any) -> list[Any]:
    """The classes and containers of an annotation, without what is written around them."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {dict, tuple} or isinstance(annotation, type):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _bare(argument)]


def _keys_of(owner: type) -> tuple[str, ...]:
    if issubclass(owner, Section):
        return owner.keys_in_file()
    return tuple(field.name for field in dataclasses.fields(owner)) if dataclasses.is_dataclass(owner) else ()
