"""One virtual user against answers that are given: requests, checks, extraction, logins, ends."""

import copy
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from perfkit.load.compile import compile_plan
from perfkit.load.exchange import Exchange
from perfkit.load.following import Elsewhere
from perfkit.load.play import Player, writers
from perfkit.scenario.feeders import Exhausted
from perfkit.scenario.model import Scenario

SERVICE_TIME = 0.25


class Time:
    """A clock that only the test and the pauses move."""

    def __init__(self) -> None:
        self.instant = 100.0

    def now(self) -> float:
        return self.instant


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


Reply = Callable[[Request], tuple[int, Mapping[str, str], Any]]


class Target:
    """The other end: answers every request after SERVICE_TIME."""

    def __init__(self, clock: Time, reply: Reply) -> None:
        self.requests: list[Request] = []
        self._clock = clock
        self._reply = reply

    def send(self, exchange: Exchange) -> None:
        request = a_request(exchange.request)
        self.requests.append(request)
        exchange.take_up(self._clock.instant)
        self._clock.instant += SERVICE_TIME
        status, headers, value = self._reply(request)
        if status == 0:
            exchange.fail("reset", "closed", self._clock.instant)
            return
        exchange.status = status
        exchange.headers = tuple(headers.items())
        exchange.body = value if isinstance(value, bytes) else json.dumps(value).encode()
        exchange.size = len(exchange.body)
        exchange.first_byte_at = exchange.finished_at = self._clock.instant


def a_request(sent: bytes) -> Request:
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, version = first.split(" ")
    assert version == "HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    lower = {name.lower(): value for name, value in headers.items()}
    assert len(body) == int(lower.get("content-length", 0))
    return Request(method, path, lower, body or None)


class Notes:
    def __init__(self) -> None:
        self.outcomes: list[Exchange] = []
        self.unsent_ones = 0

    def wants(self, _endpoint: str, /) -> bool:
        return False

    def unsent(self, _exchange: Exchange, /) -> None:
        self.unsent_ones += 1

    def ended(self, exchange: Exchange, /) -> None:
        self.outcomes.append(copy.copy(exchange))

    @property
    def errors(self) -> list[str]:
        return [outcome.error for outcome in self.outcomes]


class Stand:
    """A scenario with one flow, its player, and everything around it."""

    def __init__(
        self, steps: list[Any], reply: Reply = lambda _: (200, {}, {}), environment: Mapping[str, str] | None = None, **parts: Any
    ) -> None:
        flow = {"steps": steps, **parts.pop("flow", {})}
        whole = {
            "perfkit": 1,
            "target": "http://127.0.0.1:8000",
            "flows": {"browse": flow},
            "load": [{"rate": "1/s", "for": "1s"}],
            **parts,
        }
        plan = compile_plan(Scenario.model_validate(whole), "default", 0, "run")
        self.flow = plan.flows[0]
        self.time = Time()
        self.target = Target(self.time, reply)
        self.notes = Notes()
        self.player = Player(plan, writers(plan), 7, self.time.now, self.notes, itertools.count(1), environment or {})

    def play(self, iteration: int = 0, due: float | None = None) -> "Stand":
        for effect in self.player.play(self.flow, self.time.instant if due is None else due, Random(iteration), iteration):
            if isinstance(effect, Exchange):
                self.target.send(effect)
            elif isinstance(effect, Elsewhere):
                self.target.send(self.player.exchange)
            else:
                assert isinstance(effect, float)
                self.time.instant = max(self.time.instant, effect)
        return self


def test_a_request_carries_its_id_and_the_name_of_its_step() -> None:
    played = Stand([{"get": "/items/${rand.int(5,5)}?x=1"}]).play()

    (request,) = played.target.requests
    assert (request.method, request.path) == ("GET", "/items/5?x=1")
    assert request.headers["x-perfkit-id"] == "0000000000000001"
    assert request.headers["x-perfkit-step"] == "GET%20%2Fitems%2F%7Brand.int%7D"
    assert request.headers["user-agent"].startswith("perfkit/")
    assert request.headers["accept-encoding"] == "gzip, deflate"


def test_every_request_has_an_id_of_its_own() -> None:
    played = Stand([{"repeat": 5, "steps": [{"get": "/"}]}]).play()

    assert [outcome.id for outcome in played.notes.outcomes] == [1, 2, 3, 4, 5]


def test_a_late_arrival_is_counted_from_its_intended_time() -> None:
    played = Stand([{"get": "/"}]).play(due=98.0)

    (outcome,) = played.notes.outcomes
    assert outcome.intended_at == 98.0
    assert outcome.sent_at == 100.0
    assert outcome.is_opening


