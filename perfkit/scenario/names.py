"""Every name of a template must have a value when its turn comes: checked in the file's own tree, before anything runs."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from perfkit.errors import Problem
from perfkit.scenario.expressions import NAMESPACES_NOT_BUILT, RESERVED
from perfkit.scenario.positions import Document, KeyPath
from perfkit.scenario.suggestions import did_you_mean, nearest
from perfkit.scenario.templates import compile as compile_template

# Parts of a request that are taken as they stand.
_LITERAL: Final = frozenset({"name", "extract", "auth", "event", "subprotocols"})
_INSIDE_STEPS: Final = frozenset({"steps", "repeat", "think"})
_ENVIRONMENT: Final = frozenset({"env", "secret"})
_IN_FLOWS: Final = frozenset({*_ENVIRONMENT, "vars", "data", "user", "iteration"})
_LAUNCH: Final = frozenset({*_ENVIRONMENT, "vary"})


def check(document: Document, columns: Mapping[str, tuple[str, ...] | None]) -> list[Problem]:
    """What is wrong with the templates; `columns` of each feeder, None when its file could not be read."""
    return list(_Checker(document, columns).problems())


class _Checker:
    """Walks the steps in their order, so that a name counts only after the step that extracts it."""

    def __init__(self, document: Document, columns: Mapping[str, tuple[str, ...] | None]) -> None:
        self._document = document
        self._tree: dict[str, Any] = document.tree
        self._columns = columns

    def problems(self) -> Iterator[Problem]:
        yield from self._section(("target", "launch", "command"), _LAUNCH)
        yield from self._section(("target", "launch", "before"), _LAUNCH)
        yield from self._section(("target", "launch", "env"), _LAUNCH)
        yield from self._section(("http", "headers"), None)
        # A variable of variables could run in circles.
        yield from self._section(("vars",), frozenset({*_ENVIRONMENT, "user", "iteration", "data"}))
        for index, path in enumerate(_as_list(self._tree.get("get"))):
            yield from self._texts(path, ("get", index), set(), None)
        for name in _as_dict(self._tree.get("auth")):
            yield from self._auth(name)
        for name, flow in _as_dict(self._tree.get("flows")).items():
            where: KeyPath = ("flows", name) if isinstance(flow, list) else ("flows", name, "steps")
            steps = flow if isinstance(flow, list) else _as_dict(flow).get("steps")
            known = self._handed_out_by(None if isinstance(flow, list) else _as_dict(flow).get("auth"))
            yield from self._steps(steps, where, known)

    def _section(self, path: KeyPath, allowed: frozenset[str] | None) -> Iterator[Problem]:
        node: Any = self._tree
        for key in path:
            node = _as_dict(node).get(str(key))
        yield from self._texts(node, path, set(), allowed)

    def _auth(self, name: str) -> Iterator[Problem]:
        auth = _as_dict(_as_dict(self._tree.get("auth")).get(name))
        yield from self._step(_as_dict(auth.get("login")), ("auth", name, "login"), set())
        yield from self._texts(auth.get("apply"), ("auth", name, "apply"), self._handed_out_by(name), None)

    def _handed_out_by(self, auth: Any) -> set[str]:
        """The names that the login of an auth extracts: its users have them from the start."""
        login = _as_dict(_as_dict(_as_dict(self._tree.get("auth")).get(str(auth))).get("login"))
        return set(_as_dict(login.get("extract")))

    def _steps(self, steps: Any, path: KeyPath, known: set[str]) -> Iterator[Problem]:
        for index, item in enumerate(_as_list(steps)):
            step, here = _as_dict(item), (*path, index)
            if "repeat" in step:
                yield from self._steps(step.get("steps"), (*here, "steps"), known)
                continue
            for kind in ("websocket", "sse"):
                if kind in step:
                    step, here = _as_dict(step[kind]), (*here, kind)
            yield from self._step(step, here, known | self._handed_out_by(step.get("auth")))
            known |= set(_as_dict(step.get("extract")))
            yield from self._steps(step.get("steps"), (*here, "steps"), known)

    def _step(self, step: dict[str, Any], path: KeyPath, known: set[str]) -> Iterator[Problem]:
        extracted = set(_as_dict(step.get("extract")))
        for key, value in step.items():
            if key in _LITERAL:
                yield from self._literals(value, (*path, key))
            elif key == "expect":
                # What a step extracts is there when its answer is looked at.
                yield from self._texts(value, (*path, key), known | extracted, None)
            elif key not in _INSIDE_STEPS:
                yield from self._texts(value, (*path, key), known, None)
        for name in sorted(extracted & RESERVED):
            yield self._document.problem((*path, "extract", name), f"{name!r} is a name that templates already have")

    def _literals(self, value: Any, path: KeyPath) -> Iterator[Problem]:
        for text, here in _strings(value, path):
            if "${" in text:
                yield self._document.problem(here, f"{text!r} is taken as it stands here: ${{...}} has no meaning in it")

    def _texts(self, value: Any, path: KeyPath, known: set[str], allowed: frozenset[str] | None) -> Iterator[Problem]:
        for text, here in _strings(value, path):
            try:
                names = compile_template(text).names
            except ValueError as error:
                yield self._document.problem(here, str(error))
                continue
            for name in sorted(names):
                why = self._fault(name, known, allowed)
                if why:
                    yield self._document.problem(here, f"${{{name}}} {why}")

    def _fault(self, name: str, known: set[str], allowed: frozenset[str] | None) -> str | None:
        first, *rest = name.split(".")
        if first in known:
            return None
        if first in NAMESPACES_NOT_BUILT:
            return "is not built yet"
        # What is varied is the target, before anybody asks it for anything.
        limited = _IN_FLOWS if allowed is None and first == "vary" else allowed
        if limited is not None and first not in limited:
            return f"has no value here (only {', '.join(sorted(limited))})"
        if first in _ENVIRONMENT:
            return None if len(rest) == 1 else f"is not the name of a variable (try ${{{first}.NAME}})"
        if first in {"vars", "vary"}:
            variables = _as_dict(self._tree.get("vars") if first == "vars" else _as_dict(self._tree.get("capacity")).get("vary"))
            place = "vars" if first == "vars" else "capacity.vary"
            return None if rest and rest[0] in variables else f"is not among {place}{did_you_mean('.'.join(rest), variables)}"
        if first == "data":
            return self._data_fault(rest)
        if name in {"user.id", "iteration"}:
            return None
        return f"is not defined here: extract it in an earlier step{nearest(name, [*sorted(known), 'user.id', 'iteration'])}"

    def _data_fault(self, rest: list[str]) -> str | None:
        if not rest or rest[0] not in self._columns:
            return f"is not among data{did_you_mean(rest[0] if rest else '', self._columns)}"
        columns, column = self._columns[rest[0]], ".".join(rest[1:])
        if not column:
            return f"needs a column (try ${{data.{rest[0]}.{columns[0] if columns else 'column'}}})"
        if columns is not None and column not in columns:
            return f"has no such column{did_you_mean(column, columns)}"
        return None


def _strings(value: Any, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _as_dict(value: Any) -> dict[str, Any]:
    """The value, or nothing where the model has already said that it is no mapping."""
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []
