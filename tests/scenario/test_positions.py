"""YAML with places."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from perfkit.scenario.positions import Place, load, show_path

# The writer below speaks YAML 1.1, for which 0E0 is a text that needs no quotes; in 1.2 it is a number.
NUMBER_SINCE_1_2 = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")
texts = some.text().filter(lambda text: NUMBER_SINCE_1_2.fullmatch(text) is None)
values: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers() | texts,
    lambda inner: some.lists(inner) | some.dictionaries(texts, inner),
    max_leaves=10,
)


@given(values)
def test_any_value_that_yaml_can_write_is_read_back(value: Any) -> None:
    document = load(yaml.safe_dump({"value": value}))

    assert document.problems == []
    assert document.tree == {"value": value}


def test_keys_and_values_have_their_places() -> None:
    document = load("a: 1\nlist:\n  - {b: x}\n")

    assert document.keys["list", 0, "b"] == Place(3, 6)
    assert document.values["list", 0, "b"] == Place(3, 9)


def test_words_are_texts_where_old_yaml_saw_something_else() -> None:
    tree = load("{a: on, b: no, c: 1:30, d: 2026-11-23, e: 010, f: true, g: 1e3, h: 0.5, i: ~, 200: x}").tree

    assert tree == {
        "a": "on",
        "b": "no",
        "c": "1:30",
        "d": "2026-11-23",
        "e": "010",
        "f": True,
        "g": 1000.0,
        "h": 0.5,
        "i": None,
        "200": "x",
    }


def test_a_duplicate_key_names_the_first() -> None:
    (problem,) = load("a: 1\nb: {c: 1,\n  c: 2}").problems

    assert str(problem) == "line 3: b.c: 'c' stands here twice (first in line 2)"
    assert problem.column == 3


def test_aliases_and_merges_are_followed() -> None:
    assert load("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}").tree["use"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join([f'*{m}'] * 9)}]\n" for m, n in zip("abcdefg", "bcdefgh", strict=True)),
    ],
)
def test_aliases_without_end_are_refused(text: str) -> None:
    (problem,) = load(text).problems

    assert "aliases" in problem.message


def test_a_tag_of_another_language_is_refused() -> None:
    (problem,) = load("a: !!python/object:os.system {}\nb: !thing x").problems[-1:]

    assert "!thing is not a kind of value" in problem.message


def test_nesting_without_end_is_refused() -> None:
    (problem,) = load("[" * 5000).problems

    assert problem.message.startswith("this is")


def test_a_path_is_shown_as_people_write_it() -> None:
    assert show_path(("load", "open", 1, "rate")) == "load.open[1].rate"
