"""An answer as its step reads it: text and JSON decoded once, on first use; values extracted; expectations checked."""

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final, TypeAlias

from msgspec.json import Decoder
from pydantic import JsonValue

from perfkit.load.encodings import decoded
from perfkit.load.exchange import Answer
from perfkit.load.jsonpath import Path
from perfkit.load.partial import Partial
from perfkit.units import show_time

Find: TypeAlias = "Callable[[Reading], Sequence[JsonValue]]"

FIRST_FAILURE: Final = 400  # statuses from here on are errors unless the step expects them
_decode: Final = Decoder().decode
_CHARSET: Final = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)


class Reading:
    """One answer, decoded lazily; a body that is not what it says it is reads as a ValueError."""

    __slots__ = ("_body", "_found", "_is_parsed", "_json", "_part", "_partial", "_path", "answer")

    def __init__(self, answer: Answer, partial: Partial | None = None) -> None:
        self.answer = answer
        self._partial = partial  # of the paths that will be asked for
        self._part: object = None
        self._path: Path | None = None  # that was asked for last
        self._found: list[JsonValue] = []
        self._body: bytes | None = None
        self._json: JsonValue = None
        self._is_parsed = False

    @property
    def body(self) -> bytes:
        if self._body is None:
            said = self.answer.header("content-encoding")
            if said is None:
                self._body = self.answer.body
                return self._body
            encoding = said.strip().lower()
            body = decoded(self.answer.body, encoding)
            if body is None:
                raise ValueError(f"a body that is not the {encoding} it says it is")
            self._body = body
        return self._body

    @property
    def text(self) -> str:
        match = _CHARSET.search(self.answer.header("content-type") or "")
        try:
            return self.body.decode(match[1] if match else "utf-8", errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")

    def find(self, path: Path) -> list[JsonValue]:
        """What a path matches in the JSON of the body."""
        if path is self._path:  # what is checked is often what is extracted
            return self._found
        self._found = found = self._look_up(path)
        self._path = path
        return found

    def _look_up(self, path: Path) -> list[JsonValue]:
        partial = self._partial
        if partial is None or path.parts is None:
            return path.find(self.json)
        if self._part is None:
            try:
                self._part = partial.decode(self.body)
            except ValueError:
                self._partial = None
                return path.find(self.json)
        return partial.find(self._part, path.parts)

    @property
    def json(self) -> JsonValue:
        if not self._is_parsed:
            self._json = _parsed(self.body)
            self._is_parsed = True
        return self._json


@dataclass(frozen=True, slots=True)
class Extract:
    """One value to take out of the answer."""

    name: str
    source: str  # as the scenario writes it
    find: Find
    at_random: bool
    path: Path | None = None  # when it is a value of the answer's JSON

    def take(self, reading: Reading, source: random.Random) -> JsonValue:
        """Raises LookupError when the answer does not hold the value."""
        try:
            found = self.find(reading)
        except ValueError as error:
            raise LookupError(f"{self.name}: the answer cannot be read as {self.source} asks") from error
        if not found:
            raise LookupError(f"{self.name}: nothing in the answer matches {self.source}")
        return source.choice(found) if self.at_random else found[0]


def by_jsonpath(path: Path) -> Find:
    return lambda reading: reading.find(path)


def by_header(name: str) -> Find:
    lower = name.lower()
    return lambda reading: [value for key, value in reading.answer.headers if key.lower() == lower]


def by_cookie(name: str) -> Find:
    return lambda reading: _cookies(reading.answer, name)


def by_regex(pattern: str) -> Find:
    """The first group, or the whole match when there is no group."""
    compiled = re.compile(pattern)
    group = 1 if compiled.groups else 0
    return lambda reading: [match[group] for match in compiled.finditer(reading.text)]


def check_status(status: int, expected: frozenset[int] | None) -> str:
    """What is wrong with the status; "" when nothing is."""
    if expected is None:
        return "" if status < FIRST_FAILURE else f"status {status}"
    if status in expected:
        return ""
    return f"status {status}, expected {' or '.join(map(str, sorted(expected)))}"


def check_time(response_time: float, under: float | None) -> str:
    if under is None or response_time < under:
        return ""
    return f"took {show_time(response_time)}, expected under {show_time(under)}"


def check_header(answer: Answer, name: str, wanted: str) -> str:
    """A wanted value without parameters accepts any: `application/json` accepts `application/json; charset=utf-8`."""
    value = answer.header(name)
    if value is None:
        return f"header {name} is absent"
    if value == wanted or (";" not in wanted and value.partition(";")[0].strip() == wanted):
        return ""
    return f"header {name} is not as expected"


def check_json(reading: Reading, expression: str, path: Path, wanted: JsonValue) -> str:
    """Every match equals the wanted value; `{min_length: n}` counts the elements of a list, or the matches."""
    try:
        found = reading.find(path)
    except ValueError:
        return "the body is not JSON"
    if isinstance(wanted, dict) and "min_length" in wanted:
        count = _length(found)
        least = wanted["min_length"]
        return "" if isinstance(least, int) and count >= least else f"{expression} has {count} elements, expected {least} or more"
    if not found:
        return f"{expression} is absent"
    for value in found:
        if value != wanted:
            return f"{expression} is not as expected"
    return ""


def check_text(reading: Reading, wanted: str) -> str:
    try:
        return "" if wanted in reading.text else "the body does not contain what is expected"
    except ValueError as error:
        return str(error)


def _parsed(body: bytes) -> JsonValue:
    value: JsonValue
    try:
        value = _decode(body)  # takes a third of the time of the standard library
    except ValueError:
        value = json.loads(body)  # which takes more: NaN, half of a surrogate pair, other encodings
    return value


def _length(found: Sequence[JsonValue]) -> int:
    if len(found) == 1 and isinstance(found[0], list | str | dict):
        return len(found[0])
    return len(found)


def _cookies(answer: Answer, name: str) -> list[JsonValue]:
    values: list[JsonValue] = []
    for key, line in answer.headers:
        if key.lower() != "set-cookie":
            continue
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        if name in cookies:
            values.append(cookies[name].value)
    return values
