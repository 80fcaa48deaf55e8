"""Answers as steps read them: JSONPath, encodings, cookies, regular expressions; and which whole answers are kept."""

import gzip
import json
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from jsonpath_ng.ext.parser import parse
from pydantic import JsonValue

from perfkit.load.cookies import Cookies
from perfkit.load.exchange import Answer, Exchange
from perfkit.load.jsonpath import compile_path
from perfkit.load.reading import Extract, Reading, by_cookie, by_jsonpath, by_regex
from perfkit.load.responses import EVERY, FIRST, MOST, Responses, count_items, describe, has_limit

DOCUMENT: JsonValue = {"items": [{"id": 1, "tags": ["a"]}, {"id": 2}, {"name": "x"}], "next": {"page two": 7}, "none": None}


def an_answer(value: Any = None, *headers: tuple[str, str], status: int = 200) -> Answer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, headers, body)


def offer(responses: Responses, path: str, answer: Answer) -> bool:
    """An answer to a GET of that path, kept if it was wanted."""
    step = Named(path.partition("?")[0])
    if not responses.wants(step.endpoint):
        return False
    exchange = Exchange(1)
    exchange.step = step
    exchange.request = f"GET {path} HTTP/1.1\r\nAccept-Encoding: gzip, deflate\r\n\r\n".encode()
    exchange.status, exchange.headers, exchange.body = answer.status, answer.headers, answer.body
    responses.offer(exchange)
    return True


@dataclass(frozen=True)
class Named:
    endpoint: str
    flow: str = "browse"
    step: str = "browse[1]"
    method: str = "GET"
    named: bool = False


@pytest.mark.parametrize(
    "expression",
    [
        "$",
        "$.items",
        "$.items[*].id",
        "$.items[1].id",
        "$.items[9]",
        "$['next']['page two']",
        "$.items[*].tags[0]",
        "$.none",
        "$.x.y",
    ],
)
def test_a_plain_path_finds_what_the_library_finds(expression: str) -> None:
    found = compile_path(expression).find(DOCUMENT)

    assert found == [match.value for match in parse(expression).find(DOCUMENT)]


def test_other_paths_are_the_librarys() -> None:
    assert compile_path("$.items[?(@.id > 1)].id").find(DOCUMENT) == [2]
    assert compile_path("$..id").find(DOCUMENT) == [1, 2]


def test_a_body_that_lies_about_its_encoding_cannot_be_read() -> None:
    extract = Extract("id", "jsonpath $.id", by_jsonpath(compile_path("$.id")), at_random=False)

    with pytest.raises(LookupError, match=r"id: the answer cannot be read"):
        extract.take(Reading(an_answer(b'{"id": 7}', ("Content-Encoding", "gzip"))), Random(0))


def test_text_is_read_in_its_charset() -> None:
    answer = an_answer("grün".encode("latin-1"), ("Content-Type", "text/plain; charset=iso-8859-1"))

    assert Reading(answer).text == "grün"


def test_a_random_pick_is_one_of_the_matches_and_seeded() -> None:
    extract = Extract("id", "jsonpath $.items[*].id", by_jsonpath(compile_path("$.items[*].id")), at_random=True)

    picks = [extract.take(Reading(an_answer(DOCUMENT)), Random(seed)) for seed in range(20)]

    assert set(picks) == {1, 2}


def test_cookies_and_groups_are_found() -> None:
    reading = Reading(an_answer(b"id=12 id=13", ("Set-Cookie", "a=1"), ("Set-Cookie", 'session="s 1"; Path=/')))

    assert by_cookie("session")(reading) == ["s 1"]
    assert by_regex(r"id=(\d+)")(reading) == ["12", "13"]
    assert by_regex(r"id=\d+")(reading) == ["id=12", "id=13"]


def test_a_cookie_that_is_taken_back_is_not_sent_again() -> None:
    cookies = Cookies()

    cookies.take([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    cookies.take([("Set-Cookie", "a=; Max-Age=0")])

    assert cookies.header == "b=2"


@pytest.mark.parametrize(
    ("body", "items"), [(b"[1, 2]", 2), (b'{"a": [1], "b": [1, 2, 3]}', 3), (b'{"a": {"b": [1]}}', -1), (b"<p>", -1), (b"", -1)]
)
def test_items_are_those_of_the_longest_list_near_the_top(body: bytes, items: int) -> None:
    assert count_items(body) == items


def test_a_limit_is_recognised_by_its_name() -> None:
    assert has_limit("/items?q=x&per_page=20")
    assert not has_limit("/items?q=limit")


def test_the_first_answers_of_an_endpoint_are_kept_then_few_then_none() -> None:
    responses = Responses()

    for _ in range(EVERY * (MOST + 10)):
        offer(responses, "/items", an_answer([1]))
    offer(responses, "/broken", an_answer([1], status=500))

    assert len(responses.kept) == MOST
    assert {kept.endpoint for kept in responses.kept} == {"/items"}
    assert FIRST < MOST


def test_an_endpoint_that_only_fails_is_not_wanted_for_ever() -> None:
    responses = Responses()

    wanted = [offer(responses, "/broken", an_answer([1], status=500)) for _ in range(EVERY * 3)]

    assert wanted.count(True) == EVERY + 2


def test_a_kept_answer_says_how_small_it_could_be() -> None:
    body = json.dumps([{"id": number} for number in range(1000)]).encode()
    responses = Responses()

    offer(responses, "/a?limit=1000", an_answer(body, ("Content-Type", "application/json")))
    offer(responses, "/b", an_answer(gzip.compress(body), ("Content-Encoding", "GZIP")))
    plain, packed = map(describe, responses.kept)

    assert (plain["content_type"], plain["content_encoding"], plain["bytes"], plain["items"]) == (
        "application/json",
        "",
        len(body),
        1000,
    )
    assert plain["gzip_bytes"] == packed["gzip_bytes"] == len(gzip.compress(body, 6))
    assert (plain["query"], packed["query"], packed["content_encoding"]) == (True, False, "gzip")
    assert plain["offered_encodings"] == "gzip, deflate"


def test_the_head_of_an_answer_is_taken_apart_only_for_a_header_that_is_there() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag:  W/7 \r\nX-Empty:\r\nETag: second"

    answer = Answer(200, (), b"", head)

    assert answer.header("x-absent") is None
    assert answer.header("etag") == "W/7"
    assert answer.header("X-EMPTY") == ""
    assert list(answer.headers) == [("Content-Type", "text/plain"), ("ETag", "W/7"), ("X-Empty", ""), ("ETag", "second")]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"18446744073709551617", 18446744073709551617),
        (b"[-Infinity, 1.5]", [float("-inf"), 1.5]),
        (b'"\\ud800"', "\ud800"),
        ('{"a": "ü"}'.encode("utf-16"), {"a": "ü"}),
    ],
    ids=["an integer of any size", "infinity", "half a pair", "another encoding"],
)
def test_json_is_read_as_the_standard_library_reads_it(body: bytes, value: JsonValue) -> None:
    reading = Reading(Answer(200, (), body))

    assert reading.json == value