def test_the_next_request_is_due_after_the_answer_and_the_pause() -> None:
    played = Stand([{"get": "/a"}, {"think": "2s"}, {"get": "/b"}]).play()

    second = played.notes.outcomes[1]
    assert second.intended_at == pytest.approx(100 + SERVICE_TIME + 2)
    assert not second.is_opening


def test_what_one_step_extracts_the_next_one_uses() -> None:
    steps = [
        {"get": "/items", "extract": {"item": "$.items[*].id", "tag": "header:ETag", "word": "regex:wo(r.)"}},
        {"post": "/cart", "json": {"id": "${item}"}, "headers": {"If-Match": "${tag}-${word}"}},
    ]
    played = Stand(steps, lambda _: (200, {"ETag": "abc"}, {"items": [{"id": 17}], "text": "word"})).play()

    order = played.target.requests[1]
    assert json.loads(order.body or b"") == {"id": 17}
    assert order.headers["content-type"] == "application/json"
    assert order.headers["if-match"] == "abc-rd"


def test_a_failed_extraction_is_an_error_of_its_own_and_ends_the_iteration() -> None:
    played = Stand([{"get": "/items", "extract": {"item": "$.items[*].id"}}, {"get": "/next"}]).play()

    assert played.notes.errors == ["extraction"]
    assert len(played.target.requests) == 1


def test_an_undefined_name_is_recorded_and_nothing_is_sent() -> None:
    played = Stand([{"get": "/items/${nowhere}"}, {"get": "/next"}]).play()

    assert played.notes.errors == ["extraction"]
    assert played.target.requests == []
    assert played.notes.unsent_ones == 1


@pytest.mark.parametrize(
    ("status", "expected", "error"),
    [(200, None, ""), (302, None, ""), (404, None, "status"), (404, 404, ""), (200, 201, "status")],
)
def test_a_status_is_an_error_from_400_on_unless_the_step_expects_another(status: int, expected: int | None, error: str) -> None:
    step = {"get": "/", **({"expect": {"status": expected}} if expected else {})}

    played = Stand([step], lambda _: (status, {}, {})).play()

    assert played.notes.errors == [error]


@pytest.mark.parametrize(
    "expect",
    [
        {"json": {"$.items": {"min_length": 3}}},
        {"json": {"$.id": 8}},
        {"json": {"$.absent": 1}},
        {"under": "100ms"},
        {"header": {"Content-Type": "text/html"}},
        {"contains": "nothing like it"},
    ],
)
def test_an_answer_that_is_not_as_expected_is_an_error(expect: dict[str, Any]) -> None:
    answer = {"items": [1, 2], "id": 7}

    played = Stand([{"get": "/", "expect": expect}, {"get": "/next"}], lambda _: (200, {}, answer)).play()

    assert played.notes.errors == ["expectation", ""]


def test_an_answer_that_is_as_expected_is_none() -> None:
    expect = {
        "status": [200, 201],
        "json": {"$.items": {"min_length": 2}, "$.id": "${vars.id}"},
        "under": "1s",
        "header": {"Content-Type": "application/json"},
        "contains": "items",
    }
    headers = {"content-type": "application/json; charset=utf-8"}

    played = Stand([{"get": "/", "expect": expect}], lambda _: (201, headers, {"items": [1, 2], "id": 7}), vars={"id": 7}).play()

    assert played.notes.errors == [""]


def test_under_counts_from_the_intended_time() -> None:
    played = Stand([{"get": "/", "expect": {"under": "1s"}}]).play(due=99.0)

    assert played.notes.errors == ["expectation"]


def test_a_request_that_fails_is_recorded_once_and_the_flow_goes_on() -> None:
    played = Stand([{"get": "/a"}, {"get": "/b"}], lambda request: (0 if request.path == "/a" else 200, {}, {})).play()

    assert played.notes.errors == ["reset", ""]
    assert len(played.target.requests) == 2


def a_login(status: int = 200) -> tuple[dict[str, Any], Reply]:
    parts = {
        "flow": {"auth": "shopper"},
        "auth": {
            "shopper": {
                "login": {"post": "/login", "json": {"password": "${secret.PASSWORD}"}, "extract": {"token": "$.token"}},
                "apply": {"header": {"Authorization": "Bearer ${token}"}},
            }
        },
    }
    return parts, lambda request: (status if request.path == "/login" else 200, {}, {"token": "t0ken"})


def test_a_login_happens_once_per_virtual_user_and_is_recorded() -> None:
    parts, reply = a_login()
    stand = Stand([{"get": "/orders"}], reply, {"PASSWORD": "open sesame"}, **parts)

    stand.play(0).play(1)

    assert [request.path for request in stand.target.requests] == ["/login", "/orders", "/orders"]
    assert json.loads(stand.target.requests[0].body or b"") == {"password": "open sesame"}
    assert [request.headers.get("authorization") for request in stand.target.requests] == [None, "Bearer t0ken", "Bearer t0ken"]
    assert [(outcome.step.step, outcome.step.flow) for outcome in stand.notes.outcomes[:2]] == [
        ("shopper.login", "browse"),
        ("browse[1]", "browse"),
    ]


