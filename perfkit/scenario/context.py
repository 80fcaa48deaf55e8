"""What a virtual user knows at one moment: the names that its templates may use."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from perfkit.scenario import secrets
from perfkit.scenario.expressions import UndefinedName
from perfkit.scenario.templates import compile_tree


@dataclass(slots=True)
class Context:
    """What a virtual user knows at one moment; `data` holds the feeders' current rows."""

    random: random.Random
    vars: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    data: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict[str, Mapping[str, JsonValue]])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    user: int = 0
    iteration: int = 0
    extracted: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    clock: Callable[[], float] = time.time

    def look_up(self, name: str) -> JsonValue:
        """The value of a dotted name; UndefinedName when there is none."""
        first, *rest = name.split(".")
        if first in self.extracted:
            return _descend(self.extracted[first], rest, name)
        if first == "vars" and rest:
            return _descend(self._variable(rest[0], name), rest[1:], name)
        if first == "data" and len(rest) > 1:
            return self._cell(rest[0], ".".join(rest[1:]), name)
        if first == "env" and len(rest) == 1:
            if rest[0] not in self.environment:
                raise UndefinedName(name, "is not set in the environment")
            return self.environment[rest[0]]
        if first == "secret" and len(rest) == 1:
            return secrets.read(rest[0], self.environment)
        if name == "user.id":
            return self.user
        if name == "iteration":
            return self.iteration
        raise UndefinedName(name)

    def _variable(self, variable: str, name: str) -> JsonValue:
        if variable not in self.vars:
            raise UndefinedName(name)
        value = self.vars[variable]
        return value if isinstance(value, int | float | None) else compile_tree(value).render(self)

    def _cell(self, feeder: str, column: str, name: str) -> JsonValue:
        row = self.data.get(feeder)
        if row is None or column not in row:
            raise UndefinedName(name)
        return row[column]


def _descend(value: JsonValue, path: list[str], name: str) -> JsonValue:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise UndefinedName(name)
    return value
