"""An answer taken apart, so that what changes by itself (a time, a new id, a token) can be told from what a version changed.

Of JSON a part is all values at one path, list positions left open; of other text a line; of anything else the whole. Only
hashes of values are kept: an answer may hold what nobody should read in a report.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from pydantic import JsonValue

from perfkit.load.exchange import Answer
from perfkit.load.reading import Reading

Parts: TypeAlias = Mapping[str, int]  # path → hash of what stands there
WHOLE: Final = "the body"
CONTENT_TYPE: Final = "content-type"


def parts(answer: Answer) -> Parts:
    found = _of_body(answer)
    kind = answer.header("content-type")
    return found if kind is None else {**found, CONTENT_TYPE: hashed(kind.encode())}


def volatile(rounds: Iterable[Parts]) -> frozenset[str]:
    """Paths whose values differ among answers to one and the same request by one version."""
    seen = list(rounds)
    paths = {path for parts in seen for path in parts}
    return frozenset(path for path in paths if len({parts.get(path) for parts in seen}) > 1)


def digest(parts: Parts, volatile: frozenset[str]) -> int | None:
    """One hash of all that is not volatile; None when nothing of a body is left that could be compared."""
    kept = sorted((path, value) for path, value in parts.items() if path not in volatile)
    if not any(path != CONTENT_TYPE for path, _ in kept) and any(path != CONTENT_TYPE for path in parts):
        return None
    return hashed(repr(kept).encode())


def hashed(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _of_body(answer: Answer) -> Parts:
    reading = Reading(answer)
    body = answer.body
    if not body:
        return {}
    try:
        tree = reading.json
    except ValueError:
        return _of_text(reading)
    values: dict[str, list[JsonValue]] = defaultdict(list)
    _walk(tree, "$", values)
    return {path: hashed(json.dumps(found, sort_keys=True).encode()) for path, found in values.items()}


def _of_text(reading: Reading) -> Parts:
    try:
        body = reading.body
        lines = body.decode().splitlines()
    except ValueError:
        return {WHOLE: hashed(reading.answer.body)}
    return {f"line {number}": hashed(line.encode()) for number, line in enumerate(lines, 1)}


def _walk(value: JsonValue, path: str, values: dict[str, list[JsonValue]]) -> None:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}", values)
    elif isinstance(value, list):
        values[f"{path}.length"].append(len(value))
        for inner in value:
            _walk(inner, f"{path}[]", values)
    else:
        values[path].append(value)
