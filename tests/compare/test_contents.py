"""Answers taken apart: what changes by itself, and what a version changed."""

import json
from typing import Any

from perfkit.compare import contents
from perfkit.load.exchange import Answer


def an_answer(content: Any, kind: str = "application/json") -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(200, (("Content-Type", kind),), body)


def test_a_time_in_the_answer_is_volatile_and_the_rest_is_compared() -> None:
    first, second = (contents.parts(an_answer({"at": moment, "total": 12})) for moment in (1, 2))
    changed = contents.parts(an_answer({"at": 3, "total": 13}))

    loose = contents.volatile([first, second])

    assert loose == {"$.at"}
    assert contents.digest(first, loose) == contents.digest(second, loose) != contents.digest(changed, loose)


def test_a_key_that_only_one_answer_has_is_volatile() -> None:
    first, second = contents.parts(an_answer({"a": 1})), contents.parts(an_answer({"a": 1, "debug": True}))

    assert contents.volatile([first, second]) == {"$.debug"}


def test_elements_of_a_list_are_one_part_and_their_order_counts() -> None:
    first = contents.parts(an_answer({"items": [{"id": 1}, {"id": 2}]}))
    turned = contents.parts(an_answer({"items": [{"id": 2}, {"id": 1}]}))

    assert set(first) == {"$.items.length", "$.items[].id", "content-type"}
    assert first["$.items[].id"] != turned["$.items[].id"]
    assert first["$.items.length"] == turned["$.items.length"]


def test_text_is_compared_line_by_line() -> None:
    page = contents.parts(an_answer(b"<h1>Shop</h1>\n<p>12:00</p>", "text/html"))
    later = contents.parts(an_answer(b"<h1>Shop</h1>\n<p>12:01</p>", "text/html"))

    assert contents.volatile([page, later]) == {"line 2"}


def test_bytes_that_are_no_text_are_one_part() -> None:
    assert set(contents.parts(an_answer(b"\xff\xfe\x00", "image/png"))) == {contents.WHOLE, contents.CONTENT_TYPE}


def test_an_answer_of_which_nothing_stays_the_same_cannot_be_compared() -> None:
    parts = contents.parts(an_answer("token"))

    assert contents.digest(parts, frozenset({"$"})) is None


def test_an_empty_answer_can_be_compared() -> None:
    assert contents.digest(contents.parts(an_answer(b"")), frozenset()) is not None


def test_no_value_of_an_answer_is_kept() -> None:
    parts = contents.parts(an_answer({"token": "s3cret"}))

    assert "s3cret" not in repr(parts)
