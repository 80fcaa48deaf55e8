"""One virtual user in conversations that are given: turns, words, and what ends the iteration."""

import copy
import itertools
from random import Random
from typing import Any

from perfkit.load.compile import compile_plan
from perfkit.load.converse import Conversant, player_of
from perfkit.load.exchange import Exchange
from perfkit.load.play import Player, writers
from perfkit.load.turns import Word
from perfkit.scenario.model import Scenario

OPENED = {"websocket": 101, "sse": 200}


class Notes:
    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []
        self.times: list[tuple[float, float]] = []
        self.unsent_ones = 0

    def wants(self, _endpoint: str, /) -> bool:
        return True

    def unsent(self, _exchange: Exchange, /) -> None:
        self.unsent_ones += 1

    def ended(self, exchange: Exchange, /) -> None:
        self.rows.append((exchange.step.endpoint, exchange.step.method, exchange.error))
        self.times.append((exchange.intended_at, exchange.finished_at))


class Stand:
    """Answers each turn with the next of the messages given, one second later; None is silence, and a failure."""

    def __init__(self, steps: list[Any], *messages: bytes | None, is_deaf: bool = False) -> None:
        whole = {"perfkit": 1, "target": "http://h.localhost", "flows": {"f": steps}, "load": [{"users": 1, "iterations": 1}]}
        whole["target"] = "http://127.0.0.1:8000"
        self.plan = compile_plan(Scenario.model_validate(whole), "default", 0.0, "run")
        self.notes = Notes()
        self.now = 100.0
        self.said: list[bytes] = []
        self.words: list[Word] = []
        self.opened: list[Exchange] = []
        self._messages = iter(messages)
        self._is_deaf = is_deaf
        player = player_of(self.plan)
        self.player = player(self.plan, writers(self.plan), 1, lambda: self.now, self.notes, itertools.count(1), {})

    def play(self) -> "Stand":
        for effect in self.player.play(self.plan.flows[0], self.now, Random(1), 0):
            if isinstance(effect, Exchange):
                self._answer(effect)
            elif isinstance(effect, Word):
                effect.is_said = not self._is_deaf
                self.words.append(effect)
            else:
                assert isinstance(effect, float)
                self.now = max(self.now, effect)
        return self

    def _answer(self, exchange: Exchange) -> None:
        exchange.take_up(self.now)
        self.now += 1
        exchange.is_clean = False
        exchange.finished_at = self.now
        turn = exchange.turn
        if turn is None or turn.opens:
            self.opened.append(copy.copy(exchange))
            exchange.status = OPENED[turn.opens] if turn else 200
            exchange.body = (next(self._messages) or b"") if turn and turn.opens == "sse" else b""
            return
        self.said.append(exchange.request)
        while (message := next(self._messages)) is not None:
            if turn.takes is None or turn.takes("message", message):
                exchange.status, exchange.body = 101, message
                return
        exchange.fail("timeout", "no message", self.now)


def a_talk(*steps: Any, **keys: Any) -> dict[str, Any]:
    return {"websocket": {"url": "/ws", "steps": list(steps), **keys}}


def test_only_a_plan_with_conversations_has_a_player_and_a_client_for_them() -> None:
    assert player_of(Stand([{"get": "/"}]).plan) is Player
    assert Stand([{"get": "/"}]).plan.transport == "http/1.1"
    assert player_of(Stand([{"repeat": 2, "steps": [a_talk({"send": "x"})]}]).plan) is Conversant


def test_each_awaited_message_is_a_row_and_one_that_is_only_sent_is_none() -> None:
    steps = [{"send": {"n": 1}, "expect": {}}, {"think": "5s"}, {"send": "alone"}, {"expect": {"contains": "b"}, "name": "mine"}]
    played = Stand([a_talk(*steps), {"get": "/after"}], b"a", b"b").play()

    assert played.notes.rows == [
        ("GET /ws", "GET", ""),
        ("MESSAGE /ws", "MESSAGE", ""),
        ("mine", "MESSAGE", ""),
        ("GET /after", "GET", ""),
    ]
    assert played.said == [b'{"n": 1}', b""]
    assert [(word.message, word.closes) for word in played.words] == [(b"alone", None), (b"", 1000)]
    assert played.notes.times == [(100, 101), (101, 102), (107, 108), (108, 109)]


