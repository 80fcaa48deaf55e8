"""A few whole answers per endpoint, kept aside while the load runs and looked at when it is over."""

import gzip
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from perfkit.load.encodings import decoded
from perfkit.load.exchange import Answer, Exchange
from perfkit.scenario.secrets import mask_text

FIRST: Final = 5  # answers of an endpoint that are always kept
EVERY: Final = 200  # then one of so many
MOST: Final = 50  # per endpoint
# All kept bodies together; beyond it answers are passed over, so that a long run of large bodies does not fill the memory.
MOST_BYTES: Final = 64 * 1024**2
GZIP_LEVEL: Final = 6  # what servers compress with
OFFERED_ENCODINGS: Final = "gzip, deflate"
LIMITS: Final = frozenset({"limit", "per_page", "page_size", "size", "first", "page", "cursor", "offset"})
_SUCCESS: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Kept:
    endpoint: str
    query: bool
    offered_encodings: str
    answer: Answer


class Responses:
    """Chooses which answers to keep; describing them is left for when nothing is being timed."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._wanted: dict[str, int] = {}  # kept, or on their way
        self._bytes = 0
        self.kept: list[Kept] = []

    def wants(self, endpoint: str) -> bool:
        """Asked before a request leaves: an answer that nobody wants is only counted."""
        seen = self._seen[endpoint] = self._seen.get(endpoint, 0) + 1
        if seen > EVERY and seen % EVERY:
            return False
        wanted = self._wanted.get(endpoint, 0)
        if wanted >= (FIRST if seen % EVERY else MOST):
            return False
        self._wanted[endpoint] = wanted + 1
        return True

    def offer(self, exchange: Exchange) -> None:
        """Keeps a success; for anything else the next request is asked. Only for exchanges that were wanted."""
        endpoint = exchange.step.endpoint
        if exchange.error or exchange.status not in _SUCCESS or self._bytes + len(exchange.body) > MOST_BYTES:
            self._wanted[endpoint] -= 1
            return
        self._bytes += len(exchange.body)
        self.kept.append(Kept(endpoint, has_limit(exchange.path), exchange.offered_encodings, exchange.answer()))


def describe(kept: Kept) -> dict[str, object]:
    """The row of evidence.RESPONSES."""
    answer = kept.answer
    encoding = (answer.header("content-encoding") or "").strip().lower()
    body = decoded(answer.body, encoding)
    return {
        "endpoint": kept.endpoint,
        "status": answer.status,
        # A target may say back what it was told, in its headers too.
        "content_type": mask_text(answer.header("content-type") or ""),
        "content_encoding": mask_text(encoding),
        "offered_encodings": kept.offered_encodings,
        "bytes": len(answer.body),
        # A body in an encoding that we cannot undo is as small as its server could make it.
        "gzip_bytes": len(answer.body if body is None else gzip.compress(body, GZIP_LEVEL)),
        "items": -1 if body is None else count_items(body),
        "query": kept.query,
    }


def count_items(body: bytes) -> int:
    """Elements of the JSON list, or of the longest list one level down; -1 when there is none."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return -1
    if isinstance(value, list):
        return len(value)
    if isinstance(value, dict):
        return max((len(item) for item in value.values() if isinstance(item, list)), default=-1)
    return -1


def has_limit(path: str) -> bool:
    """The request says how much it wants."""
    _, _, query = path.partition("?")
    return any(name.lower() in LIMITS for name, _ in parse_qsl(query, keep_blank_values=True))
