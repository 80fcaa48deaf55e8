"""Only what a step asks for, out of a JSON body: the same values as of the whole of it."""

import json
from itertools import combinations
from typing import Any

import pytest

from perfkit.load.jsonpath import compile_path
from perfkit.load.partial import Partial

PATHS = (
    *("$.items", "$.items[*].id", "$.items[1].id", "$.items[9]", "$.items[*].tags[0]", "$['next']['page two']"),
    *("$.none", "$.none.x", "$.x.y", "$[0]", "$[*].id", "$"),
)
DOCUMENTS: tuple[Any, ...] = (
    {"items": [{"id": 1, "tags": ["a"]}, {"id": 2}, {"name": "x"}, None], "next": {"page two": 7}, "none": None, "f0": 3},
    {"items": [], "next": None},
    {"items": None, "x": {"y": [1, {"z": 2}]}},
    [{"id": 1, "items": 3}, {"id": 18446744073709551617}],
    {},
)


def parts_of(expression: str) -> tuple[str | int | None, ...]:
    parts = compile_path(expression).parts
    assert parts is not None
    return parts


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_it_finds_what_is_found_in_the_whole_or_says_that_the_shape_is_another(document: Any) -> None:
    body = json.dumps(document).encode()

    for pair in (*combinations(PATHS, 1), *combinations(PATHS, 2)):
        partial = Partial([parts_of(path) for path in pair])
        try:
            decoded = partial.decode(body)
        except ValueError:
            assert any(not compile_path(path).find(document) for path in pair)
            continue
        for path in pair:
            assert partial.find(decoded, parts_of(path)) == compile_path(path).find(document), (pair, path)


def test_a_body_of_another_shape_has_to_be_read_whole() -> None:
    partial = Partial([parts_of("$.items[0].id")])

    with pytest.raises(ValueError, match="Expected `array"):
        partial.decode(b'{"items": {"0": 1}}')


def test_what_is_skipped_must_be_json_as_well() -> None:
    partial = Partial([parts_of("$.id")])

    with pytest.raises(ValueError, match="malformed"):
        partial.decode(b'{"id": 1, "other": tru}')