def test_what_a_message_holds_is_known_to_later_steps() -> None:
    steps = [{"expect": {}, "extract": {"room": "$.room"}}, {"repeat": 2, "steps": [{"send": "to ${room}", "expect": {}}]}]
    played = Stand([a_talk(*steps), {"get": "/rooms/${room}"}], b'{"room": 7}', b"", b"").play()

    assert played.said == [b"", b"to 7", b"to 7"]
    assert played.opened[-1].request.startswith(b"GET /rooms/7 ")


def test_a_message_that_is_not_as_expected_is_an_error_and_the_conversation_goes_on() -> None:
    played = Stand([a_talk({"expect": {"json": {"$.n": 1}}}, {"expect": {}})], b'{"n": 2}', b"").play()

    assert [error for *_, error in played.notes.rows] == ["", "expectation", ""]


def test_others_are_passed_over_where_the_step_says_so() -> None:
    step = {"send": "q", "expect": {"json": {"$.n": 1}, "under": "1ms"}, "others": "skip"}
    played = Stand([a_talk(step)], b"no json", b'{"n": 2}', b'{"n": 1}').play()

    assert [error for *_, error in played.notes.rows] == ["", "expectation"]  # it was found, and took too long


def test_a_conversation_that_breaks_off_is_one_failure_and_ends_the_iteration() -> None:
    played = Stand([a_talk({"expect": {}}, {"expect": {}}), {"get": "/after"}], None).play()

    assert [error for *_, error in played.notes.rows] == ["", "timeout"]
    assert [word.closes for word in played.words] == [1000]
    assert played.player.exchange.turn is None


def test_a_word_that_nobody_hears_is_a_failure_on_record() -> None:
    played = Stand([a_talk({"send": "hello", "expect": {}}, {"send": "alone"}), {"get": "/after"}], b"a", is_deaf=True).play()

    assert [error for *_, error in played.notes.rows] == ["", "", "reset"]
    assert played.notes.unsent_ones == 1


def test_a_message_whose_values_are_missing_is_not_sent() -> None:
    step = a_talk({"send": "${nothing}", "expect": {}})
    played = Stand([step]).play()

    assert [error for *_, error in played.notes.rows] == ["", "extraction"]
    assert played.said == []


def test_events_are_rows_and_the_last_one_is_looked_at() -> None:
    step = {"sse": {"get": "/events", "read": 3, "event": "message", "expect": {"json": {"$.n": 3}}, "extract": {"n": "$.n"}}}
    played = Stand([step, {"get": "/after/${n}"}], b'{"n": 1}', b'{"n": 2}', b'{"n": 3}').play()

    assert played.notes.rows == [
        ("GET /events", "GET", ""),
        ("EVENT /events", "EVENT", ""),
        ("EVENT /events", "EVENT", ""),
        ("GET /after/{n}", "GET", ""),
    ]
    assert played.notes.times == [(100, 101), (101, 102), (102, 103), (103, 104)]
    assert b"Accept: text/event-stream\r\n" in played.opened[0].request
    assert b"Accept-Encoding: identity\r\n" in played.opened[0].request


def test_a_single_event_is_the_answer_itself() -> None:
    step = {"sse": {"get": "/events", "expect": {"json": {"$.n": 2}}}}

    assert Stand([step], b'{"n": 1}').play().notes.rows == [("GET /events", "GET", "expectation")]


def test_the_plan_knows_the_shortest_time_that_a_turn_may_take() -> None:
    steps = [{"expect": {}, "timeout": "3s"}, {"repeat": 2, "steps": [{"expect": {}, "timeout": "250ms"}]}]

    assert Stand([a_talk(*steps, timeout="9s")]).plan.patience == 0.25