def test_the_request_after_a_login_is_due_when_the_login_has_ended() -> None:
    parts, reply = a_login()

    played = Stand([{"get": "/orders"}], reply, {"PASSWORD": "open sesame"}, **parts).play(due=99.0)

    login, orders = played.notes.outcomes
    assert (login.intended_at, login.is_opening) == (99.0, True)
    assert (orders.intended_at, orders.is_opening) == (100.0 + SERVICE_TIME, False)


def test_a_login_that_fails_ends_the_iteration_and_is_tried_again_in_the_next() -> None:
    parts, reply = a_login(status=403)
    stand = Stand([{"get": "/orders"}], reply, {"PASSWORD": "open sesame"}, **parts)

    stand.play(0).play(1)

    assert [request.path for request in stand.target.requests] == ["/login", "/login"]
    assert stand.notes.errors == ["status", "status"]


def test_cookies_are_kept_and_sent_back() -> None:
    def reply(request: Request) -> tuple[int, Mapping[str, str], Any]:
        return 200, {"Set-Cookie": "session=s1; Path=/; HttpOnly"} if request.path == "/in" else {}, {}

    played = Stand([{"get": "/in"}, {"get": "/on"}], reply).play()

    assert [request.headers.get("cookie") for request in played.target.requests] == [None, "session=s1"]


def test_values_are_encoded_in_paths_and_queries() -> None:
    steps = [{"get": "/search/${vars.term}", "params": {"q": "${vars.term}", "page": 2, "tag": ["a", "b"], "none": None}}]

    played = Stand(steps, vars={"term": "red chair ä"}).play()

    assert played.target.requests[0].path == "/search/red%20chair%20%C3%A4?q=red+chair+%C3%A4&page=2&tag=a&tag=b"


def test_a_path_that_leaves_the_target_is_not_followed() -> None:
    played = Stand([{"get": "${vars.place}"}], vars={"place": "http://example.com/"}).play()

    assert played.notes.errors == ["extraction"]
    assert played.target.requests == []


def test_a_value_cannot_become_a_header_of_its_own() -> None:
    played = Stand([{"get": "/", "headers": {"X-Word": "${vars.word}"}}], vars={"word": "a\r\nX-Other: b"}).play()

    assert played.notes.errors == ["protocol"]
    assert played.target.requests == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a%2Fb/${vars.x}", "/a%2Fb/7"),
        ("/${vars.word}", "/a/b%20c"),
        ("/p#${vars.x}", "/p"),
        ("/100%/${vars.x}?q=%s", "/100%/7?q=%s"),
    ],
)
def test_a_path_is_sent_as_it_is_written(path: str, sent: str) -> None:
    played = Stand([{"get": path}], vars={"x": 7, "word": "a/b c"}).play()

    assert [request.path for request in played.target.requests] == [sent]


def test_forms_and_plain_bodies_say_what_they_are() -> None:
    played = Stand([{"post": "/f", "form": {"a": "1 2", "b": 3}}, {"post": "/t", "body": "hello ${user.id}"}]).play()

    form, text = played.target.requests
    assert (form.body, form.headers["content-type"]) == (b"a=1+2&b=3", "application/x-www-form-urlencoded")
    assert (text.body, text.headers["content-type"]) == (b"hello 7", "text/plain; charset=utf-8")


def test_the_step_has_the_last_word_on_a_header() -> None:
    http = {"headers": {"Accept": "application/json"}}

    played = Stand([{"get": "/", "headers": {"accept": "text/csv"}}, {"get": "/"}], http=http).play()

    assert [request.headers["accept"] for request in played.target.requests] == ["text/csv", "application/json"]


def test_the_same_seed_plays_the_same_requests() -> None:
    steps = [{"repeat": "1..4", "steps": [{"get": "/${rand.int(1,1000)}"}]}]

    first, second = Stand(steps).play(3), Stand(steps).play(3)

    assert [request.path for request in first.target.requests] == [request.path for request in second.target.requests]


def test_rows_are_drawn_once_per_iteration_and_only_when_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("email\na@x\nb@x\n")
    data = {"users": {"csv": str(file), "pick": "sequential", "on_exhausted": "stop_user"}}
    stand = Stand([{"get": "/${data.users.email}"}, {"get": "/${data.users.email}"}], data=data)

    stand.play(0).play(1)

    assert [request.path for request in stand.target.requests] == ["/a@x", "/a@x", "/b@x", "/b@x"]
    with pytest.raises(Exhausted):
        stand.play(2)
    assert len(stand.notes.outcomes) == 4
