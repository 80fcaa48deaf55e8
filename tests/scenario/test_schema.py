"""The JSON Schema says of a file what the parser says."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from perfkit.scenario.positions import load
from perfkit.scenario.schema import schema
from tests.scenario.test_parse import FULL, SCENARIOS, SHORT

VALIDATOR = jsonschema.Draft202012Validator(schema())


def faults(text: str) -> list[Any]:
    return list(VALIDATOR.iter_errors(load(text).tree))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())

    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "text", [FULL, SHORT, SHORT.replace("get: [/products, /products/7]", "flows: {main: [get: /a, think: 1s]}")]
)
def test_what_the_parser_takes_the_schema_takes(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_example_fits(path: Path) -> None:
    assert faults(path.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 42", "sede: 42"),
        ("base_url", "base_ulr"),
        ("- post: /cart", "- pots: /cart"),
        ("- post: /cart", "- post: /cart\n        get: /cart"),
        ("- post: /cart", "- post: http://elsewhere/cart"),
        ("expect: {status: 201}", "expcet: {status: 201}"),
        ("expect: {status: 201}", "expect: {sttus: 201}"),
        ("timeout: 10s", "timeout: 10"),
        ("rate: 120/s", "rate: 120"),
        ("rate: 120/s,", "rate: 120/s, users: 3,"),
        ("think: 1s..3s", "think: 1..3"),
        ("repeat: 1..3", "repeat: often"),
        ("pick: unique_per_user", "pick: unique"),
        ("p95 < 120ms", "p95 < 120"),
        ("p95 < 120ms", "p9x < 120ms"),
        ("queries <= 3", "querys <= 3"),
        ("etag: header:ETag", "etag: heading:ETag"),
        ("sample: 1/50", "sample: 50"),
        ("{processes: 1}", "{processes: 0}"),
        ("version: 1.1", "version: 3"),
        ("apply: {header:", "apply: {headers:"),
        ("margin: 2%", "margin: 2"),
        ("bursts: [2, 8]", "bursts: [1]"),
        ("seed: 42", "invariants: []"),
        ("seed: 42", "capacity: {at: 2000}"),
        ("seed: 42", "capacity: {price: 0.04}"),
        ("weight: 3", "weight: 0"),
    ],
)
def test_a_typing_error_is_refused(old: str, new: str) -> None:
    assert old in FULL

    assert faults(FULL.replace(old, new)) != []
